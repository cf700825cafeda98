"""Bringing databases to this release's schema: the directory, each cell, each tenant.

Every schema changes in a transaction of its own, so that a run that is killed is simply run again.
Changes go expand → backfill → contract over three releases, because the code of release N works on
tenants at the revisions N and N−1.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from io import StringIO
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from core.database import RoleNames, sqlalchemy_url, tenant_role
from core.errors import Misconfigured
from core.settings import Settings
from models.migrations import ROOT, tenant_versions, versions
from services.administration import Cell, OwnerConnection, as_migrator, cells, owner
from services.bootstrap import TURN, prepare_database
from services.installation import MAIN_CELL

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

__all__ = [
    "Report", "force_walls", "grants", "migrate", "render_tenant", "tenant_versions",
    "upgrade_script",
]  # fmt: skip

_SHARED = ("directory", "cell")
_VERSION_TABLE = "alembic_version"
_alembic = threading.RLock()  # Alembic's `op` is one for the whole process

# A schema that somebody uses all the time is tried again; requests never queue behind us for long.
_PATIENCE = 5
_LOCK_TIMEOUT = "2s"
_HELD_SECONDS = 60.0  # without progress, while another session holds what is left


@dataclass(slots=True)
class Report:
    """What a migration did; `failed` has the reason for every tenant that was left behind."""

    created: tuple[UUID, ...] = ()
    migrated: int = 0
    failed: dict[UUID, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def migrate(settings: Settings, *, processes: int = 1, root: Path = ROOT) -> Report:
    """Brings every database of the installation to the newest revisions.

    Makes the first tenant, `default`, where there is none, and ends creations that were cut short.
    Any number of these may run at once.
    """
    from services.tenants import finish_creations

    report = Report()
    known = cells(settings)
    for cell in known.values():
        report.warnings += _migrate_shared(cell, root)
    report.created = finish_creations(settings, root=root)
    for cell in known.values():
        for migrated, failed in _in_processes(cell, root, processes):
            report.migrated += migrated
            report.failed |= failed
    return report


@cache
def render_tenant(
    roles: RoleNames, root: Path = ROOT, revision: str = "head", *, since: str | None = None
) -> str:
    """The tenant branch up to a revision, as SQL for the schema that is first on the path.

    `since` is the revision that the schema is at; None is a new schema.
    """
    rendered = StringIO()
    with _environment("tenant", root, revision, as_sql=True, starting_rev=since) as environment:
        environment.configure(
            dialect_name="postgresql",
            dialect_opts={"paramstyle": "named"},  # leaves percent signs as they are
            output_buffer=rendered,
            **_options(roles),
        )
        environment.run_migrations()
    return rendered.getvalue()


def grants(schema: str) -> str:
    """What a tenant's role may do in its schema; given again after every migration of it."""
    return (
        f"GRANT USAGE ON SCHEMA {schema} TO {schema};"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {schema};"
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {schema};"
        f"REVOKE ALL ON {schema}.{_VERSION_TABLE} FROM {schema};"
    )


def force_walls(connection: OwnerConnection) -> None:
    """Binds the owner to row-level security again, where a restore was killed before it did."""
    connection.execute("""
        DO $$ DECLARE loose regclass; BEGIN
            FOR loose IN SELECT oid FROM pg_class
                          WHERE relnamespace IN (to_regnamespace('cell'),
                                                 to_regnamespace('directory'))
                            AND relrowsecurity AND NOT relforcerowsecurity LOOP
                EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', loose);
            END LOOP;
        END $$
    """)


def _migrate_shared(cell: Cell, root: Path) -> list[str]:
    """Roles and schemas, then the shared branches, each in one transaction; warnings."""
    directory = cell.name == MAIN_CELL
    with owner(cell) as connection:
        if connection.info.server_version < 180000:
            raise Misconfigured(f"the database of cell {cell.name!r} is older than PostgreSQL 18")
        warnings = prepare_database(connection, cell, directory=directory)
        branches = _SHARED if directory else _SHARED[1:]
        with as_migrator(connection, cell):
            # Loading Alembic takes longer than all else that a start without news has to do.
            behind = [
                one for one in branches if _revision(connection, one) != versions(one, root)[-1]
            ]
    if behind:
        with _engine(cell) as engine:
            for branch in behind:
                with engine.begin() as connection:
                    connection.exec_driver_sql("SET LOCAL lock_timeout = '120s'")
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({TURN})")
                    _upgrade(connection, cell, branch, branch, root)
    with owner(cell) as connection, as_migrator(connection, cell):
        force_walls(connection)
    return warnings


def _revision(connection: OwnerConnection, branch: str) -> str | None:
    """The revision that a shared branch is at; None where it is not there yet."""
    table = f"{branch}.{_VERSION_TABLE}"
    if connection.execute("SELECT to_regclass(%s)", [table]).fetchone() == (None,):
        return None
    found = connection.execute(f"SELECT version_num FROM {table}".encode()).fetchall()  # noqa: S608
    return str(found[0][0]) if len(found) == 1 else None


def _in_processes(cell: Cell, root: Path, processes: int) -> Iterator[tuple[int, dict[UUID, str]]]:
    """The tenants of a cell, shared out among processes by the locks on their rows."""
    if processes <= 1:
        yield _migrate_tenants(cell, root)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(_migrate_tenants, [cell] * processes, [root] * processes)


def _migrate_tenants(cell: Cell, root: Path) -> tuple[int, dict[UUID, str]]:
    """Migrates tenants until none is behind; how many were done here, and who failed.

    Those that another process is at are waited for, since it may die.
    """
    migrated = 0
    failed: dict[UUID, str] = {}
    attempts: dict[UUID, int] = {}
    deadline = time.monotonic() + _HELD_SECONDS
    with owner(cell) as connection:
        while True:
            tenant_id = None
            try:
                with as_migrator(connection, cell):
                    tenant_id, since, behind = _next_behind(connection, root, failed)
                    if tenant_id is not None:
                        script = upgrade_script(cell, tenant_id, since, root)
                        connection.execute(script.encode())
                        connection.execute(
                            "UPDATE cell.tenants SET schema_version = %s WHERE tenant_id = %s",
                            [tenant_versions(root)[0], tenant_id],
                        )
                if tenant_id is not None:
                    migrated += 1
                    deadline = time.monotonic() + _HELD_SECONDS
                elif not behind:
                    return migrated, failed
                elif time.monotonic() > deadline:
                    return migrated, failed | dict.fromkeys(behind, "another session holds it")
                else:
                    time.sleep(0.05)
            except psycopg.Error as error:
                if tenant_id is None:
                    raise
                attempts[tenant_id] = attempts.get(tenant_id, 0) + 1
                busy = isinstance(error, psycopg.errors.LockNotAvailable)
                if not busy or attempts[tenant_id] >= _PATIENCE:
                    failed[tenant_id] = str(error).splitlines()[0]


def _next_behind(
    connection: OwnerConnection, root: Path, failed: dict[UUID, str]
) -> tuple[UUID | None, str, list[UUID]]:
    """Takes the next tenant at an older revision; if none can be had, those that others hold.

    The lock on its row lets the ledger go on.
    """
    query = (
        "SELECT tenant_id, schema_version FROM cell.tenants WHERE schema_version = ANY (%s)"
        " AND tenant_id <> ALL (%s) ORDER BY lane"
    )
    values = [list(versions("tenant", root)[:-1]), list(failed)]
    take = f"{query} LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED".encode()
    if (taken := connection.execute(take, values).fetchone()) is not None:
        return taken[0], taken[1], []
    behind = connection.execute(query.encode(), values).fetchall()
    return None, "", [tenant_id for tenant_id, _ in behind]


def upgrade_script(cell: Cell, tenant_id: UUID, since: str, root: Path) -> str:
    """What brings one tenant's schema from a revision to the newest, in one round trip.

    Not waiting for the disk is safe: what a crash takes back, the next migration does again.
    """
    schema = tenant_role(tenant_id)
    return (
        f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'; SET LOCAL synchronous_commit = off;"
        f"SET LOCAL search_path = {schema}, pg_temp;"
        f"{render_tenant(cell.roles, root, since=since)};{grants(schema)}"
    )


def _upgrade(connection: "Connection", cell: Cell, branch: str, schema: str, root: Path) -> None:
    """Runs a branch's missing revisions in a schema, inside the caller's transaction."""
    _act_as_migrator(connection, cell, schema)
    with _environment(branch, root, "head") as environment:
        environment.configure(connection=connection, **_options(cell.roles, cell.app))
        environment.run_migrations()


def _act_as_migrator(connection: "Connection", cell: Cell, schema: str) -> None:
    connection.exec_driver_sql(
        f'SET LOCAL ROLE "{cell.roles.migrator}"; SET LOCAL search_path = "{schema}", pg_temp',
        execution_options={"no_parameters": True},
    )


def _options(roles: RoleNames, app: str | None = None) -> dict[str, Any]:
    """How Alembic's context is set up; the names are for the files of SQL."""
    named = {name: f'"{role}"' for name, role in asdict(roles).items()}
    if app is not None:
        named["app"] = '"' + app.replace('"', '""') + '"'
    return {"version_table": _VERSION_TABLE, "role_names": named}


@cache
def _script(branch: str, root: Path) -> "ScriptDirectory":
    """A branch's revisions; reading them takes longer than migrating a schema."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(root / branch))


@contextmanager
def _environment(branch: str, root: Path, revision: str, **options: Any) -> Iterator[Any]:
    """Alembic's environment over a branch's folder, without its configuration files."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    script = _script(branch, root)

    def missing(present: Any, _context: Any) -> Any:
        return script._upgrade_revs(revision, present)

    with (
        _alembic,
        EnvironmentContext(
            Config(), script, fn=missing, destination_rev=revision, **options
        ) as environment,
    ):
        yield environment


@contextmanager
def _engine(cell: Cell) -> Iterator[Any]:
    """Connections of the database's owner, for Alembic."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    engine = create_engine(
        sqlalchemy_url(cell.admin_url),
        poolclass=StaticPool,
        connect_args={"prepare_threshold": None, "options": "-c statement_timeout=0"},
    )
    try:
        yield engine
    finally:
        engine.dispose()
