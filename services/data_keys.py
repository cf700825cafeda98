"""The owner's side of data keys: all of an installation's, with the master keys that wrap them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import LiteralString
from uuid import UUID

from psycopg import sql

from core.errors import AutomatorError, Misconfigured
from core.master_keys import MasterKeys
from core.settings import Settings
from services.administration import Cell, OwnerConnection, as_migrator, cells, owner
from services.installation import MAIN_CELL
from services.keyring import WrappedKey, wrapped_for


@dataclass(frozen=True, slots=True)
class Store:
    """A table of data keys: the directory's, or a cell's."""

    cell: Cell
    people: bool

    @property
    def table(self) -> sql.Identifier:
        """Its name."""
        return sql.Identifier("directory" if self.people else "cell", "data_keys")

    def filled(self, query: LiteralString) -> sql.Composed:
        """A query with the table, its tenant, and the condition that says which tenant's."""
        return sql.SQL(query).format(
            table=self.table,
            tenant=sql.SQL("NULL::uuid" if self.people else "tenant_id"),
            own=sql.SQL("true" if self.people else "tenant_id = %(tenant)s"),
        )


@dataclass(frozen=True, slots=True)
class Held:
    """A data key, and whose it is; people's have no tenant."""

    tenant_id: UUID | None
    key: WrappedKey

    def __str__(self) -> str:
        return wrapped_for(self.tenant_id, self.key.version)


def survey(settings: Settings) -> dict[str, int]:
    """How many data keys each master key has wrapped, by its name."""
    found: Counter[str] = Counter()
    for store, connection in stores(settings):
        found.update(held.key.master for held in held_in(store, connection))
    return dict(found)


def require_masters(settings: Settings, samples: Iterable[tuple[UUID | None, WrappedKey]]) -> None:
    """Raises Misconfigured, naming the master key, unless every one of the data keys opens."""
    masters = MasterKeys.of(settings)
    for tenant_id, key in samples:
        try:
            masters.named(key.master).unwrap(key.wrapped, wrapped_for(tenant_id, key.version))
        except AutomatorError as error:
            raise Misconfigured(f"the secrets cannot be opened: {error}") from error


def stores(settings: Settings) -> Iterator[tuple[Store, OwnerConnection]]:
    """Every table of data keys, each with a connection that lasts until the next is asked for."""
    for cell in cells(settings).values():
        with owner(cell) as connection:
            if cell.name == MAIN_CELL:
                yield Store(cell, people=True), connection
            yield Store(cell, people=False), connection


def held_in(store: Store, connection: OwnerConnection) -> list[Held]:
    """Every data key of a table, the holders in order."""
    query = "SELECT {tenant}, version, master, wrapped FROM {table} ORDER BY 1, 2"
    with as_migrator(connection, store.cell):
        rows = connection.execute(store.filled(query)).fetchall()
    return [Held(row[0], WrappedKey(row[1], row[2], bytes(row[3]))) for row in rows]


def replace(
    store: Store, connection: OwnerConnection, held: Held, master: str, wrapped: bytes
) -> int:
    """Puts a key that was wrapped anew in the place of `held`; 0 where that has changed."""
    query = (
        "UPDATE {table} SET master = %(master)s, wrapped = %(wrapped)s,"
        " wrapped_at = clock_timestamp()"
        " WHERE {own} AND version = %(version)s AND wrapped = %(old)s"
    )
    values = {
        "tenant": held.tenant_id,
        "version": held.key.version,
        "old": held.key.wrapped,
        "master": master,
        "wrapped": wrapped,
    }
    with as_migrator(connection, store.cell):
        return connection.execute(store.filled(query), values).rowcount


_ADD_PEOPLES: LiteralString = """
    INSERT INTO directory.data_keys (version, master, wrapped)
    VALUES (%(version)s, %(master)s, %(wrapped)s) ON CONFLICT DO NOTHING
"""
# A tenant that is purged meanwhile has no place for it any more.
_ADD_TENANTS: LiteralString = """
    INSERT INTO cell.data_keys (tenant_id, version, master, wrapped)
    SELECT tenant_id, %(version)s, %(master)s, %(wrapped)s FROM cell.tenants
     WHERE tenant_id = %(tenant)s ON CONFLICT DO NOTHING
"""


def add(store: Store, connection: OwnerConnection, tenant_id: UUID | None, key: WrappedKey) -> int:
    """Adds a key; 0 where somebody else has just added the one of that version."""
    values = {
        "tenant": tenant_id,
        "version": key.version,
        "master": key.master,
        "wrapped": key.wrapped,
    }
    query = _ADD_PEOPLES if store.people else _ADD_TENANTS
    with as_migrator(connection, store.cell):
        return connection.execute(query, values).rowcount
