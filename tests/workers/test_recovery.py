"""What the ledger needs around it may go away and come back."""

import os
import secrets
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import redis
from sqlalchemy import text

from core.database import tenant_role
from core.embedded import EmbeddedServers
from pipeline.plan.types import Graph
from services import ledger, runs
from services.installation import Place
from tests.servers import PostgresForTests
from tests.workers.stages import spec
from tests.workers.workshop import Workshop, until, workshop


def done(shop: Workshop) -> int:
    return int(shop.one("SELECT count(*) FROM cell.stage_runs WHERE state = 'done'"))


def idle(shop: Workshop) -> bool:
    """Whether nothing is done for longer than a process of the pool goes on without a ring."""
    before = done(shop)
    time.sleep(1.5)
    running = shop.one("SELECT count(*) FROM cell.stage_runs WHERE state = 'running'")
    return done(shop) == before and running == 0


@pytest.mark.timeout(180)
def test_a_worker_goes_on_however_often_the_broker_is_killed(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    servers = EmbeddedServers(tmp_path / "servers", postgres=False)
    with servers as urls, workshop(postgres, urls.redis_url or "", tmp_path) as shop:
        shop.relay()
        shop.worker(slots=2)
        for _ in range(6):
            run = shop.start(Graph((spec("burn.a"), spec("burn.b", needs=("burn.a",)))))
            assert shop.ended(run, seconds=12) == ["done"]
            assert servers.valkey is not None
            assert servers.valkey.process is not None
            servers.valkey.process.kill()
            servers.valkey.process.wait()
            assert servers.revive() == ["valkey"]


@pytest.mark.timeout(180)
def test_a_drain_is_back_within_five_seconds_with_broker_emptied_and_relay_killed(
    shop: Workshop, valkey: str
) -> None:
    shop.worker(slots=2)
    database = shop.installation.cell()
    shop.start(Graph(tuple(spec(f"noop.{n}") for n in range(10_000))))
    until(lambda: done(shop) > 100, 30, "the drain is on")
    # A busy worker would go on by itself: only an idle one needs to be rung.
    ledger.switch_queue(database, "media", paused=True)
    until(lambda: idle(shop), 10, "the worker idles")
    relay = shop.programs[0]
    relay.kill()
    killed_at = time.monotonic()
    with redis.Redis.from_url(valkey) as broker:
        broker.flushall()
    ledger.switch_queue(database, "media", paused=False)
    before = done(shop)
    shop.relay()
    until(lambda: done(shop) > before + 50, 5, "the drain is back")
    assert time.monotonic() - killed_at < 5


def test_ready_work_is_found_by_a_relay_that_heard_nothing(shop: Workshop) -> None:
    shop.programs[0].kill()
    shop.worker()
    run = shop.start(Graph((spec("burn.a"),)))
    time.sleep(0.5)
    assert shop.state(run) == "running"
    shop.relay()
    assert shop.ended(run, seconds=10) == ["done"]


def test_a_relay_that_hears_nonsense_goes_on(shop: Workshop) -> None:
    shop.worker()
    with shop.superuser() as connection:
        for nonsense in ("x", "", "media'; --", "celery"):
            connection.execute("SELECT pg_notify('ledger_ready', %s)", [nonsense])
    time.sleep(0.5)
    run = shop.start(Graph((spec("burn.a"),)))
    assert shop.ended(run, seconds=10) == ["done"]


def test_a_relay_stops_at_once(shop: Workshop) -> None:
    time.sleep(1)
    assert shop.programs[0].stop() < 1


def test_many_relays_ring_no_more_than_one(shop: Workshop, valkey: str) -> None:
    for _ in range(3):
        shop.relay()
    worker = shop.worker(slots=2)
    for process in worker.pool():
        process.suspend()
    shop.start(Graph(tuple(spec(f"noop.{n}") for n in range(50))))
    time.sleep(3)
    with redis.Redis.from_url(valkey) as broker:
        rings = [broker.llen(key) for key in broker.keys("*media")]
    assert sum(int(str(count)) for count in rings) <= 8
    for process in worker.pool():
        process.resume()
    until(lambda: done(shop) == 50, 20, "all is done")


def test_work_of_two_cells_is_done_by_one_worker(
    postgres: PostgresForTests, valkey: str, tmp_path: Path
) -> None:
    with workshop(postgres, valkey, tmp_path, tenant_count=2, cells=2) as shop:
        assert {place.cell for place in shop.places} == {"main", "cell2"}
        shop.relay()
        shop.worker(slots=2)
        for tenant, place in enumerate(shop.places):
            run = shop.start(Graph((spec("burn.a"),)), tenant=tenant)
            until(partial(_is_done, shop, place, run), 15, f"the run of {place.cell} is done")


def _is_done(shop: Workshop, place: Place, run: UUID) -> bool:
    with shop.installation.tenant_scope(place) as session:
        return runs.get(session, run).state == "done"


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own; skips where this machine allows no mount."""
    disk = folder / secrets.token_hex(4)
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk to fill")
    try:
        yield disk
    finally:
        for _ in range(50):
            if subprocess.run(["umount", str(disk)], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)


def test_a_full_disk_delays_stages_and_loses_none(
    postgres: PostgresForTests, valkey: str, tmp_path: Path
) -> None:
    with small_disk(tmp_path, 8) as disk, workshop(postgres, valkey, tmp_path) as shop:
        shop.extra = {"SCRATCH_DIR": str(disk), "FREE_SPACE_RESERVE_BYTES": str(2 << 20)}
        shop.relay()
        worker = shop.worker()
        ballast = disk / "ballast"
        run = shop.start(Graph((spec("burn.a", seconds=1.5),)), with_asset=True)
        until(worker.sleepers, 10, "the stage runs")
        with suppress(OSError):
            ballast.write_bytes(b"x" * (9 << 20))
        until(lambda: shop.stage(run, "burn.a")["state"] == "delayed", 10, "the stage waits")
        assert shop.stage(run, "burn.a")["failures"] == 0
        time.sleep(2)
        assert shop.state(run) == "running"
        ballast.unlink()
        assert shop.ended(run, seconds=20) == ["done"]
        worker.stop()


@pytest.mark.long
@pytest.mark.timeout(400)
def test_transactions_left_open_for_minutes_hold_up_nobody_for_long(
    postgres: PostgresForTests, valkey: str, tmp_path: Path
) -> None:
    with workshop(postgres, valkey, tmp_path, tenant_count=2) as shop:
        shop.relay()
        shop.worker(slots=2)
        blocked = shop.start(Graph((spec("burn.a", seconds=1),)), tenant=1)
        with (
            psycopg.connect(shop.superuser_url) as old,
            shop.installation.cell().engine.connect() as forgotten,
        ):
            # One keeps every dead row alive; one, of a program of ours, holds locks of the ledger.
            old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            old.execute("SELECT count(*) FROM cell.stage_runs")
            role = tenant_role(shop.places[1].tenant_id)
            forgotten.execute(text("SELECT set_config('role', :role, true)"), {"role": role})
            forgotten.execute(
                text("SELECT 1 FROM cell.runs WHERE id = :run FOR UPDATE"), {"run": blocked}
            )
            seconds, end = [], time.monotonic() + 150
            while time.monotonic() < end:
                began = time.monotonic()
                run = shop.start(Graph(tuple(spec(f"noop.{n}") for n in range(200))))
                assert shop.ended(run, seconds=20) == ["done"]
                seconds.append(time.monotonic() - began)
            assert shop.state(blocked) == "done", "the server ends what a program forgot"
            forgotten.invalidate()
            old.rollback()
        # Dead rows that nobody may remove make it slower, and not more than a little.
        early, late = (statistics.median(part) for part in (seconds[:10], seconds[-10:]))
        assert late < 3 * early, seconds
        assert shop.one("SELECT max(losses) FROM cell.stage_runs") <= 1
