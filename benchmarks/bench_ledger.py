"""What the ledger costs: overhead a stage, no-op stages a second, and claims at a million.

    python -m benchmarks.bench_ledger [ROWS]

Stages are real, workers and relay are real processes, and both servers are durable ones. Rows
visited are those that the claim's statements fetched, from PostgreSQL's own counters.
"""

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import redis

from core.database import Database
from core.embedded import EmbeddedServers, EmbeddedUrls
from pipeline.plan.types import Graph
from services import ledger
from services.migrations import tenant_versions
from tests.servers import PostgresForTests
from tests.workers.stages import spec
from tests.workers.workshop import Workshop, until, workshop
from workers.app import broker_url

_SINGLES, _CHAIN = 200, 100
_DRAINED = 10_000
_CLAIMS = 2000
_UPDATES = 100_000
_FLOOR = 5000

Row = tuple[str, str, str]


def main() -> int:
    """Print the table; 1 where a bound is not kept."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rows: list[tuple[Row, bool]] = []
    print("| what | measured | bound |\n|---|---|---|", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder,
        EmbeddedServers(Path(folder) / "servers") as urls,
    ):
        steps: tuple[Callable[[], Iterator[tuple[Row, bool]]], ...] = (
            lambda: overhead(urls, Path(folder) / "overhead"),
            lambda: drain(urls, Path(folder) / "drain"),
            lambda: floor(urls),
            lambda: claims(urls, Path(folder) / "one", count, 1),
            lambda: claims(urls, Path(folder) / "thousand", count, 1000),
        )
        for step in steps:
            for row, kept in step():
                rows.append((row, kept))
                print(f"| {' | '.join(row)} |", flush=True)
    return int(not all(kept for _, kept in rows))


@contextlib.contextmanager
def opened(urls: EmbeddedUrls, folder: Path) -> Iterator[Workshop]:
    """An installation of its own on the servers of the measurement."""
    assert urls.database_superuser_url is not None
    assert urls.redis_url is not None
    folder.mkdir()
    server = PostgresForTests(urls.database_superuser_url)
    with workshop(server, urls.redis_url, folder, lease_seconds=8.0) as shop:
        yield shop


def overhead(urls: EmbeddedUrls, folder: Path) -> Iterator[tuple[Row, bool]]:
    """From ready to running with an idle worker, and from done to the next one's running."""
    with opened(urls, folder) as shop:
        shop.relay()
        shop.worker(slots=2)
        for _ in range(20):
            shop.ended(shop.start(Graph((spec("noop.warm"),))))
        singles = [shop.start(Graph((spec("noop.one"),))) for _ in _paced(shop, _SINGLES)]
        ready = shop.rows(
            "SELECT extract(epoch FROM started_at - ready_at) * 1000 FROM cell.stage_runs"
            " WHERE run_id = ANY(%(runs)s)",
            runs=singles,
        )
        chain = [spec("noop.0")]
        for number in range(1, _CHAIN):
            chain.append(spec(f"noop.{number}", needs=(chain[-1].name,)))
        chained = [shop.start(Graph(tuple(chain))) for _ in _paced(shop, 5)]
        shop.ended(*chained, seconds=60)
        after = shop.rows(
            "SELECT extract(epoch FROM s.started_at - n.finished_at) * 1000 FROM cell.stage_edges e"
            " JOIN cell.stage_runs s ON s.id = e.stage_id"
            " JOIN cell.stage_runs n ON n.id = e.needs_id"
            " WHERE s.run_id = ANY(%(runs)s)",
            runs=chained,
        )
    for name, taken in (("ready → running", ready), ("done → next running", after)):
        p50, p99 = _p50_p99([float(row[0]) for row in taken])
        kept = p50 <= 10 and p99 <= 50
        yield (f"{name}, p50 / p99", f"{p50:.1f} / {p99:.1f} ms", "10 / 50 ms"), kept


def _paced(shop: Workshop, count: int) -> Iterator[int]:
    for number in range(count):
        yield number
        until(
            lambda: shop.one("SELECT count(*) FROM cell.runs WHERE finished_at IS NULL") == 0,
            30,
            "the run ends",
        )


def drain(urls: EmbeddedUrls, folder: Path) -> Iterator[tuple[Row, bool]]:
    """No-op stages through two workers."""
    with opened(urls, folder) as shop:
        shop.relay()
        for _ in range(2):
            shop.worker(slots=1)
        shop.ended(shop.start(Graph((spec("noop.warm"),))))
        run = shop.start(Graph(tuple(spec(f"noop.{n}") for n in range(_DRAINED))))
        shop.ended(run, seconds=300)
        seconds = float(
            shop.one(
                "SELECT extract(epoch FROM max(finished_at) - min(ready_at))"
                " FROM cell.stage_runs WHERE run_id = %(run)s",
                run=run,
            )
        )
    rate = _DRAINED / seconds
    yield (f"{_DRAINED:,} no-op stages, 2 workers", f"{rate:.0f} a second", "≥ 300"), rate >= 300


def floor(urls: EmbeddedUrls) -> Iterator[tuple[Row, bool]]:
    """Celery's no-op tasks on the same broker with as many processes, for comparison."""
    assert urls.redis_url is not None
    os.environ["FLOOR_BROKER"] = broker_url(urls.redis_url)
    from benchmarks.celery_floor import noop

    client = redis.Redis.from_url(urls.redis_url)
    for _ in range(_FLOOR):
        noop.delay()
    command = [sys.executable, "-m", "celery", "-A", "benchmarks.celery_floor", "worker"]
    worker = subprocess.Popen(
        [*command, "-c", "2", "-Q", "floor", "-l", "ERROR", "--without-gossip", "--without-mingle"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: client.llen("floor") < _FLOOR - 100, 30, "Celery begins")
    began, left = time.monotonic(), client.llen("floor")
    until(lambda: client.llen("floor") == 0, 120, "Celery ends")
    rate = left / (time.monotonic() - began)
    worker.kill()
    worker.wait()
    client.close()
    yield ("Celery alone, no-op tasks, 2 processes", f"{rate:.0f} a second", ""), True


def claims(
    urls: EmbeddedUrls, folder: Path, count: int, tenants: int
) -> Iterator[tuple[Row, bool]]:
    """One at a time, then sixteen at once, over `count` ready stages of so many tenants."""
    with opened(urls, folder) as shop:
        _fill(shop, count, tenants)
        versions = tuple(tenant_versions())
        database = Database(shop.installation.cell().url, pool_size=1)
        taken = []
        running: list[UUID] = []
        for _ in range(_CLAIMS):
            began = time.perf_counter()
            held = ledger.claim(database, "media", lease_seconds=600, versions=versions)
            taken.append((time.perf_counter() - began) * 1000)
            assert held is not None
            # As in the field: few stages run at a time.
            running.append(held.stage_id)
            if len(running) == 16:
                _end(shop, running)
                running.clear()
        database.dispose()
        visited = _visited(shop, versions)
        different = _at_once(shop, versions)
    p50, p99 = _p50_p99(taken)
    name = f"at {count:,} ready over {tenants:,} tenant{'s' if tenants > 1 else ''}"
    yield (f"claim {name}, p50 / p99", f"{p50:.2f} / {p99:.2f} ms", "p99 < 5 ms"), p99 < 5
    yield (f"rows visited by a claim {name}, most of 50", f"{visited}", "< 100"), visited < 100
    row = (f"16 claimers at once {name}", f"{different} different stages", "16")
    yield row, different == 16


def _end(shop: Workshop, stages: list[UUID]) -> None:
    with psycopg.connect(shop.superuser_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE cell.stage_runs SET state = 'done', holder = NULL, lease_until = NULL"
            " WHERE id = ANY(%s)",
            [stages],
        )


def _fill(shop: Workshop, count: int, tenants: int) -> None:
    version = tenant_versions()[0]
    with psycopg.connect(shop.superuser_url, autocommit=True) as connection:
        for _ in range(tenants - 1):
            connection.execute(
                "WITH made AS (INSERT INTO cell.tenants (tenant_id, schema_version)"
                " VALUES (%s, %s) RETURNING tenant_id)"
                " INSERT INTO cell.event_heads (tenant_id) SELECT tenant_id FROM made",
                [uuid4(), version],
            )
        connection.execute(
            "INSERT INTO cell.runs (tenant_id, recipe, unfinished, active)"
            " SELECT tenant_id, 'bench', %(n)s, %(n)s FROM cell.tenants",
            {"n": count // tenants},
        )
        connection.execute(
            "INSERT INTO cell.stage_runs (tenant_id, run_id, lane, name, queue, class, state,"
            " ready_at) SELECT r.tenant_id, r.id, t.lane, 'noop.' || g, 'media',"
            " (g %% 4 = 0)::int, 'ready', now() FROM generate_series(1, %s) g"
            " CROSS JOIN cell.runs r JOIN cell.tenants t USING (tenant_id)"
            " WHERE r.recipe = 'bench'",
            [count // tenants],
        )
        connection.execute(
            "UPDATE cell.stage_runs SET position = nextval('cell.position'), ready_at = now()"
            " WHERE id IN (SELECT id FROM cell.stage_runs LIMIT %s)",
            [_UPDATES],
        )
        # The dead rows stay; only the disk's work on a million fresh ones is done before.
        connection.execute("CHECKPOINT")


def _visited(shop: Workshop, versions: tuple[str, ...]) -> int:
    """The most rows that one of fifty claims fetched, its own bookkeeping included.

    EXPLAIN does not look into functions; PostgreSQL's counters of the transaction do.
    """
    counted = (
        "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))"
        " FROM pg_stat_xact_user_tables WHERE schemaname = 'cell'"
    )
    most = 0
    with psycopg.connect(shop.superuser_url) as connection:
        for _ in range(50):
            # What earlier transactions counted may not have been sent off yet.
            before = connection.execute(counted).fetchone()
            connection.execute(
                "SELECT * FROM cell.claim('media', %s, '8 s', %s)", [uuid4(), list(versions)]
            )
            after = connection.execute(counted).fetchone()
            connection.rollback()
            assert before is not None
            assert after is not None
            most = max(most, int(after[0] or 0) - int(before[0] or 0))
    return most


def _at_once(shop: Workshop, versions: tuple[str, ...]) -> int:
    databases = [Database(shop.installation.cell().url, pool_size=1) for _ in range(16)]
    for database in databases:
        ledger.backlog(database, limit=1)
    got = []
    gate = threading.Barrier(16)

    def take(database: Database) -> None:
        gate.wait()
        held = ledger.claim(database, "media", lease_seconds=600, versions=versions)
        got.append(held.stage_id if held else None)

    threads = [threading.Thread(target=take, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.dispose()
    return len(set(got) - {None})


def _p50_p99(values: list[float]) -> tuple[float, float]:
    return statistics.median(values), statistics.quantiles(values, n=100)[98]


if __name__ == "__main__":
    sys.exit(main())
