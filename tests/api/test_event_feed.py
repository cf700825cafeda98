"""The joint between replay and what comes now, against a model: in order, whole, nothing twice."""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from api.event_feed import BUFFER_BYTES, Feed, Stream
from api.event_frames import Batch
from services.events import Happening, Page, Position
from services.installation import Place
from tests.api.streams import Parser

_PLACE = Place(uuid4(), "model", "Model", "main")


@dataclass(slots=True)
class Ledger:
    """A model of a tenant's events; state: those that are kept, and the newest number."""

    chance: random.Random
    epoch: int = 1
    head: int = 0
    kept: dict[int, Happening] = field(default_factory=dict)
    # For every epoch: which events were ever forgotten.
    breaks: int = 0

    def emit(self, run_id: UUID | None = None, size: int = 1) -> None:
        self.head += 1
        data = {"words": "x" * size}
        self.kept[self.head] = Happening(
            self.head, datetime.now(UTC), "stage.done", run_id, None, data
        )

    def prune(self) -> None:
        """Forget the older half."""
        for seq in list(self.kept)[: len(self.kept) // 2]:
            del self.kept[seq]
        self.breaks += 1

    def restore(self) -> None:
        """Go back to an older state, from where numbers are given again."""
        self.head = self.chance.randint(0, self.head)
        self.kept = {seq: one for seq, one in self.kept.items() if seq <= self.head}
        self.epoch += 1
        self.breaks += 1

    def page(self, after: Position | None, limit: int) -> Page:
        newest = Position(self.epoch, self.head)
        if after is None or after.epoch != self.epoch or after.seq not in range(self.head + 1):
            return Page((), newest, lost=after is not None)
        found = []
        for seq in range(after.seq + 1, min(self.head, after.seq + limit) + 1):
            if seq not in self.kept:
                break
            found.append(self.kept[seq])
        if not found:
            return Page((), newest, lost=after != newest)
        end = Position(self.epoch, found[-1].seq)
        return Page(found, end, more=end.seq < self.head)

    async def read(self, after: Position | None) -> Batch | None:
        """As the hub reads: some time passes before the moment that is seen, and after it."""
        await self._pass()
        batch = Batch.of(after, self.page(after, self.chance.randint(1, 5)))
        await self._pass()
        return batch

    async def _pass(self) -> None:
        for _ in range(self.chance.randint(0, 4)):
            await asyncio.sleep(0)


async def _follow(stream: Stream, chance: random.Random, parser: Parser) -> None:
    parser.status, parser.headers["transfer-encoding"] = 200, "chunked"
    while stream.ended is None:
        data = await stream.take()
        if data:
            parser.feed(b"%x\r\n%b\r\n" % (len(data), data))
        for _ in range(chance.randint(0, 3)):
            await asyncio.sleep(0)


async def _simulate(seed: int, *, forgetting: bool) -> None:
    chance = random.Random(seed)
    ledger = Ledger(chance)
    for _ in range(chance.randint(0, 20)):
        ledger.emit()
    feed = Feed(_PLACE, ledger.read)
    clients: list[tuple[Stream, Position, Parser, asyncio.Task[None]]] = []

    def open_stream() -> None:
        start = Position(ledger.epoch, chance.randint(0, ledger.head))
        stream, parser = Stream(feed, str(start), None), Parser()
        task = asyncio.create_task(_follow(stream, chance, parser))
        clients.append((stream, start, parser, task))

    for _ in range(60):
        open_stream() if chance.random() < 0.1 or not clients else ledger.emit()
        if chance.random() < 0.8:  # a wake may be lost
            feed.stir()
        if forgetting and chance.random() < 0.05:
            ledger.prune() if chance.random() < 0.5 else ledger.restore()
        if clients and chance.random() < 0.08:
            stream, start, parser, task = clients.pop(chance.randrange(len(clients)))
            feed.leave(stream)
            task.cancel()
            _check(start, parser, allow_resync=ledger.breaks > 0)
        for _ in range(chance.randint(0, 6)):
            await asyncio.sleep(0)
    ledger.emit()
    newest = Position(ledger.epoch, ledger.head)
    for _ in range(5):  # as now and then
        feed.stir()
        for _ in range(400):
            await asyncio.sleep(0)
    for stream, start, parser, task in clients:
        assert stream.position == newest
        assert parser.last_id == str(newest)
        _check(start, parser, allow_resync=ledger.breaks > 0)
        task.cancel()
    feed.task.cancel()
    await asyncio.gather(feed.task, *(task for *_, task in clients), return_exceptions=True)


def _check(start: Position, parser: Parser, *, allow_resync: bool) -> None:
    """Each event is the next of the one before, or a resync says where it goes on."""
    position = start
    for told in parser.told:
        here = Position.parse(told.id)
        assert here is not None
        if told.event == "resync":
            assert allow_resync
            assert told.data == {"head": told.id}
            assert here != position
        else:
            assert here == Position(position.epoch, position.seq + 1)
        position = here


@pytest.mark.parametrize("forgetting", [False, True])
@pytest.mark.parametrize("block", range(4))
def test_every_client_gets_every_event_once_and_in_order(block: int, forgetting: bool) -> None:
    for seed in range(block * 50, block * 50 + 50):
        asyncio.run(_simulate(seed, forgetting=forgetting))


def test_a_stream_that_is_not_read_is_cut_with_a_bounded_buffer() -> None:
    async def overflow() -> None:
        ledger = Ledger(random.Random(1))
        feed = Feed(_PLACE, ledger.read)
        slow, quick, parser = Stream(feed, None, None), Stream(feed, None, None), Parser()
        for stream in (slow, quick):
            await stream.take()
        following = asyncio.create_task(_follow(quick, random.Random(2), parser))
        held = 0
        while slow.ended is None:
            ledger.emit(size=10_000)
            feed.stir()
            for _ in range(50):
                await asyncio.sleep(0)
            held = max(held, slow.buffered)
            assert ledger.head < 1000
        assert BUFFER_BYTES <= held < BUFFER_BYTES + 60_000
        assert slow.buffered == 0
        assert [told.seq for told in parser.told] == list(range(1, ledger.head + 1))
        following.cancel()
        feed.task.cancel()

    asyncio.run(overflow())


def test_a_filtered_stream_knows_how_far_it_is() -> None:
    async def skip() -> None:
        ledger, run_id = Ledger(random.Random(1)), uuid4()
        feed = Feed(_PLACE, ledger.read)
        stream = Stream(feed, None, lambda frame: frame.run_id == run_id)
        assert await stream.take() == b"id: 1.0\n\n"
        for _ in range(9):
            ledger.emit()
        ledger.emit(run_id)
        feed.stir()
        data = b""
        while not data:
            data = await stream.take()
        assert data.startswith(b"id: 1.10\nevent: stage.done\n")
        ledger.emit()
        feed.stir()
        await asyncio.sleep(0.05)
        assert stream.beat() == b"id: 1.11\n\n"
        feed.task.cancel()

    asyncio.run(skip())
