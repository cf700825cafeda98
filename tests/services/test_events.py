"""Events read from the ledger: in order, whole, and honest about what is gone."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.database import connect
from core.settings import Settings
from services import events
from services.events import Page, Position
from services.installation import Installation, Place
from tests.installations import Planted, as_owner, installation, plant
from tests.servers import PostgresForTests


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with installation(postgres, Path(tmp_path_factory.mktemp("data"))) as made:
        yield made


@pytest.fixture(scope="module")
def opened(settings: Settings) -> Iterator[Installation]:
    with closing(Installation(settings, pool_size=10)) as found:
        yield found


def place_of(planted: Planted) -> Place:
    tenant = planted.tenant
    return Place(tenant.id, tenant.slug, tenant.name, tenant.cell)


@pytest.fixture
def place(settings: Settings) -> Place:
    """A tenant of the test's own, with one event."""
    return place_of(plant(settings, f"t-{random.SystemRandom().randrange(1 << 40)}"))


def emit(opened: Installation, place: Place, count: int = 1, kind: str = "stage.done") -> None:
    with opened.tenant_scope(place) as session:
        for _ in range(count):
            session.execute(
                text("SELECT cell.emit(:tenant, :kind, NULL, NULL, '{}')"),
                {"tenant": place.tenant_id, "kind": kind},
            )


def read(
    opened: Installation, place: Place, after: Position | None = None, limit: int = 100
) -> Page:
    with opened.tenant_scope(place) as session:
        return events.read(session, after, limit=limit)


def as_migrator(settings: Settings, statement: str, values: list[Any]) -> None:
    with as_owner(settings) as (connection, _):
        changed = connection.execute(statement.encode(), values)
        assert changed.rowcount > 0


def test_pages_follow_each_other_to_the_newest_event(opened: Installation, place: Place) -> None:
    emit(opened, place, 9)
    now = read(opened, place)
    assert (now.events, now.end.seq, now.lost, now.more) == ((), 10, False, False)
    first = read(opened, place, Position(now.end.epoch, 0), limit=4)
    assert [event.seq for event in first.events] == [1, 2, 3, 4]
    assert (first.end.seq, first.more, first.lost) == (4, True, False)
    last = read(opened, place, first.end, limit=6)
    assert [event.seq for event in last.events] == [5, 6, 7, 8, 9, 10]
    assert (last.end, last.more) == (now.end, False)
    assert read(opened, place, last.end) == Page((), now.end)


@pytest.mark.parametrize(
    "given",
    [
        *("", "1", "1.", ".1", "-1.2", "1.-2", "1.2.3", "a.b", " 1.2", "1.2\n", "1.2\0", "\0"),
        *("١.٢", "1e3.2", f"{1 << 31}.0", f"0.{1 << 63}", "9" * 5000, f"1.{'9' * 5000}"),
    ],
)
def test_what_is_no_position_is_none(given: str) -> None:
    assert Position.parse(given) is None


def test_a_position_is_read_back_as_it_was_written() -> None:
    for position in (Position(0, 0), Position((1 << 31) - 1, (1 << 63) - 1)):
        assert Position.parse(str(position)) == position


def test_a_position_from_the_future_or_of_another_epoch_is_lost(
    opened: Installation, place: Place
) -> None:
    now = read(opened, place).end
    for strange in (
        Position(now.epoch, now.seq + 1),
        Position(now.epoch, (1 << 63) - 1),
        Position(now.epoch ^ 1, 0),
        Position(now.epoch ^ 1, now.seq),
    ):
        assert read(opened, place, strange) == Page((), now, lost=True)


def test_what_was_pruned_is_lost_and_what_was_kept_is_not(
    opened: Installation, settings: Settings, place: Place
) -> None:
    emit(opened, place, 5)
    now = read(opened, place).end
    aged = "UPDATE cell.events SET at = at - interval '25 hours' WHERE tenant_id = %s AND seq <= 3"
    as_migrator(settings, aged, [place.tenant_id])
    with opened.cell().transaction() as connection:
        connection.execute(text("SELECT cell.prune_events('24 hours', 1000)"))
    for seq in (0, 1, 2):
        assert read(opened, place, Position(now.epoch, seq)) == Page((), now, lost=True)
    kept = read(opened, place, Position(now.epoch, 3))
    assert [event.seq for event in kept.events] == [4, 5, 6]
    # With nothing left, who has seen all has lost nothing.
    as_migrator(settings, "DELETE FROM cell.events WHERE tenant_id = %s", [place.tenant_id])
    assert read(opened, place, Position(now.epoch, 5)).lost
    assert not read(opened, place, now).lost


def test_a_hole_is_never_read_over(opened: Installation, settings: Settings, place: Place) -> None:
    emit(opened, place, 5)
    now = read(opened, place).end
    hole = "DELETE FROM cell.events WHERE tenant_id = %s AND seq = 4"
    as_migrator(settings, hole, [place.tenant_id])
    before = read(opened, place, Position(now.epoch, 1))
    assert [event.seq for event in before.events] == [2, 3]
    assert before.more
    assert read(opened, place, before.end) == Page((), now, lost=True)


def test_numbers_become_visible_in_order_and_without_a_gap(
    opened: Installation, place: Place
) -> None:
    """While eight write at once, some of whom change their minds."""
    chance = random.Random(4)
    plans = [[(chance.random() < 0.3, chance.random() / 200) for _ in range(40)] for _ in range(8)]
    committed, ended = [0] * 8, threading.Event()

    def write(number: int) -> None:
        for regret, pause in plans[number]:
            with suppress(ZeroDivisionError), opened.tenant_scope(place) as session:
                for _ in range(2):
                    session.execute(
                        text("SELECT cell.emit(:tenant, 'stage.done', NULL, NULL, '{}')"),
                        {"tenant": place.tenant_id},
                    )
                time.sleep(pause)
                if regret:
                    raise ZeroDivisionError
                committed[number] += 2

    start = read(opened, place).end
    seen: list[int] = []

    def watch() -> None:
        position = start
        while True:
            last = ended.is_set()
            page = read(opened, place, position, limit=7)
            assert not page.lost
            seen.extend(event.seq for event in page.events)
            position = page.end
            if last and not page.more:
                return

    with ThreadPoolExecutor(9) as crowd:
        watching = crowd.submit(watch)
        for writing in [crowd.submit(write, number) for number in range(8)]:
            writing.result()
        ended.set()
        watching.result()
    assert 0 < sum(committed) < 8 * 40 * 2
    assert seen == list(range(start.seq + 1, start.seq + 1 + sum(committed)))


def test_who_watches_is_told_of_events_at_their_commit_and_once_a_transaction(
    opened: Installation, settings: Settings, place: Place
) -> None:
    assert settings.database_url is not None
    with closing(connect(settings.database_url)) as listener:
        listener.execute("LISTEN ledger_events")
        emit(opened, place)  # while nobody watches
        with opened.tenant_scope(place) as session:
            events.watch(session, 60)
        with suppress(ZeroDivisionError), opened.tenant_scope(place) as session:
            session.execute(
                text("SELECT cell.emit(:tenant, 'stage.done', NULL, NULL, '{}')"),
                {"tenant": place.tenant_id},
            )
            raise ZeroDivisionError
        emit(opened, place, 3)
        told = [note.payload for note in listener.notifies(timeout=0.5)]
        assert told == [str(place.tenant_id)]
        with opened.tenant_scope(place) as session:
            events.watch(session, 0)
        emit(opened, place)
        assert list(listener.notifies(timeout=0.3)) == []


def test_no_event_falls_between_watching_and_reading(opened: Installation, place: Place) -> None:
    """Who begins to watch is told of each event that it does not read at once."""
    with closing(connect(opened.cell().url)) as listener:
        listener.execute("LISTEN ledger_events")
        for _ in range(20):
            with opened.tenant_scope(place) as session:
                events.watch(session, 0)
            begun = threading.Event()

            def write(begun: threading.Event = begun) -> None:
                with opened.tenant_scope(place) as session:
                    session.execute(
                        text("SELECT cell.emit(:tenant, 'stage.done', NULL, NULL, '{}')"),
                        {"tenant": place.tenant_id},
                    )
                    begun.set()
                    time.sleep(0.01)
                emit(opened, place)

            writing = threading.Thread(target=write)
            writing.start()
            begun.wait()
            with opened.tenant_scope(place) as session:
                events.watch(session, 60)
                read_to = events.read(session, None, limit=1).end.seq
            writing.join()
            told = list(listener.notifies(timeout=0.05))
            assert read(opened, place).end.seq == read_to + len(told)


def test_a_tenant_reads_its_own_events_only(opened: Installation, settings: Settings) -> None:
    one, other = (place_of(plant(settings, slug, mark=slug)) for slug in ("one", "other"))
    emit(opened, other, 5)
    start = Position(read(opened, one).end.epoch, 0)
    page = read(opened, one, start)
    assert [event.data for event in page.events] == [{"mark": "one"}]
    # Another tenant's position means nothing here.
    assert read(opened, one, read(opened, other).end).lost


def test_a_channel_belongs_to_one_database_however_it_is_reached(
    opened: Installation, settings: Settings, postgres: PostgresForTests, tmp_path: Path
) -> None:
    name = events.channel(opened.cell())
    assert settings.database_admin_url is not None
    by_another_way = settings.model_copy(update={"database_url": settings.database_admin_url})
    with closing(Installation(by_another_way)) as same:
        assert events.channel(same.cell()) == name
    with (
        installation(postgres, tmp_path, migrated=False) as made,
        closing(Installation(made)) as stranger,
    ):
        assert events.channel(stranger.cell()) != name


def test_every_kind_of_the_ledger_can_be_asked_for(settings: Settings) -> None:
    states = {
        "run": "cell.runs",
        "stage": "cell.stage_runs",
    }
    for noun, table in states.items():
        with as_owner(settings) as (connection, _):
            (check,) = connection.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid = %s::regclass AND conname LIKE '%%state_check'",
                [table],
            ).fetchone() or ("",)
        known = {kind.removeprefix(f"{noun}.") for kind in events.KINDS if kind.startswith(noun)}
        # Nothing is told of a stage that waits, and a run that is being cancelled still runs.
        assert set(_quoted(check)) - known <= {"waiting", "cancelling"}, check
        # Of what people change it is told, too.
        assert known - {"updated"} <= set(_quoted(check))


def _quoted(definition: str) -> list[str]:
    return definition.split("'")[1::2]
