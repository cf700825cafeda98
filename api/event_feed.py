"""One reader for each tenant, and a bounded buffer for each of its streams.

A stream first replays by itself. Once it has come as far as its tenant's reader it joins it, and
from then on is handed what the reader finds. It always knows behind which event it is, takes what
follows that one and nothing else, and says `resync` where something is missing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from api.event_frames import Batch, Frame, at, resync
from core.logging import get_logger
from services.events import Position
from services.installation import Place

_log = get_logger(__name__)

BUFFER_BYTES: Final = 256 << 10
_PAUSE_SECONDS: Final = 1.0
# How long a stream that is cut may take to say so.
_GRACE_SECONDS: Final = 1.0

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
