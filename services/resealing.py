"""Sealing anew, with the newest data key, what older ones sealed."""

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from psycopg import sql

from core.database import tenant_role
from core.errors import Misconfigured, SealBroken
from core.master_keys import MasterKeys
from core.sealing import Sealer, cipher
from services.administration import OwnerConnection, as_migrator
from services.data_keys import Store
from services.keyring import WrappedKey, wrapped_for
from services.sealed_columns import SealedColumn

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_BATCH: Final = 500


class KnownKeys:
    """Data keys that were read once; a key is unwrapped when it is needed."""

    def __init__(self, tenant_id: UUID | None, keys: list[WrappedKey], masters: MasterKeys) -> None:
        self.tenant_id, self._masters = tenant_id, masters
        self._keys = {key.version: key for key in keys}
        self._opened: dict[int, AESGCM] = {}
        self.version = max(self._keys)

    def newest(self) -> "tuple[int, AESGCM]":
        """See `DataKeys`."""
        key = self.find(self.version)
        assert key is not None
        return self.version, key

    def find(self, version: int) -> "AESGCM | None":
        """See `DataKeys`."""
        key = self._keys.get(version)
        if key is not None and version not in self._opened:
            context = wrapped_for(self.tenant_id, version)
            opened = self._masters.named(key.master).unwrap(key.wrapped, context)
            self._opened[version] = cipher(opened)
        return self._opened.get(version)


def reseal(
    store: Store, connection: OwnerConnection, column: SealedColumn, known: KnownKeys
) -> tuple[int, list[str]]:
    """Seals one holder's values of a column; how many, and why others stay as they are.

    A value that is changed meanwhile is left to who changes it.
    """
    schema = (
        tenant_role(known.tenant_id)
        if column.branch == "tenant" and known.tenant_id
        else column.branch
    )
    names = {
        "table": sql.Identifier(schema, column.table),
        "column": sql.Identifier(column.column),
        "key": sql.Identifier(column.key),
        "own": sql.SQL("tenant_id = %(tenant)s" if column.branch == "cell" else "true"),
    }
    sealer, resealed, left = Sealer(known), 0, list[str]()
    # Text compared as bytes is one order everywhere.
    read = sql.SQL(
        "SELECT {key}::text, {column} FROM {table} WHERE {own} AND {column} IS NOT NULL"
        " AND substring({column} FROM 2 FOR 4) <> int4send(%(version)s)"
        ' AND {key}::text COLLATE "C" > %(after)s ORDER BY {key}::text COLLATE "C" LIMIT %(most)s'
    ).format(**names)
    write = sql.SQL(
        "UPDATE {table} SET {column} = %(new)s"
        " WHERE {own} AND {key}::text = %(after)s AND {column} = %(old)s"
    ).format(**names)
    values: dict[str, Any] = {
        "tenant": known.tenant_id, "version": known.version, "after": "", "most": _BATCH,
    }  # fmt: skip
    while True:
        with as_migrator(connection, store.cell):
            there = connection.execute("SELECT to_regclass(%s)", [f"{schema}.{column.table}"])
            if there.fetchone() == (None,):  # of a tenant that is a release behind
                return 0, []
            rows = connection.execute(read, values).fetchall()
        for key, sealed in rows:
            values["after"] = key
            place = column.context(key)
            try:
                new = sealer.seal(sealer.open(bytes(sealed), place), place)
            except (Misconfigured, SealBroken) as error:
                left.append(f"{place}: {error}")
                continue
            with as_migrator(connection, store.cell):
                done = connection.execute(write, {**values, "old": bytes(sealed), "new": new})
            resealed += done.rowcount
        if len(rows) < _BATCH:
            return resealed, left
