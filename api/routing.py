"""Routes: what is no coroutine works in a thread, once; and they are found by their noun.

FastAPI gives a thread to such a function, and then another turn of one to looking at what it has
returned: a twentieth of what a small answer takes. What ours return are the models that they name.

It also compares an address with each route of each router, one after the other, twice: a tenth of
what the last noun's answers take.
"""

from collections.abc import Callable
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.routing import Match
from starlette.types import Scope


class Router(APIRouter):
    """A noun's routes, included below no more than one word, `/v1`; state: their first words."""

    def __init__(self, **told: Any) -> None:
        """See FastAPI."""
        self._words: frozenset[str] = frozenset()
        super().__init__(**told)

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **told: Any) -> None:
        """See FastAPI."""
        works = endpoint if iscoroutinefunction(endpoint) else _in_thread(endpoint)
        super().add_api_route(path, works, **told)
        word = (self.prefix + path).split("/", 2)[1]
        if "{" in word:
            raise ValueError(f"{self.prefix}{path}: a noun's address begins with its name")
        self._words |= {word}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See Starlette; what cannot be among these routes is not compared with them."""
        if self._words.isdisjoint(scope["path"].split("/", 3)[1:3]):
            return Match.NONE, {}
        found, child = super().matches(scope)
        return found, child


def _in_thread(act: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(act)
    async def called(*args: Any, **kwargs: Any) -> Any:
        return await run_in_threadpool(partial(act, *args, **kwargs))

    return called
