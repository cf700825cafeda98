"""A whole installation for tests of the ledger: real servers, real workers, real relays."""

import hashlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import psutil
import psycopg
from sqlalchemy import text

from core.embedded.processes import spawn
from core.keys import source_key
from core.settings import CellUrls, Settings
from models.asset import Asset
from models.run import Run
from pipeline.plan.types import Graph
from services import ledger, tenants
from services.installation import MAIN_CELL, Installation, Place
from services.migrations import migrate
from tests.installations import MASTER_KEY, environment
from tests.processes import seen
from tests.servers import PostgresForTests

ROOT = Path(__file__).parents[2]
STAGES = "tests.workers.stages:STAGES"
# What programs need to know of an emulator of cloud storage.
_STORE = ("STORAGE_EMULATOR_HOST",)


@dataclass(slots=True)
class Program:
    """A running worker or relay."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def pool(self) -> list[psutil.Process]:
        """The processes of a worker's pool."""
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(self.pid).children()
        return []

    def children(self) -> list[psutil.Process]:
        """What the processes of the pool have started."""
        return [
            child
            for family in seen(self.pool(), lambda member: member.children(recursive=True))
            for child in family
        ]

    def sleepers(self) -> list[psutil.Process]:
        """The children of stages that burn time."""
        named = seen(self.children(), lambda child: (child.name(), child))
        return [child for name, child in named if name == "sleep"]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, patience: float = 30.0) -> float:
        """SIGTERM; the seconds until it was gone."""
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(patience)
        return time.monotonic() - began


@dataclass(slots=True)
class Workshop:
    """Where tests put runs in and watch what becomes of them."""

    settings: Settings
    installation: Installation
    places: list[Place]
    programs: list[Program] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    superuser_url: str = ""
    _watching: psycopg.Connection[Any] | None = None

    # ── programs ──

    def worker(self, queues: str = "media", slots: int = 1, **env: str) -> Program:
        """Start a worker and wait until it is registered."""
        before = {row.id for row in self._workers()}
        program = self._start(["workers", "--queues", queues, "--concurrency", str(slots)], env)
        until(lambda: {row.id for row in self._workers()} - before, 20, "a worker registers")
        return program

    def relay(self) -> Program:
        return self._start(["workers.relay"], {})

    def _start(self, arguments: list[str], env: dict[str, str]) -> Program:
        log = self.settings.data_dir / f"{arguments[0]}-{len(self.programs)}.log"
        with log.open("ab") as output:
            process = spawn(
                [sys.executable, "-m", *arguments],
                output=output.fileno(),
                cwd=ROOT,
                env=self.environment() | env,
            )
        program = Program(process, log)
        self.programs.append(program)
        return program

    def environment(self) -> dict[str, str]:
        """What programs of this installation are configured by."""
        settings = self.settings
        return {
            **environment(settings),
            "AUTOMATOR_STAGES": STAGES,
            "RETRY_SECONDS": "0.2",
            "GRACE_SECONDS": "1",
            "LEASE_SECONDS": str(settings.lease_seconds),
            "RENEW_SECONDS": str(settings.renew_seconds),
            **{name: os.environ[name] for name in _STORE if name in os.environ},
            **self.extra,
        }

    def _workers(self) -> Sequence[Any]:
        return [_Row(*row) for row in self.rows("SELECT id, slots FROM cell.workers")]

    # ── runs ──

    def start(
        self, graph: Graph, *, tenant: int = 0, with_asset: bool = False, class_: int = 0
    ) -> UUID:
        """Put a run into the ledger."""
        place = self.places[tenant]
        with self.installation.tenant_scope(place) as session:
            asset_id = self._asset(session, place.tenant_id) if with_asset else None
            run = Run(
                tenant_id=place.tenant_id,
                asset_id=asset_id,
                recipe="test",
                class_=class_,
                state="running",
            )
            session.add(run)
            session.flush()
            ledger.insert_graph(session, run, graph)
            return run.id

    def _asset(self, session: Any, tenant_id: UUID) -> UUID:
        content = b"source of every test"
        sha256 = hashlib.sha256(content).hexdigest()
        asset = Asset(
            name="test",
            kind="video",
            mime="video/mp4",
            bytes=len(content),
            sha256=sha256,
            storage_key=secrets.token_hex(8),
        )
        session.add(asset)
        session.flush()
        asset.storage_key = source_key(tenant_id, asset.id)
        path = self.settings.data_dir / secrets.token_hex(8)
        path.write_bytes(content)
        self.installation.storage.put(asset.storage_key, path, consume=True)
        session.flush()
        return asset.id

    def one(self, statement: str, **values: object) -> Any:
        """The first value that a statement gives the superuser."""
        rows = self.rows(statement, **values)
        return rows[0][0] if rows else None

    def rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        # Who looks fifty times a second must not be a load itself.
        if self._watching is not None:
            try:
                return self._watching.execute(cast(Any, statement), values).fetchall()
            except psycopg.OperationalError:
                if not self._watching.broken:
                    raise
        self._watching = psycopg.connect(self.superuser_url, autocommit=True)
        return self._watching.execute(cast(Any, statement), values).fetchall()

    def close(self) -> None:
        """Kill every program that still runs, and let go of the servers."""
        for program in self.programs:
            if program.process.poll() is None:
                program.process.send_signal(signal.SIGKILL)
                with suppress(ProcessLookupError):
                    os.kill(program.pid, signal.SIGCONT)
            program.process.wait()
        self.installation.close()
        if self._watching is not None:
            self._watching.close()

    def state(self, run_id: UUID) -> str:
        return str(self.one("SELECT state FROM cell.runs WHERE id = %(run)s", run=run_id))

    def stage(self, run_id: UUID, name: str) -> dict[str, Any]:
        (row,) = self.rows(
            "SELECT to_jsonb(s) FROM cell.stage_runs s WHERE run_id = %(run)s AND name = %(name)s",
            run=run_id,
            name=name,
        )
        return dict(row[0])

    def ended(self, *runs: UUID, seconds: float = 30) -> list[str]:
        """Wait for runs to end; their states."""
        waiting = "SELECT count(*) FROM cell.runs WHERE id = ANY(%(runs)s) AND finished_at IS NULL"
        until(lambda: self.one(waiting, runs=list(runs)) == 0, seconds, "the runs end")
        return [self.state(run) for run in runs]

    def digests(self, run_id: UUID, tenant: int = 0) -> list[tuple[str, str, str]]:
        """The artifacts that a run chose; every one of them is read and checked."""
        with self.installation.tenant_scope(self.places[tenant]) as session:
            rows = session.execute(
                text(
                    "SELECT stage, path, sha256, storage_key FROM artifacts"
                    " WHERE run_id = :run ORDER BY stage, path"
                ),
                {"run": run_id},
            ).all()
        for row in rows:
            with self.installation.storage.open(row.storage_key) as stored:
                assert hashlib.sha256(stored.read()).hexdigest() == row.sha256
        return [(row.stage, row.path, row.sha256) for row in rows]

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection that sees everything, to look and not to touch."""
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            yield connection


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    slots: int


def until(true: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until something holds; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"after {seconds} s: not yet: {what}"
        time.sleep(0.02)


@contextmanager
def workshop(
    postgres: PostgresForTests,
    redis_url: str,
    folder: Path,
    *,
    tenant_count: int = 1,
    cells: int = 1,
    lease_seconds: float = 3.0,
    storage_url: str | None = None,
    **options: object,
) -> Iterator[Workshop]:
    """A fresh installation on the given servers; everything that it started is killed at the end.

    Leases are shorter than in the field, so that tests wait less.
    """
    made = [postgres.create_installation() for _ in range(cells)]
    settings = Settings(
        data_dir=folder,
        database_url=made[0].database_url,
        database_admin_url=made[0].database_admin_url,
        redis_url=redis_url,
        storage_url=storage_url or (folder / "storage").as_uri(),
        cells={
            f"cell{n}": CellUrls(url=more.database_url, admin_url=more.database_admin_url)
            for n, more in enumerate(made[1:], 2)
        },
        free_space_reserve_bytes=0,
        lease_seconds=lease_seconds,
        renew_seconds=lease_seconds / 4,
        **cast(Any, {"master_keys": MASTER_KEY, **options}),
    )
    migrate(settings)
    places = []
    for number in range(tenant_count):
        info = tenants.create(settings, f"tenant-{number}")
        places.append(Place(info.id, info.slug, info.name, info.cell))
    parts = psycopg.conninfo.conninfo_to_dict(postgres.url)
    parts["dbname"] = made[0].database
    address = psycopg.conninfo.make_conninfo("", **cast(Any, parts))
    shop = Workshop(settings, Installation(settings), places)
    shop.superuser_url = address
    try:
        yield shop
    finally:
        shop.close()
        for installation in made:
            postgres.drop_installation(installation)


__all__ = ["MAIN_CELL", "STAGES", "Program", "Workshop", "until", "workshop"]
