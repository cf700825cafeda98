"""One cell's database: role names, engines, and transactions that begin as a tenant."""

import hashlib
import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry

from core.errors import NotFound, Unavailable

# A backend keeps about 0.39 MB for every schema it has touched, so it is let go after this many.
TENANTS_PER_CONNECTION = 200

_TENANTS = "tenants"
_RESTED_SECONDS = 1.0

TIMEOUTS = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}

# One round trip begins a transaction, tells the tenant's revision, becomes its role and finds its
# schema; of a tenant that the cell does not hold, there is no row and nothing is set.
_ENTER_TENANT: Final = sql.SQL(
    "BEGIN{mode}; SELECT t.schema_version, set_config('role', {role}, true),"
    " set_config('search_path', {path}, true) FROM cell.tenant_state({tenant}) t"
)
_FROZEN: Final = sql.SQL(" ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_AS_IDENTITY: Final = sql.SQL(
    "SELECT set_config('role', {role}, true), set_config('search_path', 'directory, pg_temp', true)"
)


@dataclass(frozen=True, slots=True)
class RoleNames:
    """The roles of one database; their names carry its own, since a server has one set of roles."""

    migrator: str
    ledger: str
    tenant_base: str
    identity: str

    @classmethod
    def of(cls, database: str) -> "RoleNames":
        """The names for a database of this name."""
        suffix = database
        if not re.fullmatch(r"[a-z0-9_]{1,40}", database):
            suffix = hashlib.sha256(database.encode()).hexdigest()[:24]
        kinds = ("migrator", "ledger", "tenant_base", "identity")
        return cls(*(f"{kind}_{suffix}" for kind in kinds))


def tenant_role(tenant_id: UUID) -> str:
    """The name of a tenant's role, which is its schema's name, too."""
    return f"t_{tenant_id.hex}"


def sqlalchemy_url(url: str) -> URL:
    """A libpq address (postgresql://…) as SQLAlchemy takes it."""
    return make_url(url).set(drivername="postgresql+psycopg")


def conninfo(url: str, *, password: bool = True) -> str:
    """The same as libpq's words and values, in which names and passwords may be anything.

    Written as an address again, one with a space in it would be refused by libpq.
    """
    address = sqlalchemy_url(url)
    _, told = address.get_dialect()().create_connect_args(address)
    if not password:
        told.pop("password", None)
    return make_conninfo(**told)


def connect(url: str, *, autocommit: bool = True) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of its own, outside every pool: for LISTEN and for leases."""
    return psycopg.connect(
        conninfo(url), autocommit=autocommit, prepare_threshold=None, connect_timeout=5
    )


def _limit_time(connection: psycopg.Connection[tuple[Any, ...]], _: object) -> None:
    """Sets the timeouts where migrations could not give them to the login.

    A statement, because pgbouncer refuses them as options of the connection.
    """
    settings = ", ".join(
        f"set_config('{name}', '{value}', false)" for name, value in TIMEOUTS.items()
    )
    connection.autocommit = True
    connection.execute(f"SELECT {settings}".encode())
    connection.autocommit = False


def _note_rest(_: object, record: ConnectionPoolEntry) -> None:
    record.info["rested_at"] = time.monotonic()


def _let_go(_: object, record: ConnectionPoolEntry) -> None:
    """Closes a connection that has been many tenants' once it is given back."""
    if len(record.info.get(_TENANTS, ())) > TENANTS_PER_CONNECTION:
        record.invalidate()


class _Scoped(Session):
    """A session whose transaction takes a connection, and its role, with the first statement."""

    def __init__(self, engine: Engine, enter: Callable[[Connection], None]) -> None:
        super().__init__(engine, expire_on_commit=False)
        self.enter = enter


def _second(connection: Connection, query: sql.Composed) -> tuple[Any, ...] | None:
    """The row that the second of two statements answers, in one round trip.

    To begin a transaction the driver would make one of its own, and SQLAlchemy keeps one result
    alone. Where none is begun, the two are one by themselves.
    """
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    try:
        cursor = driver.execute(query)
        cursor.nextset()
        return cursor.fetchone()
    except psycopg.Error as error:
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(
            "statements",
            None,
            error,
            psycopg.Error,
            hide_parameters=True,
            dialect=connection.dialect,
        ) from error


def _enter(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    assert isinstance(session, _Scoped)
    if not transaction.nested:
        session.enter(connection)


event.listen(_Scoped, "after_begin", _enter)


def _require_life(
    dialect: Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _: object
) -> None:
    """Has the pool drop all its connections where one that has rested is gone.

    One that somebody used a moment ago needs no round trip to tell.
    """
    if time.monotonic() - record.info.get("rested_at", float("inf")) < _RESTED_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except psycopg.Error as error:
        raise InvalidatePoolError("a connection was lost") from error


class Database:
    """A pool of connections to one cell; `dispose()` it after a fork and at the end."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 4,
        versions: Collection[str] | None = None,
        pre_ping: bool = True,
    ) -> None:
        """`url` is a libpq address; at most `pool_size` connections are open at once.

        `pre_ping` asks a connection that has rested for a second whether it still holds: a server
        that was restarted is found out. Who tries again anyway does without.

        `versions` are the revisions of tenants' schemas that the code can work on; None is any.
        """
        self.url = url
        self._versions = versions
        self.engine: Engine = create_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            hide_parameters=True,  # an error's text is logged, and they are a tenant's values
            # Transaction pooling and per-tenant schemas both break server-side prepared plans.
            connect_args={"prepare_threshold": None, "connect_timeout": 5},
        )
        # Of the same pool. Its transactions are begun here, and ended as any other.
        self._scoped = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        role = RoleNames.of(self.engine.url.database or "").identity
        self._as_identity = _AS_IDENTITY.format(role=role)
        event.listen(self.engine, "connect", _limit_time)
        event.listen(self.engine, "checkin", _let_go)
        if pre_ping:
            event.listen(self.engine, "checkin", _note_rest)
            event.listen(self.engine, "checkout", partial(_require_life, self.engine.dialect))

    def dispose(self, *, close: bool = True) -> None:
        """Close the pool; with `close` off, forget it, as a forked child must."""
        self.engine.dispose(close=close)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction without a tenant: it can call the closed list of functions, no more."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def identity_scope(self) -> Iterator[Session]:
        """A session whose one transaction acts for people, not for a tenant; committed at its end.

        It reads and writes what the directory knows of people, and nothing that is a tenant's. No
        connection is taken before its first statement.
        """
        with _Scoped(self._scoped, self._enter_identity) as session, session.begin():
            yield session

    def _enter_identity(self, connection: Connection) -> None:
        _second(connection, sql.SQL("BEGIN; ") + self._as_identity)

    def identity_row(self, statement: sql.Composed) -> tuple[Any, ...] | None:
        """The one row of one statement that acts for people, in a transaction of its own.

        It takes one round trip, where a scope takes three. Raises what a scope raises.
        """
        with self._scoped.connect() as connection:
            return _second(connection, sql.SQL("; ").join((self._as_identity, statement)))

    @contextmanager
    def tenant_scope(self, tenant_id: UUID, *, frozen: bool = False) -> Iterator[Session]:
        """A session whose one transaction acts as the tenant; it commits when the block ends.

        A `frozen` one sees one moment, and writes nothing. No connection is taken before its first
        statement, which raises NotFound for a tenant that is not here, and Unavailable while its
        schema is at a revision that the code does not know.
        """
        enter = partial(self._enter_tenant, tenant_id, frozen)
        with _Scoped(self._scoped, enter) as session, session.begin():
            yield session

    def _enter_tenant(self, tenant_id: UUID, frozen: bool, connection: Connection) -> None:
        role, mode = tenant_role(tenant_id), _FROZEN if frozen else sql.SQL("")
        query = _ENTER_TENANT.format(
            mode=mode, role=role, path=f"{role}, pg_temp", tenant=tenant_id
        )
        entered = _second(connection, query)
        if entered is None:
            raise NotFound(f"the tenant {tenant_id} is not here")
        connection.info.setdefault(_TENANTS, set()).add(tenant_id)
        if self._versions is not None and entered[0] not in self._versions:
            raise Unavailable("this tenant is being moved to another release", retry_after=30)
