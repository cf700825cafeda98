"""Uploads: a file becomes an asset with a run on it, or leaves nothing behind.

A file that comes from outside is spooled first, and may be interrupted as often as it likes:
bytes count once they are recorded, and are recorded once the disk has them.
"""

import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import AutomatorError, Conflict, Gone, NotFound, Rejected, TooLarge
from core.keys import source_key
from core.settings import Settings
from core.sniff import HEAD_BYTES
from core.spool import Digest, Writer, remove_idle, spooled_bytes
from core.storage import Storage
from models.asset import Asset
from models.run import Run
from models.upload import Upload
from services import assets, audit, brands, quotas, runs, usage
from services.installation import Installation, Place

# An upload that a client knows of may be gone on with for so long after its last byte.
EXPIRY: Final = timedelta(days=7)
# What a server that is killed loses at most; each costs a write that waits for the disk.
SYNC_BYTES: Final = 64 << 20
_SYNC_SECONDS: Final = 5.0
_LEFTOVER_SECONDS: Final = 24 * 3600.0
_DIGESTS: Final = 256


@dataclass(frozen=True, slots=True)
class Begun:
    """An asset and the run that was begun on it, as they were committed."""

    asset: Asset
    run: Run


def begin(
    installation: Installation,
    place: Place,
    path: Path,
    name: str,
    *,
    recipe: str | None = None,
    consume: bool = False,
) -> Begun:
    """Store a file and start a recipe on it. No transaction is open while bytes are copied.

    Raises Rejected for a file or a recipe that is not known, InsufficientStorage where there is
    no room, QuotaExceeded. With `consume` the file at `path` is given up.
    """
    with path.open("rb") as stream:
        # Before gigabytes are copied for nothing.
        runs.recipe_for(assets.identify(stream), recipe)
    received = assets.receive(
        installation.storage,
        place.tenant_id,
        path,
        name,
        reserve=installation.settings.free_space_reserve_bytes,
        consume=consume,
    )
    try:
        with installation.tenant_scope(place) as session:
            quotas.admit_bytes(session, installation.settings, received.bytes)
            return _begun(session, place, received, recipe, None)
    except AutomatorError:
        # Refused before the commit. Where a commit's outcome is unknown, the bytes stay.
        installation.storage.delete(received.key)
        raise


def _begun(
    session: Session,
    place: Place,
    received: assets.Received,
    recipe: str | None,
    brand_id: UUID | None,
) -> Begun:
    asset = assets.record(session, received, brand_id=brand_id)
    run = runs.start(session, place.tenant_id, asset, recipe=recipe)
    usage.add(session, uploaded_bytes=received.bytes)
    session.refresh(asset)
    session.refresh(run)
    return Begun(asset, run)


def spool_root(settings: Settings, storage: Storage) -> Path:
    """Where uploads are spooled: beside the objects where they are files, to be linked there."""
    return storage.spool or settings.data_dir / "spool"


def create(
    installation: Installation,
    place: Place,
    *,
    name: str,
    length: int,
    recipe: str | None = None,
    brand_id: UUID | None = None,
    metadata: str = "",
    direct: bool = False,
) -> Upload:
    """Announce a file of `length` bytes; nothing of it is there yet.

    A `direct` one is sent to the store itself: `services.direct_uploads`.

    Raises Rejected for an empty file, an unknown recipe or brand, TooLarge, InsufficientStorage,
    QuotaExceeded, and RateLimited where the tenant has begun too many and ended none.
    """
    check(installation, length=length, recipe=recipe)
    with installation.tenant_scope(place) as session:
        return announce(
            session,
            place,
            installation.settings,
            name=name,
            length=length,
            recipe=recipe,
            brand_id=brand_id,
            metadata=metadata,
            direct=direct,
        )


def check(installation: Installation, *, length: int, recipe: str | None) -> None:
    """Raise Rejected, TooLarge or InsufficientStorage for a file that cannot be taken in."""
    settings = installation.settings
    if length < 1:
        raise Rejected("the file is empty")
    if length > settings.upload_bytes:
        raise TooLarge(f"a file may have {settings.upload_bytes} bytes, not {length}")
    if recipe is not None:
        runs.check_recipe(recipe)
    assets.admit(installation.storage, length, reserve=settings.free_space_reserve_bytes)


def announce(
    session: Session,
    place: Place,
    settings: Settings,
    *,
    name: str,
    length: int,
    recipe: str | None,
    brand_id: UUID | None = None,
    metadata: str = "",
    direct: bool = False,
) -> Upload:
    """The row of an upload that has been checked; a `direct` one goes to the store by itself.

    Raises Rejected for an unknown brand, QuotaExceeded, RateLimited.
    """
    quotas.admit_upload(session, settings, length)
    if brand_id is not None:
        brands.require(session, brand_id)
    upload = Upload(
        tenant_id=place.tenant_id,
        name=assets.clean_name(name),
        recipe=recipe,
        brand_id=brand_id,
        metadata_=metadata,
        bytes=length,
        direct=direct,
        expires_at=datetime.now(UTC) + EXPIRY,
    )
    session.add(upload)
    session.flush()
    session.refresh(upload)
    return upload


def get(session: Session, upload_id: UUID) -> Upload:
    """An upload of the tenant; raises NotFound, or Gone for one that was given up."""
    upload = session.scalar(select(Upload).where(Upload.id == upload_id))
    if upload is None:
        raise NotFound("there is no such upload")
    if upload.expires_at < datetime.now(UTC):
        raise Gone("this upload has expired: begin it anew")
    return upload


def look(installation: Installation, place: Place, upload_id: UUID) -> Upload:
    """The same, for a client that wants to go on: Gone also where its bytes are."""
    with installation.tenant_scope(place) as session:
        upload = get(session, upload_id)
    if upload.sha256 is None:
        folder = folder_of(installation, place.tenant_id, upload_id)
        if spooled_bytes(folder) < upload.received:
            raise Gone("bytes of this upload are lost: begin it anew")
    return upload


def remove(installation: Installation, place: Place, upload_id: UUID) -> None:
    """Forget an upload and its bytes; what it has become stays. Raises NotFound, Locked, Gone."""
    writer = Writer(folder_of(installation, place.tenant_id, upload_id))
    try:
        with installation.tenant_scope(place) as session:
            get(session, upload_id)
            forgotten = _forget(session, Upload.id == upload_id)
            audit.record(session)
        for one in forgotten:
            one.clean(installation.storage)
        writer.remove()
    except (NotFound, Gone):
        writer.remove()
        raise
    finally:
        writer.close()


class Turn:
    """One client's turn at adding to an upload; state: its writer, and where it is.

    Every method blocks, and none holds a transaction while bytes are written.
    """

    def __init__(
        self, installation: Installation, place: Place, upload_id: UUID, offset: int
    ) -> None:
        """Goes on at `offset`. Raises Locked, NotFound, Gone, and Conflict for a wrong offset."""
        self._installation, self._place = installation, place
        self._reserve = installation.settings.free_space_reserve_bytes
        self._writer = Writer(folder_of(installation, place.tenant_id, upload_id))
        try:
            with installation.tenant_scope(place) as session:
                self.upload = get(session, upload_id)
            if self.upload.direct:
                raise Conflict("the bytes of this upload go to the address that came with it")
            if offset != self.upload.offset:
                raise Conflict(f"this upload goes on at {self.upload.offset}, not at {offset}")
            if self.upload.sha256 is None:
                self._writer.cut(self.upload.received)
        except (NotFound, Gone):
            self._writer.remove()
            raise
        except BaseException:
            self._writer.close()
            raise
        # Where all bytes had come and only the asset was missing, the client sends the last again.
        self.position = offset
        self._synced_at = time.monotonic()
        self._digest = _digests.take(upload_id, self._writer.path)
        self._digest.follow(self.upload.received)

    @property
    def remaining(self) -> int:
        """The bytes that are still to come."""
        return self.upload.bytes - self.position

    @property
    def wanted(self) -> bool:
        """Whether the client has come back by another way, and this turn should end."""
        return self._writer.wanted

    def add(self, data: bytes | bytearray, *, sync: bool = True) -> None:
        """Write more bytes, and record them now and then where `sync` allows it.

        Raises TooLarge for more than was announced, Rejected as soon as the bytes are those of no
        file that we take, and InsufficientStorage.
        """
        if len(data) > self.remaining:
            raise TooLarge(f"the upload has {self.upload.bytes} bytes, and more were sent")
        before, after = self.position, self.position + len(data)
        # What is recorded never changes: of the last byte, sent again, only the coming counts.
        if before >= self.upload.received:
            self._writer.write(data, before, reserve=self._reserve)
        self.position = after
        if before < HEAD_BYTES <= after and before >= self.upload.received:
            self._identify()
        due = self.position - self.upload.received >= SYNC_BYTES
        if sync and (due or time.monotonic() - self._synced_at >= _SYNC_SECONDS):
            self.record()

    def record(self) -> None:
        """Have the disk take what was written, and only then say so. Raises Gone if overtaken."""
        received = self.upload.received
        if self.position > received:
            self._writer.sync()
            self._update(received=self.position, expires_at=datetime.now(UTC) + EXPIRY)
            self._digest.follow(self.position)
        self._synced_at = time.monotonic()

    def finish(self) -> Begun:
        """Of a whole upload make an asset with a run on it. Raises Rejected, NotFound."""
        assert self.remaining == 0
        upload, place = self.upload, self._place
        storage, key = self._installation.storage, source_key(place.tenant_id, upload.id)
        if upload.sha256 is None:
            self.record()
            self._identify()
            self._update(sha256=self._digest.result())
        assert upload.sha256 is not None
        # After an end between storing and committing, the bytes are there already.
        if self._writer.path.exists():
            storage.put(key, self._writer.path, consume=True, sha256=upload.sha256)
        with storage.open(key) as stored:
            found = assets.identify(stored)
        received = assets.Received(upload.id, upload.name, key, upload.bytes, upload.sha256, found)
        with self._installation.tenant_scope(place) as session:
            begun = _begun(session, place, received, upload.recipe, upload.brand_id)
            self._change(session, run_id=begun.run.id)
            audit.record(session, created=upload.id)
        upload.run_id = begun.run.id
        self._writer.remove()
        return begun

    def discard(self) -> None:
        """Forget the upload: it can never become an asset."""
        with self._installation.tenant_scope(self._place) as session:
            session.execute(delete(Upload).where(Upload.id == self.upload.id))
        self._writer.remove()

    def close(self) -> None:
        """Let somebody else go on. What was written and not recorded is nobody's."""
        if self.upload.run_id is not None:
            self._writer.remove()
        self._writer.close()

    def _identify(self) -> None:
        with self._writer.path.open("rb") as stream:
            runs.recipe_for(assets.identify(stream), self.upload.recipe)

    def _update(self, **values: object) -> None:
        with self._installation.tenant_scope(self._place) as session:
            self._change(session, **values)
        for name, value in values.items():
            setattr(self.upload, name, value)

    def _change(self, session: Session, **values: object) -> None:
        ours = (Upload.id == self.upload.id) & (Upload.received == self.upload.received)
        changed = update(Upload).where(ours).values(**values).returning(Upload.id)
        if session.scalar(changed) is None:
            raise Gone("this upload was ended by another request")


class _Digests:
    """The digests of uploads that come in many requests; state: those last used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[UUID, Digest] = OrderedDict()

    def take(self, upload_id: UUID, path: Path) -> Digest:
        """The digest as far as it is, or a fresh one; recorded bytes never change."""
        with self._lock:
            digest = self._known.pop(upload_id, None) or Digest(path)
            self._known[upload_id] = digest
            if len(self._known) > _DIGESTS:
                self._known.popitem(last=False)
        return digest


_digests = _Digests()


@dataclass(frozen=True, slots=True)
class _Forgotten:
    """A direct upload whose row is gone, and that has become nothing."""

    key: str
    session: str | None = field(repr=False)

    def clean(self, storage: Storage) -> None:
        """Have the store forget it, too. What comes after that is collected as an orphan."""
        if self.session is not None:
            storage.end_session(self.session)
        storage.delete(self.key)


def _forget(session: Session, which: ColumnElement[bool]) -> list[_Forgotten]:
    """Delete uploads; those that the store still has something of."""
    gone = (
        delete(Upload)
        .where(which)
        .returning(Upload.id, Upload.tenant_id, Upload.direct, Upload.run_id, Upload.session)
    )
    return [
        _Forgotten(source_key(row.tenant_id, row.id), row.session)
        for row in session.execute(gone).all()
        if row.direct and row.run_id is None
    ]


def collect(database: Database, storage: Storage, spool: Path, tenant_id: UUID) -> Iterator[int]:
    """Forget a tenant's expired uploads, and folders that no row speaks of; yields how many."""
    with database.tenant_scope(tenant_id) as session:
        forgotten = _forget(session, Upload.expires_at < datetime.now(UTC))
        unfinished = session.scalars(select(Upload.id).where(Upload.run_id.is_(None)))
        known = {str(upload_id) for upload_id in unfinished}
    for one in forgotten:
        one.clean(storage)
        yield 1
    folder = spool / str(tenant_id)
    if not folder.is_dir():
        return
    for path in list(folder.iterdir()):
        if path.name not in known:
            yield int(remove_idle(path, age_seconds=_LEFTOVER_SECONDS))


def forget_tenant(settings: Settings, storage: Storage, tenant_id: UUID) -> None:
    """Remove every byte that a tenant has on its way in."""
    shutil.rmtree(spool_root(settings, storage) / str(tenant_id), ignore_errors=True)


def folder_of(installation: Installation, tenant_id: UUID, upload_id: UUID) -> Path:
    """Where an upload is spooled, and its lock is."""
    root = spool_root(installation.settings, installation.storage)
    return root / str(tenant_id) / str(upload_id)
