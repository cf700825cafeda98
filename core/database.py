"""One cell's database: role names, engines, and transactions that begin as a tenant."""

import hashlib
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session

from core.errors import NotFound, Unavailable

# A backend keeps about 0.39 MB for every schema it has touched, so it is let go after this many.
TENANTS_PER_CONNECTION = 200

TIMEOUTS = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}

# One round trip tells the tenant's revision, becomes its role and finds its schema; of a tenant
# that the cell does not hold, there is no row and nothing is set.
_ENTER_TENANT = text(
    "SELECT t.schema_version, set_config('role', :role, true),"
    " set_config('search_path', :path, true) FROM cell.tenant_state(:tenant) t"
)


@dataclass(frozen=True, slots=True)
class RoleNames:
    """The roles of one database; their names carry its own, since a server has one set of roles."""

    migrator: str
    ledger: str
    tenant_base: str

    @classmethod
    def of(cls, database: str) -> "RoleNames":
        """The names for a database of this name."""
        suffix = database
        if not re.fullmatch(r"[a-z0-9_]{1,40}", database):
            suffix = hashlib.sha256(database.encode()).hexdigest()[:24]
        return cls(f"migrator_{suffix}", f"ledger_{suffix}", f"tenant_base_{suffix}")


def tenant_role(tenant_id: UUID) -> str:
    """The name of a tenant's role, which is its schema's name, too."""
    return f"t_{tenant_id.hex}"


def sqlalchemy_url(url: str) -> URL:
    """A libpq address (postgresql://…) as SQLAlchemy takes it."""
    return make_url(url).set(drivername="postgresql+psycopg")


def connect(url: str, *, autocommit: bool = True) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of its own, outside every pool: for LISTEN and for leases."""
    return psycopg.connect(
        sqlalchemy_url(url).set(drivername="postgresql").render_as_string(hide_password=False),
        autocommit=autocommit,
        prepare_threshold=None,
        connect_timeout=5,
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

        `pre_ping` costs a round trip at every use and finds out that the server was restarted;
        who tries again anyway does without.

        `versions` are the revisions of tenants' schemas that the code can work on; None is any.
        """
        self.url = url
        self._versions = versions
        self.engine: Engine = create_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            pool_pre_ping=pre_ping,
            hide_parameters=True,  # an error's text is logged, and they are a tenant's values
            # Transaction pooling and per-tenant schemas both break server-side prepared plans.
            connect_args={"prepare_threshold": None, "connect_timeout": 5},
        )
        event.listen(self.engine, "connect", _limit_time)

    def dispose(self, *, close: bool = True) -> None:
        """Close the pool; with `close` off, forget it, as a forked child must."""
        self.engine.dispose(close=close)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction without a tenant: it can call the closed list of functions, no more."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def tenant_scope(self, tenant_id: UUID) -> Iterator[Session]:
        """A session whose one transaction acts as the tenant; it commits when the block ends.

        Raises NotFound for a tenant that is not here, and Unavailable while its schema is at a
        revision that the code does not know.
        """
        with self.engine.connect() as connection:
            with Session(connection, expire_on_commit=False) as session, session.begin():
                self._enter(session, tenant_id)
                yield session
            touched: set[UUID] = connection.info.setdefault("tenants", set())
            touched.add(tenant_id)
            if len(touched) > TENANTS_PER_CONNECTION:
                connection.invalidate()

    def _enter(self, session: Session, tenant_id: UUID) -> None:
        role = tenant_role(tenant_id)
        entered = session.execute(
            _ENTER_TENANT, {"tenant": tenant_id, "role": role, "path": f"{role}, pg_temp"}
        ).one_or_none()
        if entered is None:
            raise NotFound(f"the tenant {tenant_id} is not here")
        if self._versions is not None and entered.schema_version not in self._versions:
            raise Unavailable("this tenant is being moved to another release", retry_after=30)
