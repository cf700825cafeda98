"""Routes: what is no coroutine works in a thread, once.

FastAPI gives a thread to such a function, and then another turn of one to looking at what it has
returned: a twentieth of what a small answer takes. What ours return are the models that they name.
"""

from collections.abc import Callable
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool


class Router(APIRouter):
    """A noun's routes."""

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **told: Any) -> None:
        """See FastAPI."""
        works = endpoint if iscoroutinefunction(endpoint) else _in_thread(endpoint)
        super().add_api_route(path, works, **told)


def _in_thread(act: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(act)
    async def called(*args: Any, **kwargs: Any) -> Any:
        return await run_in_threadpool(partial(act, *args, **kwargs))

    return called
