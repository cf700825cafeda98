"""Taking a tenant in from an archive, as a new tenant with ids and keys of its own.

Its name and its room come first, in a state in which nobody reaches it; then its files; then its
schema with every row, in one transaction; and last the directory's word that it is there. What
fails takes back what it did. Of an import that was killed, the next one with that slug does so.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final
from uuid import UUID, uuid4

from core.embedded.folders import data_folder
from core.errors import Conflict, QuotaExceeded, Rejected
from core.keys import tenant_prefix
from core.settings import Settings
from core.storage import Storage
from models.migrations import ROOT, versions
from services import archive, assets, tenant_archive, tenants
from services.administration import Cell, OwnerConnection, as_migrator, cells, owner
from services.founding import checked_name
from services.installation import MAIN_CELL, Installation
from services.purge import remove
from services.tenant_archive import FILES, ROWS, Checked
from services.tenant_filling import fill
from services.tenant_rows import Renewal
from services.tenants import TenantInfo

_IMPORTING: Final = "importing"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made; `absent` files were gone when the archive was written."""

    tenant: TenantInfo
    rows: int
    files: int
    absent: int
    members: tuple[tenant_archive.Member, ...]
    """Who was in the tenant; nobody of them is in this one."""


@dataclass(slots=True)
class _Work:
    """One import; state: what it has done."""

    settings: Settings
    checked: Checked
    storage: Storage
    directory: OwnerConnection
    known: dict[str, Cell]
    root: Path
    tenant: TenantInfo
    folder: Path
    renewal: Renewal
    rows: dict[str, Path] = field(default_factory=dict)

    @property
    def main(self) -> Cell:
        """The directory's cell."""
        return self.known[MAIN_CELL]

    @property
    def cell(self) -> Cell:
        """The tenant's cell."""
        return self.known[self.tenant.cell]


def take_in(
    settings: Settings,
    file: Path,
    *,
    slug: str | None = None,
    name: str | None = None,
    cell: str | None = None,
    root: Path = ROOT,
) -> Imported:
    """Makes a tenant of an archive; its slug and its name are the archive's where none are given.

    Raises Rejected for an archive that is harmed, hostile or of a newer release, Conflict for a
    slug that is taken, QuotaExceeded, InsufficientStorage, and Unavailable where no cell has room;
    what was begun is taken back.
    """
    checked = tenant_archive.check(file)
    description = checked.description
    if description.revision not in (known_ones := versions("tenant", root)):
        raise Rejected(
            f"{file} was written by a newer release (its tenant is at {description.revision}; this"
            f" one knows {known_ones[0]} to {known_ones[-1]}): update this installation first"
        )
    installation = Installation(settings)
    try:
        storage = installation.storage
        _require_room(settings, storage, checked)
        wanted = TenantInfo(
            id=uuid4(),
            slug=slug if slug is not None else description.tenant.slug,
            name=checked_name(name if name is not None else description.tenant.name, field="name"),
            cell=cell or "",
            state=_IMPORTING,
            created_at=datetime.now(UTC),
        )
        data_folder(settings.data_dir)
        with (
            owner(cells(settings)[MAIN_CELL]) as directory,
            tempfile.TemporaryDirectory(dir=settings.data_dir) as folder,
        ):
            renewal = Renewal(
                old=description.tenant.id,
                new=wanted.id,
                files=checked.files,
                absent=checked.absent,
            )
            work = _Work(
                settings,
                checked,
                storage,
                directory,
                cells(settings),
                root,
                wanted,
                Path(folder),
                renewal,
            )
            with _reserved(work):
                _put_files(work)
                count = _put_rows(work)
                _open(work)
        return Imported(
            replace(work.tenant, state="active"),
            count,
            len(checked.files),
            len(checked.absent),
            checked.members,
        )
    finally:
        installation.close()


def _require_room(settings: Settings, storage: Storage, checked: Checked) -> None:
    """What every tenant may have stored holds for one that comes, too."""
    most = settings.stored_bytes
    if most is not None and checked.bytes > most:
        raise QuotaExceeded(
            f"the archive's files have {checked.bytes} bytes, and a tenant may have {most} stored:"
            " see STORED_BYTES"
        )
    assets.admit(storage, checked.bytes, reserve=settings.free_space_reserve_bytes)


@contextmanager
def _reserved(work: _Work) -> Iterator[None]:
    """Holds a name and a place meanwhile; what the block leaves undone is taken back.

    Who holds the lock on a tenant's id is at work on it: what nobody holds was left by a death.
    """
    with owner(work.main) as guard, guard.transaction():
        _take_lock(guard, work.tenant.id)
        _clear_remnant(work, guard)
        work.tenant = tenants.reserve(work.settings, work.directory, work.tenant)
        try:
            yield
        except BaseException:
            _discard(work, work.tenant)
            raise


def _take_lock(guard: OwnerConnection, tenant_id: UUID) -> bool:
    key = tenant_id.int & ((1 << 63) - 1)
    taken = guard.execute("SELECT pg_try_advisory_xact_lock(%s)", [key]).fetchone()
    return taken == (True,)


def _clear_remnant(work: _Work, guard: OwnerConnection) -> None:
    """Takes back what an import with this slug has left that was killed."""
    with as_migrator(work.directory, work.main):
        row = work.directory.execute(
            "SELECT id, cell FROM directory.tenants WHERE slug = %s AND state = %s",
            [work.tenant.slug, _IMPORTING],
        ).fetchone()
    if row is None:
        return
    if not _take_lock(guard, row[0]):
        raise Conflict(f"a tenant {work.tenant.slug!r} is being imported just now")
    _discard(work, replace(work.tenant, id=row[0], cell=row[1]))


def _discard(work: _Work, tenant: TenantInfo) -> None:
    """Removes all of a tenant that is not there yet; its name last, so that it can be repeated.

    One that has become a tenant meanwhile, or that somebody purges, is left to itself.
    """
    with as_migrator(work.directory, work.main):
        row = work.directory.execute(
            "SELECT state FROM directory.tenants WHERE id = %s", [tenant.id]
        ).fetchone()
    if row not in (None, (_IMPORTING,)):
        return
    work.storage.delete_prefix(tenant_prefix(tenant.id))
    cell = work.known[tenant.cell]
    with owner(cell) as connection, connection.transaction():
        remove(connection, cell, tenant.id)
    with as_migrator(work.directory, work.main):
        work.directory.execute(
            "DELETE FROM directory.tenants WHERE id = %s AND state = %s", [tenant.id, _IMPORTING]
        )


def _put_files(work: _Work) -> None:
    """Stores the files under their new keys, and lays the rows into the work's folder."""
    old = f"{FILES}{tenant_prefix(work.renewal.old)}/"
    new = f"{tenant_prefix(work.tenant.id)}/"
    for name, source in archive.reading(work.checked.file):
        if name.startswith(ROWS):
            work.rows[name] = work.folder / name.removeprefix(ROWS).replace("/", "-")
            with work.rows[name].open("wb") as copy:
                shutil.copyfileobj(source, copy, archive.CHUNK)
        elif name.startswith(old):
            told = work.checked.files[name.removeprefix(FILES)]
            copied = work.folder / ".file"
            digest = _copy(source, copied)
            if digest != told.sha256:
                raise Rejected(f"{work.checked.file} was changed while it was read")
            key = new + name.removeprefix(old)
            work.storage.put(key, copied, consume=True, sha256=digest)


def _copy(source: IO[bytes], place: Path) -> str:
    """Copies a file; its SHA-256."""
    digest = hashlib.sha256()
    with place.open("wb") as copy:
        while chunk := source.read(archive.CHUNK):
            digest.update(chunk)
            copy.write(chunk)
    return digest.hexdigest()


def _put_rows(work: _Work) -> int:
    """The tenant's schema with every row; how many rows."""
    return fill(work.cell, work.checked, work.renewal, work.rows, work.root)


def _open(work: _Work) -> None:
    """The directory's word that the tenant is there."""
    with as_migrator(work.directory, work.main):
        opened = work.directory.execute(
            "UPDATE directory.tenants SET state = 'active' WHERE id = %s AND state = %s",
            [work.tenant.id, _IMPORTING],
        )
        if opened.rowcount != 1:
            raise Conflict("the tenant was removed while it was imported")
