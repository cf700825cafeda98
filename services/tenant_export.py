"""Writing a tenant into an archive, with the rights of the tenant and no more.

Its rows are those of one moment; files are taken after them and never change, so that each row's
file was there. It goes on working meanwhile. docs/archive.md says what the file is like.
"""

import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.database import tenant_role
from core.errors import AutomatorError, Conflict, NotFound
from core.ids import renewed
from core.storage import Storage
from models.person import Membership, User
from models.tenant import CellTenant, Tenant
from services import tenant_tables
from services.archive import Writer, writing
from services.installation import Installation, Place
from services.tenant_archive import (
    ABSENT,
    DESCRIPTION,
    FILES,
    FORMAT,
    LINE_BYTES,
    MEMBERS,
    Description,
    Member,
    Origin,
    release,
    rows_name,
)
from services.tenant_tables import CELL, STORAGE_KEY, TENANT, Table, is_person

# Somebody of another installation: of who did something there is what they were called.
ELSEWHERE: Final = "elsewhere"
_BATCH: Final = 500
_PERSON: Final = re.compile(r"^user:|^key:")
_DIRECTORY_AUDIT: Final = text("""
    SELECT to_jsonb(a) - 'tenant_id' - 'user_id' FROM directory.audit a
     WHERE tenant_id = :tenant AND id > :after ORDER BY id LIMIT :limit
""")
_PEOPLE: Final = text("""
    SELECT id FROM directory.users WHERE id::text = ANY (:ids)
""")
_NOBODY: Final = UUID(int=0)

Watch = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """What an archive took in; `absent` files were removed while it was written."""

    rows: int
    files: int
    absent: int
    bytes: int


@dataclass(slots=True)
class _Gathered:
    """What is known before the archive is begun: rows in files, and the keys that they name."""

    rows: dict[str, int] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    keys: dict[str, None] = field(default_factory=dict)


def export(
    installation: Installation, place: Place, file: Path, *, watch: Watch = lambda _: None
) -> Exported:
    """Writes an archive of a tenant, readable by its owner only, which appears once it is whole.

    `watch` is called before each step with the bytes that it copies, and may raise. Raises Conflict
    where the file exists, NotFound for no folder to put it, Unavailable for a tenant that this
    release cannot read.
    """
    beside = file.absolute().parent
    if file.exists():
        raise Conflict(f"{file} exists already")
    if not beside.is_dir():
        raise NotFound(f"there is no folder {beside}")
    with tempfile.TemporaryDirectory(dir=beside, prefix=".") as folder:
        gathered = _Gathered()
        revision = _gather_rows(installation, place, Path(folder), gathered, watch)
        tenant, members = _gather_directory(installation, place, Path(folder), gathered, watch)
        description = Description(
            format=FORMAT,
            release=release(),
            created_at=datetime.now(UTC).isoformat(),
            revision=revision,
            tenant=tenant,
            rows=gathered.rows,
            files=len(gathered.keys),
        )
        with writing(file, description, name=DESCRIPTION) as writer:
            writer.add_json(MEMBERS, _as_json([one.model_dump(mode="json") for one in members]))
            for name, path in gathered.files.items():
                with path.open("rb") as source:
                    writer.add(name, source, path.stat().st_size)
            absent = _add_files(writer, installation.storage, gathered, watch)
            writer.add_json(ABSENT, _as_json(absent))
    return Exported(
        sum(gathered.rows.values()),
        len(gathered.keys) - len(absent),
        len(absent),
        file.stat().st_size,
    )


def _gather_rows(
    installation: Installation, place: Place, folder: Path, gathered: _Gathered, watch: Watch
) -> str:
    """Lays the rows of a moment into files; the revision of the tenant's schema."""
    database = installation.cell(place.cell)
    with database.tenant_scope(place.tenant_id, frozen=True) as session:
        revision = session.scalars(select(CellTenant.schema_version)).one()
        connection = _driver(session)
        secret = secrets.token_bytes(32)
        own = tenant_tables.of_schema(connection, tenant_role(place.tenant_id))
        for where, tables in ((TENANT, own), (CELL, tenant_tables.shared(connection))):
            for table in tables:
                with _rows_file(gathered, where, table.name, folder) as write:
                    for row in _rows(connection, table):
                        if (key := row.get(STORAGE_KEY)) is not None:
                            gathered.keys[key] = None
                        write(_renamed(row, table, secret))
                watch(0)
    return revision


def _driver(session: Session) -> psycopg.Connection[Any]:
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, psycopg.Connection)
    return connection


def _rows(connection: psycopg.Connection[Any], table: Table) -> Iterator[dict[str, Any]]:
    """Every row that the tenant sees of a table, in order; few of them are in memory at once."""
    query = sql.SQL("SELECT to_jsonb(x) FROM (SELECT {} FROM {} ORDER BY {}) x").format(
        sql.SQL(", ").join(map(sql.Identifier, table.columns)),
        table.identifier,
        sql.SQL(", ").join(map(sql.Identifier, table.order)),
    )
    with connection.cursor(name=f"archive_{table.name}") as cursor:
        cursor.itersize = _BATCH
        cursor.execute(query)
        for (row,) in cursor:
            yield row


@contextmanager
def _rows_file(
    gathered: _Gathered, where: str, table: str, folder: Path
) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Takes rows for a member of the archive, behind those that it has already."""
    name = rows_name(where, table)
    path = gathered.files.setdefault(name, folder / f"{where}-{table}")
    gathered.rows.setdefault(name, 0)
    with path.open("a", encoding="utf-8") as lines:

        def write(row: dict[str, Any]) -> None:
            line = _as_json(_nameless(row) if table == "audit" else row)
            if len(line.encode()) >= LINE_BYTES:
                raise AutomatorError(f"a row of {table} is too long for an archive")
            lines.write(f"{line}\n")
            gathered.rows[name] += 1

        yield write


def _renamed(row: dict[str, Any], table: Table, secret: bytes) -> dict[str, Any]:
    """A row in which ids of people are others, which stand for the same people in this archive."""
    for name, kind in table.columns.items():
        if is_person(name, kind) and row[name] is not None:
            row[name] = str(renewed(UUID(row[name]), secret))
    return row


def _nameless(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the audit log without the id of who did it, which says nothing elsewhere."""
    if _PERSON.match(entry["subject"]):
        entry["subject"] = ELSEWHERE
    return entry


def _gather_directory(
    installation: Installation, place: Place, folder: Path, gathered: _Gathered, watch: Watch
) -> tuple[Origin, list[Member]]:
    """What the directory has of the tenant: its name, who is in it, and its part of the log."""
    with installation.identity_scope() as session:
        tenant = session.get(Tenant, place.tenant_id)
        if tenant is None:
            raise NotFound(f"there is no tenant {place.slug!r}")
        people = session.execute(
            select(User.email, User.name, Membership.role)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.tenant_id == place.tenant_id, Membership.suspended.is_(False))
            .order_by(Membership.created_at, User.id)
        ).all()
        members = [Member(email=row.email, name=row.name, role=row.role) for row in people]
        origin = Origin(
            id=tenant.id,
            slug=tenant.slug,
            name=tenant.name,
            created_at=tenant.created_at.isoformat(),
        )
    after = _NOBODY
    while True:
        with installation.identity_scope() as session:
            asked = {"tenant": place.tenant_id, "after": after, "limit": _BATCH}
            entries: list[dict[str, Any]] = list(session.scalars(_DIRECTORY_AUDIT, asked))
            _forget_people(session, entries)
        with _rows_file(gathered, CELL, "audit", folder) as write:
            for entry in entries:
                write(entry)
        watch(0)
        if len(entries) < _BATCH:
            return origin, members
        after = UUID(entries[-1]["id"])


def _forget_people(session: Session, entries: list[dict[str, Any]]) -> None:
    """Takes people's ids out of what entries are about."""
    ids = {value for entry in entries for value in entry["targets"].values()}
    known = {str(found) for found in session.scalars(_PEOPLE, {"ids": sorted(ids)})}
    for entry in entries:
        entry["targets"] = {
            name: ELSEWHERE if value in known else value for name, value in entry["targets"].items()
        }


def _add_files(writer: Writer, storage: Storage, gathered: _Gathered, watch: Watch) -> list[str]:
    """Every file that a row names; the keys of those that were removed meanwhile."""
    absent = []
    for key in gathered.keys:
        try:
            source = storage.open(key)
        except NotFound:
            absent.append(key)
            continue
        with source:
            size = source.seek(0, os.SEEK_END)
            source.seek(0)
            watch(size)
            writer.add(f"{FILES}{key}", source, size)
    return absent


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
