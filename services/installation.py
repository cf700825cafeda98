"""An installation as its settings describe it: cells, storage and where each tenant lives."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import Misconfigured, NotFound, Unavailable
from core.settings import CellUrls, Settings
from core.storage import Storage, open_storage
from models.migrations import tenant_versions

if TYPE_CHECKING:
    from services.keyring import Keyring

MAIN_CELL = "main"
DEFAULT_TENANT = "default"


def cell_urls(settings: Settings) -> dict[str, CellUrls]:
    """Every cell's addresses by name; the directory's database is the first cell."""
    if settings.database_url is None:
        raise Misconfigured("DATABASE_URL is not set, and no installation runs on this data folder")
    main = CellUrls(url=settings.database_url, admin_url=settings.database_admin_url)
    return {MAIN_CELL: main, **settings.cells}


def shared_name(settings: Settings) -> str:
    """What tells an installation from another one that uses the same Valkey."""
    url = urlsplit(settings.database_url or "")
    # Who logs in differs between programs of one installation, and a password changes.
    place = url._replace(scheme="", netloc=url.netloc.rpartition("@")[2]).geturl()
    return hashlib.sha256(place.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant and the cell that holds it."""

    tenant_id: UUID
    slug: str
    name: str
    cell: str


class Installation:
    """Open connections to everything that the settings name; state: the pools."""

    def __init__(self, settings: Settings, *, pool_size: int = 4, pre_ping: bool = True) -> None:
        """`pool_size` bounds the connections to each cell; `pre_ping` is `Database`'s."""
        self.settings = settings
        self._pool_size = pool_size
        self._pre_ping = pre_ping
        self._cells: dict[str, Database] = {}

    @cached_property
    def storage(self) -> Storage:
        """Where the bytes are."""
        settings = self.settings
        return open_storage(
            settings.storage_url or (settings.data_dir / "storage").as_uri(),
            scratch=settings.scratch_dir or settings.data_dir / "scratch",
            kms_key=settings.storage_kms_key,
        )

    @cached_property
    def keyring(self) -> "Keyring":
        """Who seals secrets and opens them."""
        from services.keyring import Keyring

        return Keyring(self)

    @cached_property
    def cell_names(self) -> tuple[str, ...]:
        """The cells, the directory's own first."""
        return tuple(cell_urls(self.settings))

    def cell(self, name: str = MAIN_CELL) -> Database:
        """The database of a cell; `Misconfigured` when the settings do not name it."""
        if name not in self._cells:
            urls = cell_urls(self.settings).get(name)
            if urls is None:
                raise Misconfigured(f"the settings name no cell {name!r}: add it to CELLS")
            found = Database(
                urls.url,
                pool_size=self._pool_size,
                versions=tenant_versions(),
                pre_ping=self._pre_ping,
            )
            # Of threads that come at once, all use the first one's: it is the one that is closed.
            self._cells.setdefault(name, found)
        return self._cells[name]

    def place(self, tenant: str) -> Place:
        """Where a tenant lives, by slug or id; `NotFound`, or `Unavailable` while it is closed."""
        with self.cell().transaction() as connection:
            row = connection.execute(
                text("SELECT id, slug, name, cell, state FROM directory.find_tenant(:tenant)"),
                {"tenant": tenant},
            ).one_or_none()
        if row is None or row.state == "purging":
            raise NotFound(f"there is no tenant {tenant!r}")
        if row.state != "active":
            raise Unavailable(f"tenant {tenant!r} is {row.state}")
        return Place(row.id, row.slug, row.name, row.cell)

    @contextmanager
    def tenant_scope(self, place: Place) -> Iterator[Session]:
        """A session whose one transaction acts as the tenant and commits when the block ends."""
        with self.cell(place.cell).tenant_scope(place.tenant_id) as session:
            yield session

    @contextmanager
    def identity_scope(self) -> Iterator[Session]:
        """A session whose one transaction acts for people and commits when the block ends."""
        with self.cell().identity_scope() as session:
            yield session

    def close(self) -> None:
        """Close every pool."""
        for database in self._cells.values():
            database.dispose()
        self._cells.clear()
