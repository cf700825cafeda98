"""All event streams of a process: their limits, their readers, and the clock that they share.

It runs on the event loop; the database is asked in a few threads, for a page at a time.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection
from functools import partial
from time import monotonic
from typing import Final
from uuid import UUID

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError

from api.event_feed import Feed, Stream
from api.event_frames import Batch, Frame
from api.event_wakes import Wakes
from core.errors import AutomatorError, RateLimited, Unavailable
from core.logging import get_logger
from services import events
from services.events import Position
from services.installation import Installation, Place

_log = get_logger(__name__)

PAGE: Final = 200
_READERS: Final = 4
_RETRY_SECONDS: Final = 5.0
# How long commits tell of a tenant's events, and when that is prolonged.
_WATCH_SECONDS: Final = 120.0
_WATCH_AGAIN_SECONDS: Final = 30.0
# How long a client may let its stream wait.
_STALLED_SECONDS: Final = 30.0
_CLOSING_GRACE_SECONDS: Final = 0.2


class EventHub:
    """The streams of a process; state: the tenants' readers, and what wakes them."""

    def __init__(self, *, check_seconds: float = 4.0, beat_seconds: float = 15.0) -> None:
        """Streams check every `check_seconds` that they may go on, and beat after a silence.

        Streams of one session ask together.
        """
        self.check_seconds = check_seconds
        self.beat_seconds = beat_seconds
        self._feeds: dict[UUID, Feed] = {}
        self._streams: set[Stream] = set()
        self._watch_again: dict[UUID, float] = {}
        self._tasks: list[asyncio.Task[None]] = []
        # A cell that does not answer may not keep the others' readers waiting.
        self._readers: defaultdict[str, CapacityLimiter] = defaultdict(
            lambda: CapacityLimiter(_READERS)
        )
        self._closing = self._silent = False

    def open(
        self,
        installation: Installation,
        place: Place,
        *,
        after: str | None = None,
        run_id: UUID | None = None,
        kinds: Collection[str] = (),
    ) -> Stream:
        """A stream; `leave` it at the end. Raises Unavailable or RateLimited beyond the limits."""
        settings = installation.settings
        if self._closing or len(self._streams) >= settings.event_streams:
            raise Unavailable("no event stream is free", retry_after=_RETRY_SECONDS)
        feed = self._feeds.get(place.tenant_id)
        if feed is not None and feed.streams >= settings.event_streams_per_tenant:
            raise RateLimited("too many event streams are open", after=_RETRY_SECONDS)
        if not self._tasks:
            wakes = Wakes(installation, self._wake_tenant, self._wake_cell)
            self._tasks = [asyncio.create_task(part) for part in (wakes.run(), self._tick())]
        if feed is None:
            feed = self._feeds[place.tenant_id] = Feed(
                place, partial(self._read, installation, place)
            )
        wanted = _wanted(run_id, frozenset(kinds)) if run_id is not None or kinds else None
        stream = Stream(feed, after, wanted)
        feed.streams += 1
        self._streams.add(stream)
        return stream

    def leave(self, stream: Stream) -> None:
        """Forget a stream, and its tenant's reader with the last one."""
        feed = stream.feed
        if stream in self._streams:
            self._streams.remove(stream)
            feed.leave(stream)
            feed.streams -= 1
            if feed.streams == 0 and self._feeds.get(feed.place.tenant_id) is feed:
                del self._feeds[feed.place.tenant_id]
                self._watch_again.pop(feed.place.tenant_id, None)
                feed.task.cancel()

    def close(self) -> None:
        """End every stream at once, and open no other: the process is about to stop."""
        self._closing = True
        for stream in tuple(self._streams):
            stream.cut("the server is stopping", _CLOSING_GRACE_SECONDS)

    async def aclose(self) -> None:
        """Stop all that runs."""
        self.close()
        tasks = [*self._tasks, *(feed.task for feed in self._feeds.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(
        self, installation: Installation, place: Place, after: Position | None
    ) -> Batch | None:
        """What follows a position; None while the database cannot say."""
        began = monotonic()
        watch = began >= self._watch_again.get(place.tenant_id, 0.0)

        def read() -> Batch:
            with installation.tenant_scope(place) as session:
                if watch:
                    events.watch(session, _WATCH_SECONDS)
                return Batch.of(after, events.read(session, after, limit=PAGE))

        try:
            batch = await to_thread.run_sync(read, limiter=self._readers[place.cell])
        except (SQLAlchemyError, AutomatorError) as error:
            if not self._silent:
                _log.warning("events cannot be read", error=str(error).split("\n", 1)[0])
            self._silent = True
            return None
        self._silent = False
        if watch:
            self._watch_again[place.tenant_id] = began + _WATCH_AGAIN_SECONDS
        return batch

    def _wake_tenant(self, tenant: str) -> None:
        try:
            feed = self._feeds.get(UUID(tenant))
        except ValueError:  # anybody may publish anything
            return
        if feed is not None:
            feed.stir()

    def _wake_cell(self, cell: str) -> None:
        for feed in self._feeds.values():
            if feed.place.cell == cell:
                feed.stir()

    async def _tick(self) -> None:
        """One clock for all streams: a timer each would cost more than what it times."""
        period = min(1.0, self.check_seconds / 4, self.beat_seconds / 4)
        while True:
            await asyncio.sleep(period)
            now = monotonic()
            for stream in tuple(self._streams):
                if now >= stream.due:
                    stream.stir()
                if now - stream.sending_since > _STALLED_SECONDS:
                    stream.cut("too slow")


def _wanted(run_id: UUID | None, kinds: frozenset[str]) -> Callable[[Frame], bool]:
    def wanted(frame: Frame) -> bool:
        return (run_id is None or frame.run_id == run_id) and (not kinds or frame.kind in kinds)

    return wanted
