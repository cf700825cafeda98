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
from contextlib import closing, contextmanager, suppress
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
from services import assets, runs, tenants
from services.installation import Installation, Place
from services.migrations import migrate
from tests.workers.stages import spec
from tests.workers.workshop import STAGES, Workshop, until
from transcoders.tools import get_tools

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "AUTOMATOR_STAGES": STAGES,
    "FREE_SPACE_RESERVE_BYTES": "0",
    "RETRY_SECONDS": "0.2",
    # Shorter than in the field, so that nobody waits long for what the dead held.
    "LEASE_SECONDS": "3",
    "RENEW_SECONDS": "0.75",
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
VIDEO_EVERY = 4  # runs, the first of them is one


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
        deep = [deep for child in pool for deep in children(child.pid, deep=True)]
        if victim == "ffmpeg":
            deep = [child for child in deep if is_ffmpeg(child)]
        return self._kill([child.pid for child in deep])

    def _kill(self, pids: list[int]) -> bool:
        pids = [pid for pid in pids if pid > 1 and is_alive(pid)]
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


def is_alive(pid: int) -> bool:
    """Whether there is something to kill: what only waits to be reaped does not count."""
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def is_ffmpeg(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.name().startswith("ffmpeg")
    return False


def make_clip(folder: Path) -> Path:
    """Two seconds with sound, long enough in the works for ffmpeg to be caught at it."""
    clip = folder / "clip.avi"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=426x240:rate=30:duration=2")
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2")
    encode = ("-c:v", "mpeg4", "-c:a", "libmp3lame")
    program = str(get_tools().ffmpeg)
    subprocess.run([program, "-v", "error", *picture, *sound, *encode, str(clip)], check=True)
    return clip


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
        shop = Workshop(settings, installation, places, superuser_url=superuser)
        with closing(shop):
            yield made, shop
    finally:
        made.close()


def start(shop: Workshop, tenant: int, clip: Path | None) -> UUID:
    """The recipe `video` on a clip, or without one the graph of stages that burn time."""
    if clip is None:
        return shop.start(GRAPH, tenant=tenant, with_asset=True)
    place = shop.places[tenant]
    storage = shop.installation.storage
    received = assets.receive(storage, place.tenant_id, clip, clip.name, reserve=0)
    with shop.installation.tenant_scope(place) as session:
        return runs.start(session, place.tenant_id, assets.record(session, received)).id


def persist(shop: Workshop, tenant: int, clip: Path | None) -> UUID:
    """Start a run, however often the database is away meanwhile."""
    while True:
        try:
            return start(shop, tenant, clip)
        except (SQLAlchemyError, psycopg.Error) as error:
            # Only a database that is away is no reason to fail.
            if "syntax" in str(error) or "denied" in str(error):
                raise
            time.sleep(0.2)


def survive(folder: Path, *, kills: int, count: int, seconds: float) -> None:
    seed = int(os.environ.get("CHAOS_SEED", secrets.randbelow(1 << 32)))
    print(f"CHAOS_SEED={seed}")
    dice = random.Random(seed)
    clip = make_clip(folder)
    with arena(folder, dice, tenant_count=3) as (hurting, shop):
        expected = {}
        for kind in (None, clip):
            undisturbed = start(shop, 0, kind)
            assert shop.ended(undisturbed, seconds=60) == ["done"]
            expected[kind] = shop.digests(undisturbed)
        done: Counter[str] = Counter()
        started: list[tuple[UUID, int, Path | None]] = []

        def begin() -> None:
            number = len(started)
            kind = clip if number % VIDEO_EVERY == 0 else None
            started.append((persist(shop, number % 3, kind), number % 3, kind))
            if kind is not None:
                done["ffmpeg"] += catch_ffmpeg(hurting)

        # An emptied broker is a misfortune, and no kill.
        while done.total() - done["flush"] < kills:
            if len(started) * kills <= done.total() * count and len(started) < count:
                begin()
            (victim,) = dice.choices(list(VICTIMS), list(VICTIMS.values()))
            done[victim] += hurting.hurt(victim)
            time.sleep(dice.uniform(0.1, 2 * seconds / kills))
        while len(started) < count:
            begin()
        print(dict(done))
        wait_for_all(shop, [run for run, _, _ in started])
        for run, tenant, kind in started:
            assert shop.digests(run, tenant) == expected[kind]
        assert done["ffmpeg"] > 0
        check_history(shop)


def catch_ffmpeg(hurting: Arena) -> bool:
    """Kill an ffmpeg as soon as one runs; False when none was seen for a while."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if hurting.hurt("ffmpeg"):
            return True
        time.sleep(0.02)
    return False


def wait_for_all(shop: Workshop, waiting: list[UUID]) -> None:
    end = time.monotonic() + 90
    while True:
        states: list[str] = []
        with suppress(psycopg.OperationalError):
            states = [shop.state(run) for run in waiting]
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
    survive(tmp_path, kills=12, count=3, seconds=9)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_runs_survive_two_hundred_kills(tmp_path: Path) -> None:
    survive(tmp_path, kills=200, count=20, seconds=200)
