"""Where tenants live, remembered for seconds: the directory is asked beside requests."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from anyio import CapacityLimiter, to_thread

from core.errors import NotFound, Unavailable
from services.installation import Installation, Place

# A tenant that was closed is answered for so long at most; where the directory answers, for less.
_FRESH_SECONDS: Final = 1.0
_KEPT_SECONDS: Final = 5.0
_TENANTS: Final = 2000


class Places:
    """The places that were asked for last; state: those, and who is asking. One event loop's."""

    def __init__(
        self, limiter: CapacityLimiter, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Asks in threads of `limiter`; `clock` is in seconds."""
        self._limiter, self._clock = limiter, clock
        self._known: OrderedDict[str, tuple[Place, float]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Place]] = {}

    async def find(self, installation: Installation, tenant: str) -> Place:
        """Where a tenant lives; raises NotFound, and Unavailable for one that is closed."""
        known = self._known.get(tenant)
        age = self._clock() - known[1] if known else _KEPT_SECONDS
        if known is not None and age < _FRESH_SECONDS:
            return known[0]
        # One asks for all who want to know; it goes on when those who wait have left.
        asking = self._asking.get(tenant)
        if asking is None:
            asking = asyncio.create_task(self._ask(installation, tenant))
            self._asking[tenant] = asking
            asking.add_done_callback(lambda task: self._asked(tenant, task))
        if known is not None and age < _KEPT_SECONDS:
            return known[0]
        return await asyncio.shield(asking)

    async def _ask(self, installation: Installation, tenant: str) -> Place:
        try:
            place = await to_thread.run_sync(installation.place, tenant, limiter=self._limiter)
        except (NotFound, Unavailable):
            self._known.pop(tenant, None)
            raise
        self._known[tenant] = (place, self._clock())
        self._known.move_to_end(tenant)
        if len(self._known) > _TENANTS:
            self._known.popitem(last=False)
        return place

    def _asked(self, tenant: str, task: asyncio.Task[Place]) -> None:
        del self._asking[tenant]
        if not task.cancelled():
            # Told to those who wait; where nobody does, the next who ask are told.
            task.exception()
