"""All event streams of a process: one reader for each tenant, a bounded buffer for each stream.

All of it runs on the event loop; the database is asked in a few threads, for a page at a time. A
stream first replays by itself. Once it has come as far as its tenant's reader it joins it, and from
then on is handed what the reader finds. It always knows behind which event it is, takes what
follows that one and nothing else, and says `resync` where something is missing.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from time import monotonic
from typing import Final
from uuid import UUID

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError

from api.event_frames import Batch, Frame, at, resync
from api.event_wakes import Wakes
from core.errors import AutomatorError, RateLimited, Unavailable
from core.logging import get_logger
from services import events
from services.events import Position
from services.installation import Installation, Place

_log = get_logger(__name__)

PAGE: Final = 200
BUFFER_BYTES: Final = 256 << 10
_READERS: Final = 4
_PAUSE_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 5.0
# How long commits tell of a tenant's events, and when that is prolonged.
_WATCH_SECONDS: Final = 120.0
_WATCH_AGAIN_SECONDS: Final = 30.0
# How long a stream that is cut may take to say so, and how long a client may let it wait.
_GRACE_SECONDS: Final = 1.0
_STALLED_SECONDS: Final = 30.0
_CLOSING_GRACE_SECONDS: Final = 0.2

Read = Callable[[Position | None], Awaitable[Batch | None]]


class Stream:
    """What is on its way to one client; state: its position, a buffer, and why it is cut.

    `due` is when its sender wants to be woken, `sending_since` when it began to send; `buffered`
    bytes wait for it.
    """

    def __init__(self, feed: "Feed", after: str | None, wanted: Callable[[Frame], bool] | None):
        """`after` is where the client says it is, None is now; `wanted` None is everything."""
        self.feed = feed
        self.position = Position.parse(after) if after else None
        self.ended: str | None = None
        self.due = self.sending_since = float("inf")
        self.buffered = 0
        self.abort: Callable[[], object] = lambda: None
        self._strange = bool(after) and self.position is None
        self._wanted = wanted
        self._live = False
        self._pending: list[bytes] = []
        self._stirred = asyncio.Event()

    async def take(self) -> bytes:
        """What is to be sent next; empty when the stream was woken for something else."""
        if not self._pending and not self._live and self.ended is None:
            await self._replay()
        elif not self._pending:
            await self._stirred.wait()
        self._stirred.clear()
        taken = b"".join(self._pending)
        self._pending.clear()
        self.buffered = 0
        return taken

    def offer(self, batch: Batch) -> None:
        """Take what follows the stream's position, in order and nothing twice."""
        position = self.position
        if position is None:
            self._put(resync(batch.end) if self._strange else at(batch.end))
        elif batch.after != position and batch.end.precedes(position):
            return
        elif batch.lost or not batch.reaches(position):
            self._put(resync(batch.end))
        elif self._wanted is None and batch.after == position:
            self._put(batch.whole)
        else:
            fresh = (frame for frame in batch.frames if frame.seq > position.seq)
            self._put(b"".join(f.data for f in fresh if self._wanted is None or self._wanted(f)))
        self.position = batch.end

    def beat(self) -> bytes:
        """What keeps the line busy: it tells the position, which a filter may have left behind."""
        return at(self.position) if self.position is not None and self._live else b":\n\n"

    def stir(self) -> None:
        """Wake the sender."""
        self._stirred.set()

    def cut(self, why: str, grace: float = _GRACE_SECONDS) -> None:
        """End the stream: its sender has `grace` seconds to say why, then the line is cut."""
        if self.ended is None:
            self.ended = why
            self._pending.clear()
            self.buffered = 0
            self.stir()
            asyncio.get_running_loop().call_later(grace, self._give_up)

    def _give_up(self) -> None:
        self.abort()

    async def _replay(self) -> None:
        batch = await self.feed.read(self.position)
        if batch is None:
            await asyncio.sleep(_PAUSE_SECONDS)
            return
        self.offer(batch)
        if not batch.more:
            self._live = self.feed.join(self)

    def _put(self, data: bytes) -> None:
        if self.ended is not None or not data:
            return
        if self.buffered >= BUFFER_BYTES:
            self.cut("too slow")
            return
        self._pending.append(data)
        self.buffered += len(data)
        self.stir()


class Feed:
    """One tenant's reader; state: its position and the streams that are as far."""

    def __init__(self, place: Place, read: Read) -> None:
        """Reads nothing before the first stream has joined."""
        self.place = place
        self.read = read
        self.streams = 0
        self.task = asyncio.create_task(self._run())
        self._position: Position | None = None
        self._joined: set[Stream] = set()
        self._stirred = asyncio.Event()

    def join(self, stream: Stream) -> bool:
        """Hand a stream what comes from now on; False while it is behind the reader."""
        if stream.position is None:
            return False
        if self._position is None or not self._joined:
            self._position = stream.position
        behind = self._position
        if stream.position.epoch == behind.epoch and stream.position.seq < behind.seq:
            return False
        self._joined.add(stream)
        self.stir()  # for what came between the stream's reading and now
        return True

    def leave(self, stream: Stream) -> None:
        """Hand a stream nothing more."""
        self._joined.discard(stream)

    def stir(self) -> None:
        """Have it look for more."""
        self._stirred.set()

    async def _run(self) -> None:
        while True:
            await self._stirred.wait()
            self._stirred.clear()
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 — a reader that ends is noticed by nobody
                _log.error("events failed", exc_info=error)
                for stream in tuple(self._joined):
                    stream.cut("something went wrong on our side")

    async def _look(self) -> None:
        position = self._position
        if position is None or not self._joined:
            return
        batch = await self.read(position)
        if batch is None:
            await asyncio.sleep(_PAUSE_SECONDS)
            self.stir()
        elif self._position == position and (batch.frames or batch.lost):
            if batch.more:
                self.stir()
            self._position = batch.end
            for stream in tuple(self._joined):
                stream.offer(batch)


class EventHub:
    """The streams of a process; state: the tenants' readers, and what wakes them."""

    def __init__(self, *, check_seconds: float = 60.0, beat_seconds: float = 15.0) -> None:
        """Streams check every `check_seconds` that they may go on, and beat after a silence."""
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
