"""Migrations can be repeated, shared out, interrupted and resumed, a schema at a time."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from alembic.script import ScriptDirectory

from core.database import connect
from core.errors import Misconfigured, Unavailable
from core.settings import Settings
from models.migrations import BRANCHES, ROOT, versions
from services import tenants
from services.migrations import Report, migrate, tenant_versions
from tests.installations import (
    Planted,
    as_owner,
    as_tenant,
    database,
    installation,
    newer,
    plant,
    with_revisions,
)
from tests.servers import PostgresForTests

NOW, NEXT = newer("tenant"), newer("tenant", 1)
ADD_COLUMN = "op.execute('ALTER TABLE assets ADD COLUMN colour text')"
SLOWLY = f"{ADD_COLUMN}; op.execute('SELECT pg_sleep(0.15)')"


@pytest.fixture
def settings(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Settings]:
    with installation(postgres, tmp_path / "data") as made:
        yield made


def _revisions(settings: Settings) -> dict[UUID, tuple[str, str, bool]]:
    """What the cell says of each tenant, what its schema says, and whether the column is there."""
    found = {}
    with as_owner(settings) as (connection, _):
        for tenant_id, version in connection.execute(
            "SELECT tenant_id, schema_version FROM cell.tenants"
        ).fetchall():
            schema = f"t_{tenant_id.hex}"
            own = connection.execute(f"SELECT version_num FROM {schema}.alembic_version".encode())
            columns = connection.execute(
                "SELECT count(*) = 1 FROM information_schema.columns"
                " WHERE table_schema = %s AND table_name = 'assets' AND column_name = 'colour'",
                [schema],
            )
            (there,), (is_there,) = own.fetchone() or ("",), columns.fetchone() or (False,)
            found[tenant_id] = (version, there, is_there)
    return found


def test_the_files_names_say_what_alembic_says() -> None:
    for branch in BRANCHES:
        script = ScriptDirectory(str(ROOT / branch))
        assert versions(branch) == tuple(
            reversed([revision.revision for revision in script.walk_revisions()])
        )


def test_this_release_works_on_its_revision_and_the_one_before(tmp_path: Path) -> None:
    root = with_revisions(tmp_path, "tenant", "pass", "pass")
    assert tenant_versions(root) == (newer("tenant", 2), NEXT)


def test_a_second_migration_changes_nothing(settings: Settings) -> None:
    before = _revisions(settings)
    assert migrate(settings) == Report()
    assert _revisions(settings) == before


def test_many_migrations_at_once_make_one_installation(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    with installation(postgres, tmp_path, migrated=False) as settings:
        with ProcessPoolExecutor(3, get_context("spawn")) as pool:
            reports = list(pool.map(migrate, [settings] * 3))
        assert [one.slug for one in tenants.list_all(settings)] == ["default"]
    assert all(report.failed == {} for report in reports)


def test_the_applications_login_has_its_time_limits(settings: Settings) -> None:
    assert settings.database_url is not None
    with connect(settings.database_url) as connection:
        limits = [
            connection.execute(f"SHOW {name}".encode()).fetchone()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
    assert limits == [("30s",), ("5s",), ("30s",)]


def test_a_login_that_walls_would_not_bind_is_refused(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    with installation(postgres, tmp_path, migrated=False) as settings:
        assert settings.database_url is not None
        name = settings.database_url.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(postgres.url, autocommit=True) as superuser:
            superuser.execute(f'ALTER ROLE "{name}_app" BYPASSRLS'.encode())
        with pytest.raises(Misconfigured, match="the walls between tenants would not bind it"):
            migrate(settings)


def test_an_owner_that_may_not_make_roles_is_told_so(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    with installation(postgres, tmp_path, migrated=False) as settings:
        assert settings.database_url is not None
        name = settings.database_url.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(postgres.url, autocommit=True) as superuser:
            superuser.execute(f'ALTER ROLE "{name}_owner" NOCREATEROLE'.encode())
        with pytest.raises(Misconfigured, match=r"must own the database .* and have CREATEROLE"):
            migrate(settings)


@pytest.mark.parametrize("processes", [1, 2])
def test_every_tenant_is_migrated(settings: Settings, tmp_path: Path, processes: int) -> None:
    for number in range(5):
        tenants.create(settings, f"tenant-{number}")
    root = with_revisions(tmp_path, "tenant", ADD_COLUMN)
    assert migrate(settings, processes=processes, root=root) == Report(migrated=6)
    assert set(_revisions(settings).values()) == {(NEXT, NEXT, True)}
    new = tenants.create(settings, "new", root=root)  # not upgraded, but made at once
    assert _revisions(settings)[new.id] == (NEXT, NEXT, True)


def test_a_new_table_is_the_tenants_to_use_and_its_revision_is_not(
    settings: Settings, tmp_path: Path
) -> None:
    planted = plant(settings, "user")
    table = "op.execute('CREATE TABLE notes (id serial, note text)')"
    migrate(settings, root=with_revisions(tmp_path, "tenant", table))
    with as_tenant(settings, planted) as connection:
        connection.execute("INSERT INTO notes (note) VALUES ('x')")
    for statement in ("SELECT * FROM alembic_version", "DELETE FROM alembic_version"):
        refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
        with refused, as_tenant(settings, planted) as connection:
            connection.execute(statement.encode())


def test_a_migration_killed_half_way_is_resumed(settings: Settings, tmp_path: Path) -> None:
    for number in range(9):
        tenants.create(settings, f"tenant-{number}")
    root = with_revisions(tmp_path, "tenant", SLOWLY)
    program = (
        "import sys; from pathlib import Path; from core.settings import Settings;"
        "from services.migrations import migrate; migrate(Settings(), root=Path(sys.argv[1]))"
    )
    environment = os.environ | {
        "DATABASE_URL": settings.database_url or "",
        "DATABASE_ADMIN_URL": settings.database_admin_url or "",
    }
    child = subprocess.Popen([sys.executable, "-c", program, str(root)], env=environment)
    try:
        while sum(done for *_, done in _revisions(settings).values()) < 3:
            assert child.poll() is None
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    half = _revisions(settings)
    assert set(half.values()) == {(NOW, NOW, False), (NEXT, NEXT, True)}
    left = sum(version == NOW for version, *_ in half.values())
    report = migrate(settings, processes=2, root=root)
    assert set(_revisions(settings).values()) == {(NEXT, NEXT, True)}
    assert report.failed == {}
    assert report.migrated <= left  # what had been done was not done again


def test_a_tenant_that_cannot_be_migrated_holds_up_no_other(
    settings: Settings, tmp_path: Path
) -> None:
    odd, even = (tenants.create(settings, name) for name in ("odd", "even"))
    with as_owner(settings) as (connection, _):
        connection.execute(f"ALTER TABLE t_{odd.id.hex}.assets ADD COLUMN colour text".encode())
    root = with_revisions(tmp_path, "tenant", ADD_COLUMN)
    report = migrate(settings, root=root)
    assert report.migrated == 2
    assert list(report.failed) == [odd.id]
    assert 'column "colour" of relation "assets" already exists' in report.failed[odd.id]
    assert _revisions(settings)[odd.id] == (NOW, NOW, True)
    assert _revisions(settings)[even.id] == (NEXT, NEXT, True)


def test_a_table_in_use_is_waited_for_without_holding_up_its_users(
    settings: Settings, tmp_path: Path
) -> None:
    planted = plant(settings, "busy")
    root = with_revisions(tmp_path, "tenant", ADD_COLUMN)
    reading, migrated = threading.Event(), threading.Event()

    def read_for_long() -> None:
        with as_tenant(settings, planted) as connection:
            connection.execute("SELECT * FROM assets")
            reading.set()
            time.sleep(2.5)
            assert not migrated.is_set()

    reader = threading.Thread(target=read_for_long)
    reader.start()
    reading.wait()
    report = migrate(settings, root=root)
    migrated.set()
    reader.join()
    assert report == Report(migrated=2)


# ── the code of a release on tenants of another ───────────────────────────────────────────


def _claims(settings: Settings, release: tuple[str, ...]) -> set[UUID]:
    """The tenants whose stages a worker of that release gets; they are given back."""
    assert settings.database_url is not None
    found = set()
    with connect(settings.database_url, autocommit=False) as connection:
        for _ in range(10):
            row = connection.execute(
                "SELECT tenant_id FROM cell.claim('light', %s, '8 seconds', %s)",
                [uuid4(), list(release)],
            ).fetchone()
            if row is not None:
                found.add(row[0])
        connection.rollback()
    return found


def test_tenants_at_n_and_the_one_before_work_and_all_others_wait(
    settings: Settings, tmp_path: Path
) -> None:
    shape = "op.execute('ALTER TABLE assets ADD COLUMN shape text')"
    root2 = with_revisions(tmp_path / "2", "tenant", ADD_COLUMN)
    root3 = with_revisions(tmp_path / "3", "tenant", ADD_COLUMN, shape)
    last = newer("tenant", 2)
    at: dict[str, Planted] = {
        NOW: plant(settings, "at-1"),
        NEXT: plant(settings, "at-2", root=root2),
        last: plant(settings, "at-3", root=root3),
    }
    for root, works in ((ROOT, {NOW}), (root2, {NEXT, NOW}), (root3, {last, NEXT})):
        release = tenant_versions(root)
        pool = database(settings, versions=release)
        for version, planted in at.items():
            if version in works:
                with pool.tenant_scope(planted.id) as session:
                    assert (
                        session.connection().exec_driver_sql("SELECT count(*) FROM assets").scalar()
                    )
            else:
                with pytest.raises(Unavailable) as caught, pool.tenant_scope(planted.id) as session:
                    session.connection()
                assert caught.value.retry_after > 0
        pool.dispose()
        assert _claims(settings, release) == {at[version].id for version in works}
    migrate(settings, root=root3)
    assert _claims(settings, tenant_versions(root3)) == {one.id for one in at.values()}


# ── data under row-level security ─────────────────────────────────────────────────────────

_MARK_RUNS = "backfill('cell.runs', assignments=\"recipe = recipe || '!'\", where='true')"


def _recipes(settings: Settings) -> list[str]:
    with as_owner(settings) as (connection, _):
        connection.execute("ALTER TABLE cell.runs NO FORCE ROW LEVEL SECURITY")
        found = connection.execute("SELECT recipe FROM cell.runs ORDER BY 1").fetchall()
        connection.execute("ALTER TABLE cell.runs FORCE ROW LEVEL SECURITY")
    return [recipe for (recipe,) in found]


def test_a_data_migration_reaches_every_tenants_rows(settings: Settings, tmp_path: Path) -> None:
    for name in ("a", "b"):
        plant(settings, name, mark=name)
    migrate(settings, root=with_revisions(tmp_path, "cell", f"assert {_MARK_RUNS} == 2"))
    assert _recipes(settings) == ["a recipe!", "b recipe!"]


def test_a_data_migration_that_cannot_see_every_row_fails_aloud(
    settings: Settings, tmp_path: Path
) -> None:
    plant(settings, "a", mark="a")
    with as_owner(settings) as (connection, _):
        connection.execute("DROP POLICY migrator ON cell.runs")
        silent = connection.execute("UPDATE cell.runs SET recipe = 'lost'")
        assert silent.rowcount == 0  # which is why it has to be asked
    root = with_revisions(tmp_path, "cell", _MARK_RUNS)
    with pytest.raises(RuntimeError, match=r"cannot see every row of cell\.runs"):
        migrate(settings, root=root)
    assert _recipes(settings) == ["a recipe"]
