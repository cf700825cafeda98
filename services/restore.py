"""Restoring a backup: schemas and roles by migration, rows and files from the backup.

What tenants share comes last, in one transaction a database and the directory's as the last of all,
so that no tenant is seen before everything of it is there. A restore that was cut short is simply
run again.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql

from core.database import tenant_role
from core.embedded.folders import data_folder
from core.errors import Conflict, Rejected
from core.settings import Settings
from models.migrations import tenant_versions, versions
from services import archive, dumps, tenants
from services.administration import Cell, OwnerConnection, as_migrator, cells, owner
from services.archive import Description, SavedCell, SavedTenant
from services.backup import SHARED, TENANTS
from services.data_keys import require_masters
from services.installation import MAIN_CELL, Installation
from services.keyring import WrappedKey
from services.migrations import force_walls, migrate
from services.purge import purge, remove

_DUMP = "databases/"
_FILE = "storage/"


def restore(
    settings: Settings, file: Path, *, force: bool = False, without_secrets: bool = False
) -> Description:
    """Makes the installation what it was when the backup was written; what was in it goes.

    Raises Rejected for a file that is damaged or of another release, Conflict for an installation
    that holds anything, unless `force` is given: its tenants are purged then, and Misconfigured
    where the backup's secrets need another master key, unless it is to be `without_secrets`.
    """
    description = archive.check(file)
    known = cells(settings)
    _require_fit(description, known)
    if not without_secrets:
        require_masters(
            settings,
            [
                (key.tenant, WrappedKey(key.version, key.master, key.wrapped))
                for key in description.keys
            ],
        )
    migrate(settings)
    _make_empty(settings, known, force)
    by_cell: dict[str, list[SavedTenant]] = {name: [] for name in known}
    for tenant in description.tenants:
        by_cell[tenant.cell].append(tenant)
    for name, saved in by_cell.items():
        _make_schemas(known[name], saved)
    data_folder(settings.data_dir)
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as folder:
        _put_files(settings, file, Path(folder))
        for saved_cell in sorted(description.cells, key=lambda saved: saved.name == MAIN_CELL):
            cell = known[saved_cell.name]
            name = f"{{}}-{cell.name}.dump"
            dumps.load(settings, cell, Path(folder) / name.format(TENANTS), at_once=False)
            with _loading(cell, saved_cell):
                dumps.load(settings, cell, Path(folder) / name.format(SHARED), at_once=True)
    migrate(settings)
    return description


def _require_fit(description: Description, known: dict[str, Cell]) -> None:
    for branch, revision in (("directory", description.directory), ("cell", description.cell)):
        if revision != versions(branch)[-1]:
            raise Rejected(
                f"the backup was written by another release (its {branch} is at {revision}, not"
                f" {versions(branch)[-1]}): restore it with that one, then migrate"
            )
    if strange := {one.schema_version for one in description.tenants} - set(tenant_versions()):
        raise Rejected(f"the backup holds tenants at the unknown revisions {sorted(strange)}")
    if missing := {one.name for one in description.cells} - set(known):
        raise Rejected(f"the settings lack the backup's cells {sorted(missing)}: add them to CELLS")


def _make_empty(settings: Settings, known: dict[str, Cell], force: bool) -> None:
    present = tenants.list_all(settings)
    for tenant in present:
        if not force and not _untouched(known[tenant.cell], tenant.id):
            raise Conflict(
                f"tenant {tenant.slug!r} of this installation holds assets or runs: restore into"
                " an empty installation, or purge what is here with --force"
            )
    for tenant in present:
        purge(settings, str(tenant.id))


def _untouched(cell: Cell, tenant_id: UUID) -> bool:
    schema = tenant_role(tenant_id)
    with owner(cell) as connection, as_migrator(connection, cell):
        if connection.execute("SELECT to_regnamespace(%s)", [schema]).fetchone() == (None,):
            return True
        row = connection.execute(
            sql.SQL(
                "SELECT EXISTS (SELECT FROM {}.assets)"
                " OR EXISTS (SELECT FROM cell.runs WHERE tenant_id = %s)"
            ).format(sql.Identifier(schema)),
            [tenant_id],
        ).fetchone()
        return row == (False,)


def _make_schemas(cell: Cell, saved: list[SavedTenant]) -> None:
    """Roles and empty schemas, at each tenant's own revision; leftovers of a cut restore go."""
    with owner(cell) as connection:
        for tenant in saved:
            try:
                with connection.transaction():
                    remove(connection, cell, tenant.id)
                with connection.transaction():
                    tenants.raise_walls(connection, cell, tenant.id, revision=tenant.schema_version)
            except psycopg.errors.InsufficientPrivilege as error:
                raise Conflict(
                    f"the role {tenant_role(tenant.id)} belongs to another installation on this"
                    " server: a backup can stand beside its origin only on another server"
                ) from error


@contextmanager
def _loading(cell: Cell, saved: SavedCell) -> Iterator[None]:
    """COPY refuses tables under FORCE, which binds their owner; tenants stay bound meanwhile."""
    with owner(cell) as connection:
        with as_migrator(connection, cell):
            walled = connection.execute(
                "SELECT relnamespace::regnamespace::text, relname FROM pg_class"
                " WHERE relnamespace IN (to_regnamespace('cell'), to_regnamespace('directory'))"
                " AND relrowsecurity"
            ).fetchall()
            for name in walled:
                connection.execute(
                    sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(
                        sql.Identifier(*name)
                    )
                )
            if cell.name == MAIN_CELL:
                _clear_directory(connection)
        try:
            yield
        finally:
            with as_migrator(connection, cell):
                force_walls(connection)
        with as_migrator(connection, cell):
            # What was sent since the backup had the numbers that will now be given again.
            connection.execute(
                "UPDATE cell.event_heads SET epoch = floor(random() * 2147483648)::integer"
            )
            for queue, state in saved.queues.items():
                connection.execute(
                    "UPDATE cell.queues SET state = %s WHERE name = %s", [state, queue]
                )


def _clear_directory(connection: OwnerConnection) -> None:
    """Takes out what programs have put there since the start, people's first key say."""
    tables = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('directory')"
        " AND relkind = 'r' AND relname <> 'alembic_version'"
    ).fetchall()
    names = [sql.Identifier("directory", name) for (name,) in tables]
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(names)))


def _put_files(settings: Settings, file: Path, folder: Path) -> None:
    """Stores the files, and lays the dumps into `folder`."""
    installation = Installation(settings)
    try:
        for name, source in archive.reading(file):
            if name.startswith(_DUMP):
                target = folder / name.removeprefix(_DUMP)
            else:
                target = folder / ".file"
            with target.open("wb") as copy:
                shutil.copyfileobj(source, copy, archive.CHUNK)
            if name.startswith(_FILE):
                installation.storage.put(name.removeprefix(_FILE), target, consume=True)
    finally:
        installation.close()
