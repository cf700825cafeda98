"""One subscription a process, which tells who may have new events; it wakes and carries nothing.

While a cell is not heard of, because Valkey or the relays are away, everybody looks for themselves
every two seconds.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.errors import AutomatorError
from core.logging import get_logger
from services import events
from services.installation import Installation

_log = get_logger(__name__)

# Relays say something every second.
_QUIET_SECONDS: Final = 3.0
_STALE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 2.0
_LOOK_ANYWAY_SECONDS: Final = 30.0
_TICK_SECONDS: Final = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class Wakes:
    """Calls `wake_tenant` with ids and `wake_cell` with names of cells; state: what was heard."""

    def __init__(
        self,
        installation: Installation,
        wake_tenant: Callable[[str], object],
        wake_cell: Callable[[str], object],
    ) -> None:
        """Asks nobody anything yet."""
        self._installation = installation
        self._wake_tenant, self._wake_cell = wake_tenant, wake_cell
        self._heard = dict.fromkeys(installation.cell_names, float("-inf"))
        self._looked = dict.fromkeys(installation.cell_names, float("-inf"))
        self._silent = False

    async def run(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._look())

    async def _look(self) -> None:
        """Have everybody look now and then, and often while nobody would tell them."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = monotonic()
            for cell, looked in self._looked.items():
                quiet = now - self._heard[cell] > _QUIET_SECONDS
                if now - looked >= (_LOOK_SECONDS if quiet else _LOOK_ANYWAY_SECONDS):
                    self._looked[cell] = now
                    self._wake_cell(cell)

    async def _listen(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            began = monotonic()
            reason = None
            try:
                reason = await self._subscription()
            except (RedisError, OSError) as error:
                reason = str(error).split("\n", 1)[0]
            except Exception as error:  # noqa: BLE001 — it would be noticed by nobody
                _log.error("the subscription failed", exc_info=error)
                reason = "the subscription failed"
            for cell in self._heard:
                self._heard[cell] = float("-inf")
            if reason is not None and not self._silent:
                _log.warning("events come late", reason=reason)
                self._silent = True
            pause = _FIRST_PAUSE if monotonic() - began > _STALE_SECONDS else pause * 2
            pause = min(pause, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _subscription(self) -> str | None:
        """Listen until nothing is heard, for the reason returned, or the channels have changed."""
        url = self._installation.settings.redis_url
        cells = await self._channels()
        if url is None or not cells:
            return "no cell or no Valkey is known"
        client = Redis.from_url(url, socket_connect_timeout=2, client_name="automator-events")
        async with client, client.pubsub() as subscription:
            await subscription.subscribe(*cells)
            began = monotonic()
            while True:
                message = await subscription.get_message(timeout=_TICK_SECONDS)
                now = monotonic()
                if message is not None:
                    self._take(message, cells, now)
                stale = [at for at in self._heard.values() if now - max(began, at) > _STALE_SECONDS]
                if len(stale) == len(self._heard):
                    return "no relay is heard"  # or the line is dead, and nobody has said so
                if stale:
                    # A cell's database may be another now; the others' cells are well.
                    if await self._channels() != cells:
                        return None
                    began = now

    def _take(self, message: dict[str, Any], cells: dict[str, str], now: float) -> None:
        cell = cells.get(message["channel"].decode())
        if cell is None:
            return
        if message["type"] != "message":
            self._wake_cell(cell)  # subscribed, at first or again: what was said before is lost
            return
        self._heard[cell] = now
        if self._silent and all(now - at < _QUIET_SECONDS for at in self._heard.values()):
            self._silent = False
            _log.warning("events come at once again")
        for word in message["data"].decode("ascii", "replace").split():
            if word == "*":
                self._wake_cell(cell)
            else:
                self._wake_tenant(word)

    async def _channels(self) -> dict[str, str]:
        """Each channel with its cell; those that do not answer just now are left out."""
        found = {}
        limiter = CapacityLimiter(1)
        for cell in self._heard:
            try:
                database = self._installation.cell(cell)
                name = await to_thread.run_sync(events.channel, database, limiter=limiter)
            except (SQLAlchemyError, AutomatorError):
                continue
            found[name] = cell
        return found
