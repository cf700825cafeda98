"""The ledger's transitions, asked of a real database."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.database import Database
from core.embedded import EmbeddedServers
from pipeline.plan.types import Graph
from services import ledger, runs
from services.installation import Place
from services.ledger import Claim
from services.migrations import tenant_versions
from tests.servers import PostgresForTests
from tests.workers.stages import spec
from tests.workers.workshop import Workshop, until, workshop

LEASE = 3.0


@pytest.fixture
def shop(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(postgres, "redis://nobody", tmp_path, tenant_count=4) as made:
        yield made


def chunks(count: int) -> Graph:
    return Graph(tuple(spec(f"noop.{n}") for n in range(count)))


def claim(
    shop: Workshop,
    queue: str = "media",
    database: Database | None = None,
    *,
    lease_seconds: float = LEASE,
) -> Claim | None:
    return ledger.claim(
        database or shop.installation.cell(),
        queue,
        lease_seconds=lease_seconds,
        versions=tuple(tenant_versions()),
    )


def finish(shop: Workshop, held: Claim) -> bool:
    with shop.installation.cell().tenant_scope(held.tenant_id) as session:
        return ledger.finish(session, held, {})


def sweep(shop: Workshop, lease_seconds: float = LEASE, *, repair: bool = False) -> ledger.Swept:
    cell = shop.installation.cell()
    return ledger.sweep(cell, lease_seconds=lease_seconds, max_losses=3, repair=repair)


def expire(shop: Workshop) -> None:
    shop.rows(
        "UPDATE cell.stage_runs SET lease_until = now() - interval '1 s'"
        " WHERE state = 'running' RETURNING id"
    )


def at_once(count: int, act: Callable[[int], object]) -> None:
    """Do something in many threads that begin together."""
    gate = threading.Barrier(count)

    def wait_and_act(number: int) -> object:
        gate.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(wait_and_act, range(count)))


def test_what_needs_nothing_is_ready_and_the_rest_waits(shop: Workshop) -> None:
    run = shop.start(Graph((spec("noop.a"), spec("noop.b", needs=("noop.a",)))))
    held = claim(shop)
    assert held is not None
    assert claim(shop) is None
    assert finish(shop, held)
    after = claim(shop)
    assert after is not None
    assert finish(shop, after)
    assert shop.state(run) == "done"


def test_sixteen_claimers_at_once_get_sixteen_stages_of_one_tenant(shop: Workshop) -> None:
    shop.start(chunks(40))
    got: list[Claim | None] = []
    url = shop.installation.cell().url
    databases = [Database(url, pool_size=1) for _ in range(16)]
    for database in databases:
        ledger.backlog(database)
    at_once(16, lambda n: got.append(claim(shop, database=databases[n])))
    for database in databases:
        database.dispose()
    assert len({held.stage_id for held in got if held is not None}) == 16


@pytest.mark.parametrize(
    "rounds",
    [8, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(900)])],
)
def test_a_join_opens_once_however_its_chunks_end(shop: Workshop, rounds: int) -> None:
    names = [f"noop.{n}" for n in range(64)]
    graph = Graph((*(spec(name) for name in names), spec("noop.join", needs=tuple(names))))
    url = shop.installation.cell().url
    # Two chunks a connection: a server of 100 connections serves two runs of these tests at once.
    databases = [Database(url, pool_size=1) for _ in range(32)]
    for database in databases:
        ledger.backlog(database)
    for _ in range(rounds):
        run = shop.start(graph)
        held = [claim(shop) for _ in names]
        at_once(32, partial(_finish_two, databases, held))
        joined = claim(shop)
        assert joined is not None
        assert claim(shop) is None
        assert shop.stage(run, "noop.join")["id"] == str(joined.stage_id)
        assert finish(shop, joined)
        assert shop.state(run) == "done"
    for database in databases:
        database.dispose()


def _finish_two(databases: list[Database], held: list[Claim | None], number: int) -> None:
    for one in (held[number], held[number + len(databases)]):
        assert one is not None
        with databases[number].tenant_scope(one.tenant_id) as session:
            assert ledger.finish(session, one, {})


def test_an_overtaken_attempt_can_neither_finish_nor_fail_nor_renew(shop: Workshop) -> None:
    run = shop.start(chunks(1))
    old = claim(shop)
    assert old is not None
    expire(shop)
    until(lambda: sweep(shop).expired == 1, 10, "the lease is taken")
    new = claim(shop)
    assert new is not None
    assert (new.stage_id, new.attempt) == (old.stage_id, 2)
    assert not finish(shop, old)
    with shop.installation.tenant_scope(shop.places[0]) as session:
        assert not ledger.leave(session, old, "failed", failures=1)
    assert finish(shop, new)
    assert not finish(shop, new)
    assert shop.state(run) == "done"


def test_a_stage_that_loses_worker_after_worker_is_quarantined(shop: Workshop) -> None:
    run = shop.start(chunks(1))
    for _ in range(3):
        sweep(shop)
        until(lambda: claim(shop) is not None, 5, "a claim")
        expire(shop)
        until(lambda: sweep(shop).expired == 1, 10, "the lease is taken")
    assert shop.state(run) == "failed"
    assert shop.stage(run, "noop.0")["error"]["code"] == "worker_lost"
    with shop.installation.tenant_scope(shop.places[0]) as session:
        runs.retry(session, run)
    assert claim(shop) is not None


def test_a_failure_lets_the_other_branches_end_first(shop: Workshop) -> None:
    run = shop.start(
        Graph((spec("noop.a"), spec("noop.b"), spec("noop.c", needs=("noop.a", "noop.b"))))
    )
    first, second = claim(shop), claim(shop)
    assert first is not None
    assert second is not None
    with shop.installation.tenant_scope(shop.places[0]) as session:
        assert ledger.leave(session, first, "failed", failures=1, error={"reason": "no"})
    assert shop.state(run) == "running"
    assert finish(shop, second)
    assert shop.state(run) == "failed"
    with shop.installation.tenant_scope(shop.places[0]) as session:
        runs.retry(session, run)
    for _ in range(2):
        held = claim(shop)
        assert held is not None
        assert finish(shop, held)
    assert shop.state(run) == "done"


def test_cancelling_ends_what_waits_and_tells_what_runs(shop: Workshop) -> None:
    run = shop.start(Graph((spec("noop.a"), spec("noop.b"), spec("noop.c", needs=("noop.a",)))))
    held = claim(shop)
    assert held is not None
    with shop.installation.tenant_scope(shop.places[0]) as session:
        runs.cancel(session, run)
    assert shop.state(run) == "cancelling"
    assert not finish(shop, held)
    with shop.installation.tenant_scope(shop.places[0]) as session:
        assert ledger.leave(session, held, "ready")
    assert shop.state(run) == "cancelled"
    assert claim(shop) is None
    with shop.installation.tenant_scope(shop.places[0]) as session:
        runs.retry(session, run)
    done = 0
    while (held := claim(shop)) is not None:
        assert finish(shop, held)
        done += 1
    assert (done, shop.state(run)) == (3, "done")


def test_an_attempt_ends_in_no_state_but_those_it_may_end_in(shop: Workshop) -> None:
    run = shop.start(chunks(1))
    held = claim(shop)
    assert held is not None
    finish_as = "SELECT cell.finish(:stage, :attempt, :holder, 'failed', NULL)"
    values = {"stage": held.stage_id, "attempt": held.attempt, "holder": held.holder}
    with (
        pytest.raises(DBAPIError, match="cannot be finished as failed"),
        shop.installation.tenant_scope(shop.places[0]) as session,
    ):
        session.execute(text(finish_as), values)
    with (
        pytest.raises(DBAPIError, match="cannot be left as done"),
        shop.installation.tenant_scope(shop.places[0]) as session,
    ):
        ledger.leave(session, held, cast("ledger.EndState", "done"))
    with shop.installation.tenant_scope(shop.places[0]) as session:
        assert ledger.leave(session, held, "cancelled")  # which nobody had asked for
    assert shop.stage(run, "noop.0")["state"] == "ready"
    with pytest.raises(psycopg.errors.CheckViolation):
        shop.rows("UPDATE cell.stage_runs SET queue = 'nobodys' RETURNING id")


def test_a_join_that_counting_lost_is_repaired(shop: Workshop) -> None:
    run = shop.start(Graph((spec("noop.a"), spec("noop.b", needs=("noop.a",)))))
    held = claim(shop)
    assert held is not None
    shop.rows(
        "UPDATE cell.stage_runs SET state = 'done', holder = NULL, lease_until = NULL"
        " WHERE id = %(id)s RETURNING id",
        id=held.stage_id,
    )
    shop.rows(
        "UPDATE cell.runs SET active = 0, unfinished = 1 WHERE id = %(id)s RETURNING id", id=run
    )
    until(lambda: sweep(shop, repair=True).repaired == 1, 10, "the join is repaired")
    joined = claim(shop)
    assert joined is not None
    assert finish(shop, joined)
    assert shop.state(run) == "done"


def test_events_of_a_tenant_have_a_gapless_sequence(shop: Workshop) -> None:
    for _ in range(3):
        shop.start(chunks(8))
    url = shop.installation.cell().url

    def drain(_: int) -> None:
        database = Database(url, pool_size=1)
        while (held := claim(shop, database=database)) is not None:
            with database.tenant_scope(held.tenant_id) as session:
                assert ledger.finish(session, held, {})
        database.dispose()

    at_once(4, drain)
    numbers = [row[0] for row in shop.rows("SELECT seq FROM cell.events ORDER BY seq")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == 3 * (2 * 8 + 1)


def test_a_suspended_tenant_and_one_at_a_foreign_version_wait(shop: Workshop) -> None:
    for tenant in range(3):
        shop.start(chunks(1), tenant=tenant)
    shop.rows(
        "UPDATE cell.tenants SET suspended = true WHERE tenant_id = %(id)s RETURNING 1",
        id=shop.places[0].tenant_id,
    )
    shop.rows(
        "UPDATE cell.tenants SET schema_version = 'other' WHERE tenant_id = %(id)s RETURNING 1",
        id=shop.places[1].tenant_id,
    )
    held = claim(shop)
    assert held is not None
    assert held.tenant_id == shop.places[2].tenant_id
    assert claim(shop) is None


_OTHERS = """
    WITH made AS (INSERT INTO cell.tenants (tenant_id, schema_version)
                  SELECT gen_random_uuid(), 'other' FROM generate_series(1, 200)
                  RETURNING tenant_id, lane),
         heads AS (INSERT INTO cell.event_heads (tenant_id) SELECT tenant_id FROM made),
         runs AS (INSERT INTO cell.runs (tenant_id, recipe, unfinished, active)
                  SELECT tenant_id, 'old', 1, 1 FROM made RETURNING tenant_id, id)
    INSERT INTO cell.stage_runs (tenant_id, run_id, lane, name, queue, class, state)
    SELECT m.tenant_id, r.id, m.lane, 'noop', 'media', 0, 'ready'
      FROM made m JOIN runs r USING (tenant_id) RETURNING 1
"""
_VISITED = """
    SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))
      FROM pg_stat_xact_user_tables WHERE schemaname = 'cell'
"""


def test_the_one_tenant_behind_two_hundred_that_wait_is_soon_served(shop: Workshop) -> None:
    shop.rows(_OTHERS)
    ((eligible,),) = shop.rows(
        "UPDATE cell.tenants SET schema_version = %(version)s"
        " WHERE lane = (SELECT max(lane) FROM cell.tenants) RETURNING tenant_id",
        version=tenant_versions()[0],
    )
    served, visited = None, 0
    with psycopg.connect(shop.superuser_url) as connection:
        for _ in range(6):
            served = connection.execute(
                "SELECT tenant_id FROM cell.claim('media', gen_random_uuid(), '8 s', %s)",
                [list(tenant_versions())],
            ).fetchone()
            after = connection.execute(_VISITED).fetchone()
            connection.commit()
            assert after is not None
            assert after[0] - visited < 100
            visited = after[0]
            if served is not None:
                break
    assert served == (eligible,)


def test_a_stuck_tenant_keeps_no_other_from_being_served(shop: Workshop) -> None:
    for tenant in range(2):
        shop.start(chunks(2), tenant=tenant)
    with psycopg.connect(shop.superuser_url) as stuck:
        _hold_head(stuck, shop.places[0])
        for _ in range(2):
            held = claim(shop)
            assert held is not None
            assert held.tenant_id == shop.places[1].tenant_id
    held = claim(shop)
    assert held is not None
    assert held.tenant_id == shop.places[0].tenant_id


def test_a_stuck_tenant_keeps_no_others_lease_from_returning(shop: Workshop) -> None:
    for tenant in range(4):
        shop.start(chunks(1), tenant=tenant)
    held = {one.tenant_id: one for _ in range(4) if (one := claim(shop)) is not None}
    expire(shop)
    returned: list[int] = []
    longest = 0.0

    def all_but(left: int) -> bool:
        nonlocal longest
        began = time.monotonic()
        returned.append(sweep(shop, repair=True).expired)
        longest = max(longest, time.monotonic() - began)
        return sum(returned) == 4 - left

    with psycopg.connect(shop.superuser_url) as stuck:
        _hold_head(stuck, shop.places[0])
        stage = held[shop.places[1].tenant_id].stage_id
        stuck.execute("SELECT FROM cell.stage_runs WHERE id = %s FOR UPDATE", [stage])
        until(lambda: all_but(2), 10, "the others' leases are taken")
    until(lambda: all_but(0), 10, "the rest follows")
    assert longest < 2


def _hold_head(connection: psycopg.Connection[Any], place: Place) -> None:
    query = "SELECT FROM cell.event_heads WHERE tenant_id = %s FOR UPDATE"
    connection.execute(query, [place.tenant_id])


def test_a_claim_says_whether_the_other_class_waits(shop: Workshop) -> None:
    shop.start(chunks(1))
    shop.start(chunks(1), class_=1)
    assert [held.more for _ in range(2) if (held := claim(shop)) is not None] == [True, False]


def test_a_tenant_of_three_times_the_weight_gets_three_times_the_slots(shop: Workshop) -> None:
    for tenant in range(2):
        shop.start(chunks(30), tenant=tenant)
    shop.rows(
        "UPDATE cell.tenants SET weight = 3 WHERE tenant_id = %(id)s RETURNING 1",
        id=shop.places[0].tenant_id,
    )
    got = Counter(held.tenant_id for _ in range(16) if (held := claim(shop)) is not None)
    assert got[shop.places[0].tenant_id] == 12


def test_an_old_snapshot_elsewhere_does_not_slow_the_drain_down(shop: Workshop) -> None:
    shop.start(chunks(1500))
    seconds = []
    with psycopg.connect(shop.superuser_url) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM cell.stage_runs")
        for _ in range(3):
            began = time.monotonic()
            for _ in range(500):
                held = claim(shop)
                assert held is not None
                assert finish(shop, held)
            seconds.append(time.monotonic() - began)
        old.rollback()
    assert seconds[2] < 3 * seconds[0], seconds


@pytest.mark.timeout(120)
def test_after_postgres_restarts_no_lease_is_taken_in_haste(tmp_path: Path) -> None:
    lease = 1.5
    servers = EmbeddedServers(tmp_path / "servers", valkey=False)
    with servers as urls:
        assert urls.database_superuser_url is not None
        server = PostgresForTests(urls.database_superuser_url)
        with workshop(server, "redis://nobody", tmp_path) as shop:
            shop.start(chunks(1))
            _sweep_often(shop, lease, lease)
            assert claim(shop, lease_seconds=lease) is not None
            _sweep_often(shop, lease, lease / 2)
            assert servers.postgres is not None
            assert servers.postgres.process is not None
            servers.postgres.process.kill()
            servers.postgres.process.wait()
            time.sleep(lease)
            began = time.monotonic()
            assert servers.revive() == ["postgres"]
            until(lambda: _swept(shop, lease) == 1, 30, "the lease is taken in the end")
            assert time.monotonic() - began >= lease


def _sweep_often(shop: Workshop, lease: float, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert sweep(shop, lease).expired == 0
        time.sleep(0.1)


def _swept(shop: Workshop, lease: float) -> int:
    try:
        return sweep(shop, lease).expired
    except Exception:  # noqa: BLE001 — the pool finds out that its connection is gone
        return 0


# ── Fairness, by simulation: time is counted in ticks, everything else is real ──


@dataclass
class Simulation:
    """Slots that claim, and stages that last one to three ticks where nothing else is said."""

    shop: Workshop
    slots: int
    dice: random.Random
    lasts: Callable[[Claim], int] | None = None
    now: int = 0
    busy: list[tuple[int, Claim]] = field(default_factory=list)
    arrived: dict[UUID, int] = field(default_factory=dict)
    waited: list[tuple[Place | None, int, int]] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def tick(self) -> None:
        """Finish what is over, then fill every free slot."""
        self.now += 1
        for end, held in list(self.busy):
            if end <= self.now:
                self.busy.remove((end, held))
                assert finish(self.shop, held)
        while len(self.busy) < self.slots and (taken := claim(self.shop)) is not None:
            ticks = self.lasts(taken) if self.lasts else self.dice.randint(1, 3)
            self.busy.append((self.now + ticks, taken))
            self.claims.append(taken)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_stage_waits_more_than_twice_its_fair_share(shop: Workshop, seed: int) -> None:
    simulation = Simulation(shop, slots=4, dice=random.Random(seed))
    arrivals = {0: [(0, 60), (1, 12)], 5: [(2, 12)], 12: [(3, 8)], 20: [(1, 6)]}
    arrived_at: dict[UUID, list[int]] = {place.tenant_id: [] for place in shop.places}
    claimed_at: dict[UUID, list[int]] = {place.tenant_id: [] for place in shop.places}
    while simulation.now < 20 or simulation.busy:
        for tenant, count in arrivals.get(simulation.now, []):
            shop.start(chunks(count), tenant=tenant)
            arrived_at[shop.places[tenant].tenant_id] += [simulation.now] * count
        before = len(simulation.claims)
        simulation.tick()
        for held in simulation.claims[before:]:
            claimed_at[held.tenant_id].append(simulation.now)
    for tenant_id, arrived in arrived_at.items():
        claimed = claimed_at[tenant_id]
        assert len(claimed) == len(arrived)
        for index, (came, went) in enumerate(zip(arrived, claimed, strict=True)):
            ahead = sum(1 for when in claimed[:index] if when >= came)
            # Four tenants share four slots, and a stage lasts two ticks on average: one slot each.
            fair = 2 * (ahead + 1)
            assert went - came <= 2 * fair + 2, (tenant_id, index, came, went)


def test_batch_gets_one_claim_in_five_and_interactive_the_rest(shop: Workshop) -> None:
    batch = shop.start(chunks(40), tenant=0, class_=1)
    for tenant in (1, 2):
        shop.start(chunks(60), tenant=tenant)
    simulation = Simulation(shop, slots=3, dice=random.Random(3))
    while len(simulation.claims) < 100:
        simulation.tick()
    of_batch = [held.run_id == batch for held in simulation.claims[:100]]
    assert 18 <= sum(of_batch) <= 22
    longest = max(len(gap) for gap in "".join("b" if b else "i" for b in of_batch).split("b"))
    assert longest <= 5


def test_long_batch_stages_get_their_fifth_of_the_slots_and_no_more(shop: Workshop) -> None:
    batch = shop.start(chunks(20), tenant=0, class_=1)
    shop.start(chunks(500), tenant=1)
    simulation = Simulation(
        shop,
        slots=5,
        dice=random.Random(4),
        lasts=lambda held: 50 if held.run_id == batch else 1,
    )
    of_batch = []
    for _ in range(110):
        simulation.tick()
        of_batch.append(sum(held.run_id == batch for _, held in simulation.busy))
    assert max(of_batch) == 1
    assert sum(of_batch) >= 0.9 * 110


# ── One stage, and a run's class ──


def scoped(shop: Workshop, act: Callable[[Any], Any], tenant: int = 0) -> Any:
    with shop.installation.tenant_scope(shop.places[tenant]) as session:
        return act(session)


def told(shop: Workshop, function: str, run: UUID, name: str, tenant: int = 0) -> str:
    query = text(f"SELECT cell.{function}(:run, :name)")
    return str(scoped(shop, lambda s: s.scalar(query, {"run": run, "name": name}), tenant))


def leave(shop: Workshop, held: Claim, state: ledger.EndState) -> None:
    with shop.installation.cell().tenant_scope(held.tenant_id) as session:
        assert ledger.leave(session, held, state)


def states(shop: Workshop, run: UUID) -> dict[str, str]:
    rows = shop.rows(
        "SELECT name, state FROM cell.stage_runs WHERE run_id = %(run)s ORDER BY name", run=run
    )
    return dict(cast(Any, rows))


def test_one_failed_stage_is_tried_again_and_what_waits_for_it_goes_on(shop: Workshop) -> None:
    run = shop.start(Graph((spec("noop.a"), spec("noop.b", needs=("noop.a",)))))
    held = claim(shop)
    assert held is not None
    assert told(shop, "retry_stage", run, "noop.a") == "state"
    leave(shop, held, "failed")
    assert shop.state(run) == "failed"
    assert told(shop, "retry_stage", run, "noop.b") == "state"
    assert told(shop, "retry_stage", run, "noop.c") == "unknown"
    assert told(shop, "retry_stage", run, "noop.a") == "retried"
    assert (shop.state(run), shop.stage(run, "noop.a")["failures"]) == ("running", 0)
    for _ in range(2):
        held = claim(shop)
        assert held is not None
        assert finish(shop, held)
    assert shop.state(run) == "done"


def test_a_retry_takes_along_what_was_cancelled_behind_the_stage(shop: Workshop) -> None:
    run = shop.start(
        Graph(
            (
                spec("noop.a"),
                spec("noop.b", needs=("noop.a",)),
                spec("noop.c", needs=("noop.b",)),
                spec("noop.d"),
            )
        )
    )
    scoped(shop, lambda session: runs.cancel(session, run))
    assert set(states(shop, run).values()) == {"cancelled"}
    assert told(shop, "retry_stage", run, "noop.b") == "needs"
    assert told(shop, "retry_stage", run, "noop.a") == "retried"
    assert list(states(shop, run).values()) == ["ready", "waiting", "waiting", "cancelled"]
    for _ in range(3):
        held = claim(shop)
        assert held is not None
        assert finish(shop, held)
    assert claim(shop) is None
    # Nothing failed, and not all was done.
    assert shop.state(run) == "cancelled"
    assert told(shop, "retry_stage", run, "noop.d") == "retried"
    held = claim(shop)
    assert held is not None
    assert finish(shop, held)
    assert shop.state(run) == "done"


def test_one_stage_is_cancelled_and_the_others_go_on(shop: Workshop) -> None:
    run = shop.start(chunks(3))
    held = claim(shop)
    assert held is not None
    named = shop.one("SELECT name FROM cell.stage_runs WHERE id = %(id)s", id=held.stage_id)
    rest = sorted(states(shop, run).keys() - {named})
    assert told(shop, "cancel_stage", run, str(named)) == "asked"
    assert told(shop, "cancel_stage", run, rest[0]) == "cancelled"
    assert told(shop, "cancel_stage", run, rest[0]) == "state"
    assert told(shop, "cancel_stage", run, "noop.z") == "unknown"
    assert shop.state(run) == "running"
    assert not finish(shop, held)
    leave(shop, held, "ready")
    other = claim(shop)
    assert other is not None
    assert finish(shop, other)
    assert shop.state(run) == "cancelled"
    assert Counter(states(shop, run).values()) == {"cancelled": 2, "done": 1}
    assert shop.one("SELECT active FROM cell.runs WHERE id = %(run)s", run=run) == 0
    assert told(shop, "cancel_stage", run, rest[0]) == "state"


def test_a_stage_of_another_tenant_can_be_neither_retried_nor_cancelled(shop: Workshop) -> None:
    run = shop.start(chunks(1), tenant=0)
    for function in ("retry_stage", "cancel_stage"):
        assert told(shop, function, run, "noop.0", tenant=1) == "unknown"
    classify = text("SELECT cell.classify_run(:run, 1::smallint)")
    assert scoped(shop, lambda s: s.scalar(classify, {"run": run}), 1) is False
    assert states(shop, run) == {"noop.0": "ready"}
    assert shop.stage(run, "noop.0")["class"] == 0


def test_a_runs_class_is_changed_with_what_is_left_of_it(shop: Workshop) -> None:
    run, other = shop.start(chunks(3)), shop.start(chunks(1), tenant=1)
    first = claim(shop)
    assert first is not None
    assert finish(shop, first)
    changed = scoped(shop, lambda session: runs.prioritise(session, first.run_id, "batch"))
    assert changed.priority == "batch"
    classes = shop.rows(
        "SELECT state, class FROM cell.stage_runs WHERE run_id = %(run)s", run=first.run_id
    )
    assert Counter(cast(Any, classes)) in (
        {("done", 0): 1, ("ready", 1): 2}, {("done", 0): 1},
    )  # fmt: skip
    # Interactive runs go first, whoever's they are.
    left = other if first.run_id == run else run
    held = claim(shop)
    assert held is not None
    assert held.run_id == left


def test_retries_cancels_and_ends_at_once_keep_the_count_right(shop: Workshop) -> None:
    run = shop.start(chunks(8))
    names = sorted(states(shop, run))
    held = [claim(shop) for _ in names[:4]]

    def act(number: int) -> None:
        if number < 4:
            one = held[number]
            assert one is not None
            # What was cancelled meanwhile cannot be finished, and is let go.
            if number % 2 == 0 or not finish(shop, one):
                leave(shop, one, "failed")
        else:
            told(shop, "cancel_stage" if number < 12 else "retry_stage", run, names[number % 8])

    at_once(16, act)
    while (more := claim(shop)) is not None:
        if not finish(shop, more):
            leave(shop, more, "ready")
    found = Counter(states(shop, run).values())
    unfinished = 8 - found["done"]
    row = shop.rows("SELECT unfinished, active, state FROM cell.runs WHERE id = %(r)s", r=run)[0]
    assert row[:2] == (unfinished, 0)
    expected = "failed" if found["failed"] else "cancelled" if found["cancelled"] else "done"
    assert row[2] == expected
