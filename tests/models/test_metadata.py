"""The rows' classes say what the migrations made."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, MetaData, Text, create_engine
from sqlalchemy.pool import NullPool

import models
from core.database import sqlalchemy_url, tenant_role
from core.settings import Settings
from models.base import CellBase, DirectoryBase, TenantBase
from services import tenants
from services.administration import cells
from tests.installations import installation
from tests.servers import PostgresForTests

for _module in pkgutil.iter_modules(models.__path__):
    importlib.import_module(f"models.{_module.name}")

# The database's own: made, read and written by the ledger's functions only.
_WITHOUT_CLASS = {"alembic_version", "periodic", "sweeper", "text_spending", "usage"}


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with installation(postgres, Path(tmp_path_factory.mktemp("data"))) as made:
        yield made


def _differences(settings: Settings, metadata: MetaData, schema: str) -> list[Any]:
    def included(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
        if kind == "table":
            return name not in _WITHOUT_CLASS
        return kind != "index"  # indexes are tuned in SQL; no code refers to them

    cell = cells(settings)["main"]
    engine = create_engine(sqlalchemy_url(cell.admin_url), poolclass=NullPool)
    with engine.begin() as connection:
        _enter(connection, cell.roles.migrator, schema)
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": included,
                "include_name": lambda name, kind, parents: (
                    kind != "schema" or name == metadata.schema
                ),
                "include_schemas": True,
                "compare_type": True,
            },
        )
        changes = compare_metadata(context, metadata)
    return [change for change in changes if not _is_comment(change)]


def _is_comment(change: Any) -> bool:
    return isinstance(change, list) and {one[0] for one in change} == {"modify_comment"}


def _enter(connection: Connection, role: str, schema: str) -> None:
    connection.exec_driver_sql(f'SET LOCAL ROLE "{role}"')
    connection.exec_driver_sql(f'SET LOCAL search_path = "{schema}"')


def test_the_directory_is_as_its_classes_say(settings: Settings) -> None:
    assert _differences(settings, DirectoryBase.metadata, "directory") == []


def test_a_cell_is_as_its_classes_say(settings: Settings) -> None:
    assert _differences(settings, CellBase.metadata, "cell") == []


def test_a_tenants_schema_is_as_its_classes_say(settings: Settings) -> None:
    tenant = tenants.create(settings, "compared")
    assert _differences(settings, TenantBase.metadata, tenant_role(tenant.id)) == []


def test_a_difference_is_noticed(settings: Settings) -> None:
    other = MetaData(schema="directory")
    for table in DirectoryBase.metadata.tables.values():
        table.to_metadata(other).append_column(Column("colour", Text))
    changes = _differences(settings, other, "directory")
    assert {change[0] for change in changes} == {"add_column"}
    assert len(changes) == len(other.tables)
