"""Backups: every database's rows and every stored file of an installation, in one file.

The databases are taken as of one moment each; files are taken after them, so that no row names a
file which is missing. Roles and schemas are not in it: migrations make them again.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from psycopg import sql

from core.errors import Conflict, NotFound, Unavailable
from core.keys import tenant_prefix
from core.settings import Settings
from core.storage import Storage
from models.migrations import ROOT, versions
from services import dumps
from services.administration import Cell, OwnerConnection, as_migrator, cells, owner
from services.archive import (
    FORMAT,
    Description,
    SavedCell,
    SavedKey,
    SavedTenant,
    Writer,
    writing,
)
from services.installation import MAIN_CELL, Installation

TENANTS, SHARED = "tenants", "shared"
# A trigger fills these as their origin is filled, when it is restored, too.
_MADE_AGAIN: Final = ("audit_targets",)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a backup took in; `bytes` is the size of the file."""

    tenants: int
    files: int
    bytes: int


def backup(settings: Settings, file: Path, *, root: Path = ROOT) -> Saved:
    """Writes a backup of the installation while it goes on working.

    Raises Conflict where the file exists, and Unavailable before this release's migrations ran.
    """
    if file.exists():
        raise Conflict(f"{file} exists already")
    if not file.absolute().parent.is_dir():
        raise NotFound(f"there is no folder {file.absolute().parent}")
    installation = Installation(settings)
    known = cells(settings)
    try:
        with ExitStack() as stack:
            beside = file.absolute().parent
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=beside)))
            description, taken = _dump_all(settings, known, folder, root)
            with writing(file, description) as writer:
                for dumped in taken:
                    with dumped.open("rb") as source:
                        writer.add(f"databases/{dumped.name}", source, dumped.stat().st_size)
                files = sum(
                    _add_files(writer, installation.storage, one.id) for one in description.tenants
                )
    finally:
        installation.close()
    return Saved(len(description.tenants), files, file.stat().st_size)


def _dump_all(
    settings: Settings, known: dict[str, Cell], folder: Path, root: Path
) -> tuple[Description, list[Path]]:
    """Dumps each database as it is in a snapshot, and describes what is in them."""
    description = Description(
        format=FORMAT,
        created_at=datetime.now(UTC).isoformat(),
        directory=versions("directory", root)[-1],
        cell=versions("cell", root)[-1],
        cells=[],
        tenants=[],
    )
    taken: list[Path] = []
    with ExitStack() as stack:
        snapshots: dict[str, str] = {}
        machine: dict[str, list[str]] = {}
        for cell in known.values():
            connection = stack.enter_context(owner(cell))
            stack.enter_context(_frozen(connection, cell))
            snapshots[cell.name] = _describe(connection, cell, description, root)
            machine[cell.name] = _of_the_machine(connection)
        for cell in known.values():
            for part, chosen in _parts(cell, machine[cell.name]):
                taken.append(folder / f"{part}-{cell.name}.dump")
                snapshot = snapshots[cell.name]
                dumps.dump(settings, cell, taken[-1], snapshot=snapshot, chosen=chosen)
    return description, taken


def _describe(connection: OwnerConnection, cell: Cell, description: Description, root: Path) -> str:
    """Adds a cell to the description; the name of the snapshot in which it is so."""
    _require_revisions(connection, cell, root)
    queues: dict[str, str] = dict(
        connection.execute("SELECT name, state FROM cell.queues").fetchall()
    )
    description.cells.append(SavedCell(name=cell.name, queues=queues))
    rows = connection.execute("SELECT tenant_id, schema_version FROM cell.tenants")
    description.tenants += [
        SavedTenant(id=tenant_id, cell=cell.name, schema_version=version)
        for tenant_id, version in rows.fetchall()
    ]
    description.keys += _one_of_each(connection, cell)
    exported = connection.execute("SELECT pg_export_snapshot()").fetchone()
    assert exported is not None
    return str(exported[0])


def _one_of_each(connection: OwnerConnection, cell: Cell) -> Iterator[SavedKey]:
    """A data key of each master key."""
    found = connection.execute(
        "SELECT DISTINCT ON (master) tenant_id, version, master, wrapped FROM cell.data_keys"
        " ORDER BY master, tenant_id, version"
    ).fetchall()
    if cell.name == MAIN_CELL:
        found += connection.execute(
            "SELECT DISTINCT ON (master) NULL::uuid, version, master, wrapped"
            " FROM directory.data_keys ORDER BY master, version"
        ).fetchall()
    for tenant, version, master, wrapped in found:
        yield SavedKey.model_construct(
            tenant=tenant, version=version, master=master, wrapped=bytes(wrapped)
        )


def _parts(cell: Cell, machine: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The two halves of a database, and pg_dump's options for each.

    What tenants share is small in tables and goes in at once, as the last; the tenants' schemas
    are many, and one transaction over all of them would run out of locks.
    """
    shared = ["cell", "directory"] if cell.name == MAIN_CELL else ["cell"]
    yield TENANTS, [f"--exclude-schema={schema}" for schema in shared]
    yield (
        SHARED,
        [f"--schema={schema}" for schema in shared]
        + [f"--exclude-table-data=cell.{table}" for table in (*machine, *_MADE_AGAIN)],
    )


def _of_the_machine(connection: OwnerConnection) -> list[str]:
    """The cell's tables with nothing of a tenant in them, such as its workers and queues."""
    rows = connection.execute(
        "SELECT relname FROM pg_class c WHERE relnamespace = 'cell'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT EXISTS (SELECT FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')"
    )
    return [name for (name,) in rows.fetchall()]


@contextmanager
def _frozen(connection: OwnerConnection, cell: Cell) -> Iterator[None]:
    """A transaction of the migrator that sees one moment until the block ends."""
    connection.execute("SET default_transaction_isolation = 'repeatable read'")
    with as_migrator(connection, cell):
        yield


def _require_revisions(connection: OwnerConnection, cell: Cell, root: Path) -> None:
    branches = ("directory", "cell") if cell.name == MAIN_CELL else ("cell",)
    for branch in branches:
        table = sql.Identifier(branch, "alembic_version")
        row = connection.execute(sql.SQL("SELECT version_num FROM {}").format(table)).fetchone()
        if row != (versions(branch, root)[-1],):
            raise Unavailable(f"cell {cell.name!r} is of another release: run `automator migrate`")


def _add_files(writer: Writer, storage: Storage, tenant_id: UUID) -> int:
    """Everything that a tenant has stored; what is collected meanwhile is left out."""
    count = 0
    for found in storage.list(tenant_prefix(tenant_id)):
        try:
            source = storage.open(found.key)
        except NotFound:
            continue
        with source:
            writer.add(f"storage/{found.key}", source, found.bytes)
        count += 1
    return count
