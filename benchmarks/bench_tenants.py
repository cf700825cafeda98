"""What tenants cost: making one among a thousand, migrating a thousand, entering one, its memory.

    python -m benchmarks.bench_tenants [TENANTS]

On a durable PostgreSQL of its own (fsync on). Every creation and every scope is the product's own,
with the connections that it opens.
"""

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from sqlalchemy import text

from core.database import Database
from core.embedded import EmbeddedServers
from core.settings import Settings
from models.migrations import ROOT
from services import tenants
from services.migrations import migrate
from services.tenants import TenantInfo

_SAMPLES = 50
_TOUCHED = 200


def created(settings: Settings, count: int, prefix: str) -> list[float]:
    """Makes tenants; the milliseconds that each took."""
    taken = []
    for number in range(count):
        began = time.perf_counter()
        tenants.create(settings, f"{prefix}-{number}")
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def column_added(settings: Settings, folder: Path, columns: int, processes: int) -> float:
    """Adds the `columns`th column to every tenant; seconds, the start of processes included."""
    root = folder / f"migrations-{columns}"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns("__pycache__"))
    for number in range(2, columns + 2):
        (root / "tenant" / "versions" / f"{number:04}_column.py").write_text(
            "from alembic import op\n"
            f"revision, down_revision = '{number:04}', '{number - 1:04}'\n"
            "def upgrade():\n"
            f"    op.execute('ALTER TABLE assets ADD COLUMN column_{number} text')\n"
        )
    began = time.perf_counter()
    report = migrate(settings, processes=processes, root=root)
    taken = time.perf_counter() - began
    assert not report.failed
    assert report.migrated == len(tenants.list_all(settings))
    return taken


def entered(database: Database, known: list[TenantInfo]) -> list[float]:
    """Enters each tenant and reads one row; the milliseconds that each took."""
    taken = []
    for tenant in known:
        began = time.perf_counter()
        with database.tenant_scope(tenant.id) as session:
            session.execute(text("SELECT id FROM assets LIMIT 1"))
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def backend_megabytes(settings: Settings, known: list[TenantInfo]) -> tuple[float, float]:
    """A connection's own memory before and after it has met the tenants."""
    database = Database(settings.database_url or "", pool_size=1)
    with database.transaction() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    before = psutil.Process(pid).memory_full_info().uss / 1e6
    entered(database, known)
    after = psutil.Process(pid).memory_full_info().uss / 1e6
    database.dispose()
    return before, after


def main() -> int:
    """Measures and prints; 1 where a bound is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder,
        EmbeddedServers(Path(folder) / "data", valkey=False) as urls,
    ):
        settings = Settings(
            data_dir=Path(folder) / "data",
            database_url=urls.database_url,
            database_admin_url=urls.database_admin_url,
        )
        migrate(settings)
        began = time.perf_counter()
        first = created(settings, count - 1, "present")
        filling = time.perf_counter() - began
        among = created(settings, _SAMPLES, "measured")
        known = tenants.list_all(settings)
        database = Database(settings.database_url or "", pool_size=1)
        cold = entered(database, known[:_TOUCHED])
        warm = entered(database, known[:_TOUCHED])
        database.dispose()
        empty, full = backend_megabytes(settings, known[:_TOUCHED])
        one = column_added(settings, Path(folder), 1, 1)
        two = column_added(settings, Path(folder), 2, 2)
    p50, p95 = statistics.median(among), statistics.quantiles(among, n=20)[18]
    rows = [
        ("tenant created, among the first 50, p50", f"{statistics.median(first[:50]):.0f} ms", ""),
        (f"tenant created with {count:,} present, p50", f"{p50:.0f} ms", "< 100 ms"),
        (f"tenant created with {count:,} present, p95", f"{p95:.0f} ms", ""),
        (f"{count:,} tenants created, one after the other", f"{filling:.1f} s", ""),
        (f"column added to {len(known):,} tenants, 1 process", f"{one:.1f} s", ""),
        (f"column added to {len(known):,} tenants, 2 processes", f"{two:.1f} s", "< 10 s"),
        ("tenant entered and read, first time on a connection, p50", _ms(cold), ""),
        ("tenant entered and read, again, p50", _ms(warm), ""),
        (
            f"a connection's own memory, fresh → {_TOUCHED} tenants",
            f"{empty:.0f} → {full:.0f} MB",
            "",
        ),
    ]
    print("| what | measured | bound |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    return int(p50 >= 100 or two >= 10)


def _ms(taken: list[float]) -> str:
    return f"{statistics.median(taken):.2f} ms"


if __name__ == "__main__":
    sys.exit(main())
