"""The owner's side of a cell: its connections, and acting as the role that owns the schemas."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from core.database import RoleNames, connect, sqlalchemy_url
from core.errors import Misconfigured, Unavailable
from core.settings import Settings
from services.installation import cell_urls

OwnerConnection = psycopg.Connection[tuple[Any, ...]]

# Whole-database steps wait for one another; a schema's own steps do not wait behind a long
# transaction for longer than requests would bear.
_LOCK_TIMEOUT = "5s"


@dataclass(frozen=True, slots=True)
class Cell:
    """One database as its owner sees it."""

    name: str
    admin_url: str
    app: str
    """The application's login, which is granted the tenants' roles."""

    @property
    def database(self) -> str:
        """The database's name."""
        name = sqlalchemy_url(self.admin_url).database
        if not name:
            raise Misconfigured(f"the owner's address of cell {self.name!r} names no database")
        return name

    @property
    def roles(self) -> RoleNames:
        """The roles that own and guard this database."""
        return RoleNames.of(self.database)


def cells(settings: Settings) -> dict[str, Cell]:
    """Every cell by name; raises Misconfigured where an owner's address is missing."""
    found = {}
    for name, urls in cell_urls(settings).items():
        where = "DATABASE_ADMIN_URL" if name == "main" else f"admin_url of {name!r} in CELLS"
        if urls.admin_url is None:
            raise Misconfigured(f"{where} is not set: it is needed to migrate and to make tenants")
        app = sqlalchemy_url(urls.url)
        if not app.username:
            raise Misconfigured(f"the address of cell {name!r} must name its user")
        cell = Cell(name, urls.admin_url, app.username)
        if app.database != cell.database:
            raise Misconfigured(f"the two addresses of cell {name!r} name different databases")
        found[name] = cell
    return found


@contextmanager
def owner(cell: Cell) -> Iterator[OwnerConnection]:
    """A connection of the database's owner, without a transaction; it closes with the block."""
    try:
        connection = connect(cell.admin_url)
    except psycopg.OperationalError as error:
        raise Unavailable(f"the database of cell {cell.name!r} does not answer: {error}") from error
    try:
        connection.execute(
            "SELECT set_config('lock_timeout', %s, false),"
            " set_config('statement_timeout', '0', false),"
            " set_config('idle_in_transaction_session_timeout', '0', false)",
            [_LOCK_TIMEOUT],
        )
        yield connection
    finally:
        connection.close()


@contextmanager
def as_migrator(
    connection: OwnerConnection, cell: Cell, *, path: str = "pg_catalog"
) -> Iterator[OwnerConnection]:
    """A transaction in the role that owns the schemas, with `path` as its search path.

    Raises Misconfigured before the first migration.
    """
    with connection.transaction():
        try:
            connection.execute(
                sql.SQL("SET LOCAL ROLE {}; SET LOCAL search_path = {}, pg_temp").format(
                    sql.Identifier(cell.roles.migrator), sql.Identifier(path)
                )
            )
        except psycopg.errors.InvalidParameterValue as error:
            raise Misconfigured(
                f"the database of cell {cell.name!r} is not migrated: run `automator migrate`"
            ) from error
        yield connection
