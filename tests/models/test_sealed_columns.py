"""What is secret is kept in columns that are sealed, and all of them can be sealed anew."""

import importlib
import pkgutil
from collections.abc import Iterator

from sqlalchemy import Column, LargeBinary, MetaData, Table
from sqlalchemy.orm import mapped_column

import models
from models.base import CellBase, DirectoryBase, TenantBase
from services.sealed_columns import SEALED

# Bytes that are no secret: digests, answers, and keys that a master key has wrapped.
PLAIN = {
    "cell.idempotency_keys.body",
    "cell.idempotency_keys.fingerprint",
    "cell.data_keys.wrapped",
    "directory.api_keys.digest",
    "directory.data_keys.wrapped",
    "directory.passkeys.credential_id",
    "directory.passkeys.public_key",
    "directory.recovery_codes.digest",
    "directory.invitations.digest",
    "directory.purge_receipts.digest",
    "directory.refresh_tokens.digest",
    "directory.tickets.digest",
}


def tables() -> Iterator[tuple[str, Table]]:
    for module in pkgutil.iter_modules(models.__path__):
        importlib.import_module(f"models.{module.name}")
    for branch, base in (("directory", DirectoryBase), ("cell", CellBase), ("tenant", TenantBase)):
        metadata: MetaData = base.metadata
        for table in metadata.tables.values():
            yield branch, table


def test_every_sealed_column_is_on_the_list_with_its_key() -> None:
    listed = {(one.branch, one.table, one.column, one.key) for one in SEALED}
    there = set()
    for branch, table in tables():
        for column in table.columns:
            if column.info.get("sealed"):
                keys = [key.name for key in table.primary_key if key.name != "tenant_id"]
                assert len(keys) == 1, f"{column}: a sealed value is found by one key"
                there.add((branch, table.name, column.name, keys[0]))
    assert listed == there


def test_bytes_are_sealed_or_known_to_be_no_secret() -> None:
    binary = {
        f"{branch}.{table.name}.{column.name}"
        for branch, table in tables()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not column.info.get("sealed")
    }
    assert binary == PLAIN


def test_the_type_of_sealed_columns_is_marked() -> None:
    from models.base import Sealed

    (made,) = Sealed.__metadata__  # type: ignore[attr-defined]
    assert isinstance(made, type(mapped_column()))
    column: Column[bytes] = made.column
    assert column.info == {"sealed": True}
