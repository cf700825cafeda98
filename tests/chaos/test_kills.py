"""Everything is killed at random, and every run completes by itself."""

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

import psutil
import psycopg
import pytest
import redis
from sqlalchemy.exc import SQLAlchemyError

from core.embedded.processes import spawn
from core.settings import Settings
from pipeline.plan.types import Graph
from services import tenants
from services.installation import Installation, Place
from services.migrations import migrate
from tests.workers.stages import spec
from tests.workers.workshop import STAGES, Workshop, until

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "AUTOMATOR_STAGES": STAGES,
    "FREE_SPACE_RESERVE_BYTES": "0",
    "RETRY_SECONDS": "0.2",
    # A stage may be hit more often here than in years of the field.
    "MAX_FAILURES": "50",
    "MAX_LOSSES": "50",
}
GRAPH = Graph(
    (
        spec("burn.first", seconds=0.1),
        *(spec(f"burn.{n}", seconds=0.1 + n / 5, needs=("burn.first",)) for n in range(5)),
        spec("burn.join", seconds=0.1, files=3, needs=tuple(f"burn.{n}" for n in range(5))),
        spec("burn.last", seconds=0.3, needs=("burn.join",)),
    )
)
VICTIMS = {
    "worker": 3,
    "pool": 3,
    "child": 5,
    "valkey": 2,
    "postgres": 2,
    "relay": 2,
    "supervisor": 1,
    "flush": 2,
}


class Arena:
    """The supervised installation, and the ways to hurt it."""

    def __init__(self, folder: Path, dice: random.Random) -> None:
        self.folder, self._dice = folder, dice
        self.supervisor = self._supervise()
        until((folder / "urls.json").exists, 30, "the servers run")

    def _supervise(self) -> subprocess.Popen[bytes]:
        with (self.folder / "supervisor.log").open("ab") as log:
            return spawn(
                [sys.executable, "-m", "tests.chaos.supervisor", str(self.folder)],
                output=log.fileno(),
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **ENVIRONMENT},
            )

    def urls(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "urls.json").read_text())
        return found

    def pids(self) -> dict[str, int]:
        with suppress(FileNotFoundError):
            found: dict[str, int] = json.loads((self.folder / "pids.json").read_text())
            return found
        return {}

    def hurt(self, victim: str) -> bool:
        """Kill one thing; False when there is none."""
        if victim == "supervisor":
            self.supervisor.kill()
            self.supervisor.wait()
            self.supervisor = self._supervise()
            return True
        if victim == "flush":
            with suppress(redis.RedisError), redis.Redis.from_url(self.urls()["redis_url"]) as r:
                return bool(r.flushall())
            return False
        if victim in ("valkey", "postgres"):
            return self._kill([self.pids().get(victim, 0)])
        named = [pid for name, pid in self.pids().items() if name.startswith(victim)]
        if victim in ("worker", "relay"):
            return self._kill(named)
        workers = [pid for name, pid in self.pids().items() if name.startswith("worker")]
        pool = [child for pid in workers for child in children(pid)]
        if victim == "pool":
            return self._kill([child.pid for child in pool])
        return self._kill([deep.pid for child in pool for deep in children(child.pid, deep=True)])

    def _kill(self, pids: list[int]) -> bool:
        pids = [pid for pid in pids if pid > 1]
        if not pids:
            return False
        with suppress(ProcessLookupError):
            os.kill(self._dice.choice(pids), signal.SIGKILL)
            return True
        return False

    def close(self) -> None:
        self.supervisor.kill()
        self.supervisor.wait()
        time.sleep(0.5)


def children(pid: int, *, deep: bool = False) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=deep)
    return []


@contextmanager
def arena(folder: Path, dice: random.Random, tenant_count: int) -> Iterator[tuple[Arena, Workshop]]:
    made = Arena(folder, dice)
    try:
        urls = made.urls()
        settings = Settings(
            data_dir=folder,
            database_url=urls["database_url"],
            database_admin_url=urls["database_admin_url"],
            redis_url=urls["redis_url"],
            storage_url=(folder / "storage").as_uri(),
        )
        migrate(settings)
        infos = [tenants.create(settings, f"tenant-{n}") for n in range(tenant_count)]
        (folder / "migrated").touch()
        installation = Installation(settings)
        places = [Place(info.id, info.slug, info.name, info.cell) for info in infos]
        superuser = urls["database_superuser_url"].replace("/postgres?", "/automator?")
        yield made, Workshop(settings, installation, places, superuser_url=superuser)
        installation.close()
    finally:
        made.close()


def persist(shop: Workshop, tenant: int) -> UUID:
    """Start a run, however often the database is away meanwhile."""
    while True:
        try:
            return shop.start(GRAPH, tenant=tenant, with_asset=True)
        except (SQLAlchemyError, psycopg.Error) as error:
            # Only a database that is away is no reason to fail.
            if "syntax" in str(error) or "denied" in str(error):
                raise
            time.sleep(0.2)


def survive(folder: Path, *, kills: int, runs: int, seconds: float) -> None:
    seed = int(os.environ.get("CHAOS_SEED", secrets.randbelow(1 << 32)))
    print(f"CHAOS_SEED={seed}")
    dice = random.Random(seed)
    with arena(folder, dice, tenant_count=3) as (hurting, shop):
        undisturbed = shop.start(GRAPH, with_asset=True)
        assert shop.ended(undisturbed, seconds=60) == ["done"]
        expected = shop.digests(undisturbed)
        done: Counter[str] = Counter()
        started: list[tuple[UUID, int]] = []
        while done.total() < kills:
            if len(started) * kills <= done.total() * runs and len(started) < runs:
                tenant = len(started) % 3
                started.append((persist(shop, tenant), tenant))
            (victim,) = dice.choices(list(VICTIMS), list(VICTIMS.values()))
            done[victim] += hurting.hurt(victim)
            time.sleep(dice.uniform(0.1, 2 * seconds / kills))
        print(dict(done))
        while len(started) < runs:
            tenant = len(started) % 3
            started.append((persist(shop, tenant), tenant))
        wait_for_all(shop, [run for run, _ in started])
        for run, tenant in started:
            assert shop.digests(run, tenant) == expected
        check_history(shop)


def wait_for_all(shop: Workshop, runs: list[UUID]) -> None:
    end = time.monotonic() + 90
    while True:
        states: list[str] = []
        with suppress(psycopg.OperationalError):
            states = [shop.state(run) for run in runs]
        if states and set(states) == {"done"}:
            return
        stuck = "not all runs are done: "
        assert time.monotonic() < end, stuck + str(
            shop.rows(
                "SELECT run_id, name, state, attempt, losses, failures, error FROM cell.stage_runs"
                " WHERE state NOT IN ('done') ORDER BY run_id, name"
            )
        )
        time.sleep(0.2)


def check_history(shop: Workshop) -> None:
    """Each result is recorded once, events have no gap, and counts agree."""
    assert (
        shop.rows(
            "SELECT stage_id FROM cell.events WHERE kind = 'stage.done'"
            " GROUP BY stage_id HAVING count(*) <> 1"
        )
        == []
    )
    assert (
        shop.rows(
            "SELECT tenant_id FROM cell.events e JOIN cell.event_heads h USING (tenant_id)"
            " GROUP BY tenant_id, h.seq HAVING count(*) <> h.seq OR max(e.seq) <> h.seq"
        )
        == []
    )
    assert shop.rows("SELECT id FROM cell.runs WHERE unfinished <> 0 OR active <> 0") == []
    assert shop.one("SELECT count(*) FROM cell.stage_runs WHERE state <> 'done'") == 0


@pytest.mark.timeout(150)
def test_runs_survive_some_kills(tmp_path: Path) -> None:
    survive(tmp_path, kills=25, runs=5, seconds=18)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_runs_survive_two_hundred_kills(tmp_path: Path) -> None:
    survive(tmp_path, kills=200, runs=20, seconds=200)
