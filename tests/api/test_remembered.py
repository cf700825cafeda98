"""What the directory answers is remembered for seconds, and no longer."""

import asyncio
import threading
from typing import Any
from uuid import uuid4

import pytest
from anyio import CapacityLimiter

from api.remembered import Remembered
from core.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from services.installation import Place

pytestmark = pytest.mark.usefixtures("waits_as_they_are")


class Directory:
    """A directory that counts who asks; state: what it answers."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: Place | Exception = Place(uuid4(), "a", "A", "main")
        self.open = threading.Event()
        self.open.set()

    def place(self) -> Place:
        self.asked += 1
        assert self.open.wait(5)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


def asked(directory: Directory, act: Any, clock: list[float]) -> None:
    """Let `act` use a memory in an event loop."""

    async def main() -> None:
        memory = Remembered[Place](CapacityLimiter(4), clock=lambda: clock[0])
        await act(lambda: memory.find("a", directory.place))

    asyncio.run(main())


async def settled(find: Any, answer: Place | Exception | None) -> None:
    """Ask until that is the answer."""
    for _ in range(200):
        if await find() == answer:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the answer is still another")


def test_many_who_ask_at_once_ask_the_directory_once(
    directory: Directory, clock: list[float]
) -> None:
    async def act(find: Any) -> None:
        assert await asyncio.gather(*(find() for _ in range(50))) == [directory.answer] * 50
        assert directory.asked == 1

    asked(directory, act, clock)


def test_nobody_waits_for_the_directory_while_the_answer_is_young(
    directory: Directory, clock: list[float]
) -> None:
    async def act(find: Any) -> None:
        first = await find()
        directory.answer = Place(uuid4(), "a", "A", "other")
        clock[0] += 3
        directory.open.clear()  # it does not answer for a while
        assert await find() == await find() == first
        directory.open.set()
        await settled(find, directory.answer)
        assert directory.asked == 2

    asked(directory, act, clock)


@pytest.mark.parametrize(
    "refusal",
    [NotFound("gone"), Unavailable("closed"), Forbidden("suspended"), Unauthenticated("ended")],
)
def test_what_was_closed_is_noticed_within_seconds(
    directory: Directory, clock: list[float], refusal: Exception
) -> None:
    async def act(find: Any) -> None:
        await find()
        directory.answer = refusal
        clock[0] += 3
        await find()
        with pytest.raises(type(refusal)):
            await settled(find, None)

    asked(directory, act, clock)


def test_an_old_answer_is_not_given_when_the_directory_is_away(
    directory: Directory, clock: list[float]
) -> None:
    async def act(find: Any) -> None:
        first = await find()
        directory.answer = ConnectionError("away")
        clock[0] += 4.9
        assert await find() == first
        clock[0] += 0.2
        with pytest.raises(ConnectionError):
            await find()

    asked(directory, act, clock)


def test_who_leaves_while_it_asks_takes_the_answer_from_nobody(
    directory: Directory, clock: list[float]
) -> None:
    async def act(find: Any) -> None:
        directory.open.clear()
        leaving, staying = asyncio.create_task(find()), asyncio.create_task(find())
        await asyncio.sleep(0.05)
        leaving.cancel()
        await asyncio.sleep(0)
        directory.open.set()
        assert await staying == directory.answer
        assert directory.asked == 1

    asked(directory, act, clock)
