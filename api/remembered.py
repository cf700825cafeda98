"""Answers of the directory, remembered for seconds: it is asked beside requests, not by them."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from anyio import CapacityLimiter, to_thread

from core.errors import AutomatorError

_V = TypeVar("_V")

# What has ended is answered for so long at most; where the directory answers, for less.
_FRESH_SECONDS: Final = 2.5
KEPT_SECONDS: Final = 5.0
_MOST: Final = 4000


class Remembered(Generic[_V]):
    """What was asked for last; state: that, and who is asking. One event loop's."""

    def __init__(
        self, limiter: CapacityLimiter, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Asks in threads of `limiter`; `clock` is in seconds."""
        self._limiter, self._clock = limiter, clock
        self._known: OrderedDict[Hashable, tuple[_V, float]] = OrderedDict()
        self._asking: dict[Hashable, asyncio.Task[_V]] = {}

    async def find(self, key: Hashable, ask: Callable[[], _V], *, kept: float = KEPT_SECONDS) -> _V:
        """What `ask` answers, or has within `kept` seconds; raises what it raises.

        A refusal of ours is given at once to all who ask after it, and is never remembered.
        """
        known = self._known.get(key)
        age = self._clock() - known[1] if known else KEPT_SECONDS
        if known is not None and age < min(_FRESH_SECONDS, kept):
            return known[0]
        # One asks for all who want to know; it goes on when those who wait have left.
        asking = self._asking.get(key)
        if asking is None:
            asking = asyncio.create_task(self._ask(key, ask))
            self._asking[key] = asking
            asking.add_done_callback(lambda task: self._asked(key, task))
        if known is not None and age < kept:
            return known[0]
        return await asyncio.shield(asking)

    def forget(self, key: Hashable) -> None:
        """Ask anew next time: the caller knows that it is another."""
        self._known.pop(key, None)

    async def _ask(self, key: Hashable, ask: Callable[[], _V]) -> _V:
        try:
            found = await to_thread.run_sync(ask, limiter=self._limiter)
        except AutomatorError:
            self._known.pop(key, None)
            raise
        self._known[key] = (found, self._clock())
        self._known.move_to_end(key)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return found

    def _asked(self, key: Hashable, task: "asyncio.Task[_V]") -> None:
        del self._asking[key]
        if not task.cancelled():
            # Told to those who wait; where nobody does, the next who ask are told.
            task.exception()
