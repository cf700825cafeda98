"""Direct uploads: a browser sends a file to the store itself, and says when it is there.

What has come is believed only as far as it was read: its size, its first bytes, its digest.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.errors import AutomatorError, Conflict, Gone, NotFound, Rejected
from core.keys import source_key
from core.spool import Writer
from core.storage import Storage
from models.upload import Upload
from services import assets, audit, runs, uploads, usage
from services.assets import Received
from services.installation import Installation, Place

# What a session takes, but for its last piece, comes in multiples of this.
PIECE_BYTES: Final = 256 << 10
_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Announced:
    """An upload, and the address that takes its bytes, which is a secret."""

    upload: Upload
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the client says of the bytes it has sent; None is not said."""

    sha256: str | None = None
    """In hexadecimal."""
    crc32c: str | None = None
    """Four bytes, the highest first, in base64."""


def create(
    installation: Installation,
    place: Place,
    *,
    name: str,
    length: int,
    recipe: str | None = None,
    brand_id: UUID | None = None,
    origin: str | None = None,
) -> Announced:
    """Announce a file of `length` bytes, which a page of the `origin` sends.

    Raises what `uploads.create` does, and Conflict where the store takes no bytes from outside.
    """
    upload = uploads.create(
        installation,
        place,
        name=name,
        length=length,
        recipe=recipe,
        brand_id=brand_id,
        direct=True,
    )
    key = source_key(place.tenant_id, upload.id)
    try:
        address = installation.storage.begin_session(key, length, origin=origin)
        if address is None:
            raise Conflict("this installation keeps files in a folder: send them by tus")
        with installation.tenant_scope(place) as session:
            changed = update(Upload).where(Upload.id == upload.id).values(session=address)
            session.execute(changed)
            audit.record(session, created=upload.id)
    except AutomatorError:
        with installation.tenant_scope(place) as session:
            session.execute(delete(Upload).where(Upload.id == upload.id))
        raise
    return Announced(upload, address)


def complete(
    installation: Installation, place: Place, upload_id: UUID, expected: Expected
) -> Upload:
    """Make an asset with a run on it of what has come; doing it again changes nothing.

    No transaction is open while the bytes are read, and memory stays flat.
    Raises NotFound, Gone, Locked while another request is at it, Conflict where bytes are still
    missing, and Rejected, leaving nothing, where they are not those that were announced.
    """
    with installation.tenant_scope(place) as session:
        _require_direct(uploads.get(session, upload_id))
    lock = Writer(uploads.folder_of(installation, place.tenant_id, upload_id))
    try:
        with installation.tenant_scope(place) as session:
            upload = uploads.get(session, upload_id)
        if upload.run_id is not None:
            return upload
        try:
            received = _received(installation.storage, place, upload, expected)
        except Rejected:
            _discard(installation, place, upload)
            raise
        with installation.tenant_scope(place) as session:
            return _record(session, place, upload, received)
    finally:
        lock.remove()


def _require_direct(upload: Upload) -> None:
    if not upload.direct:
        raise Conflict("this upload is no direct one: it ends with its last byte")


def _received(storage: Storage, place: Place, upload: Upload, expected: Expected) -> Received:
    """Read what has come. Nobody can change it: a session ends with its last byte."""
    key = source_key(place.tenant_id, upload.id)
    try:
        size = storage.stat(key).bytes
        if size != upload.bytes:
            raise Rejected(f"{upload.bytes} bytes were announced, and {size} have come")
        with storage.open(key) as stream:
            found = assets.identify(stream)
            runs.recipe_for(found, upload.recipe)
            stream.seek(0)
            digest, crc = hashlib.sha256(), 0
            while data := stream.read(_READ_BYTES):
                digest.update(data)
                if expected.crc32c is not None:
                    crc = _crc32c(crc, data)
    except NotFound:
        raise Conflict(
            "bytes are missing: send the rest to the address, then complete it"
        ) from None
    if expected.sha256 is not None and expected.sha256.lower() != digest.hexdigest():
        raise Rejected("sha256: the bytes that have come have another one")
    if expected.crc32c is not None and expected.crc32c != _text(crc):
        raise Rejected("crc32c: the bytes that have come have another one")
    return Received(upload.id, upload.name, key, size, digest.hexdigest(), found)


def _crc32c(value: int, data: bytes) -> int:
    import google_crc32c

    return int(google_crc32c.extend(value, data))


def _text(crc: int) -> str:
    return base64.b64encode(crc.to_bytes(4, "big")).decode()


def _record(session: Session, place: Place, upload: Upload, received: Received) -> Upload:
    """The asset, its run and the upload's end, in one transaction."""
    ours = select(Upload).where(Upload.id == upload.id).with_for_update()
    locked = session.scalar(ours)
    if locked is None or locked.expires_at < datetime.now(UTC):
        raise Gone("this upload was ended by another request")
    if locked.run_id is None:
        asset = assets.record(session, received, brand_id=upload.brand_id)
        run = runs.start(session, place.tenant_id, asset, recipe=upload.recipe)
        usage.add(session, uploaded_bytes=received.bytes)
        locked.received, locked.sha256 = received.bytes, received.sha256
        locked.run_id, locked.session = run.id, None
        session.flush()
        audit.record(session)
    session.refresh(locked)
    return locked


def _discard(installation: Installation, place: Place, upload: Upload) -> None:
    """Forget what can never become an asset."""
    unfinished = (Upload.id == upload.id) & Upload.run_id.is_(None)
    with installation.tenant_scope(place) as session:
        gone = session.scalar(delete(Upload).where(unfinished).returning(Upload.id))
    if gone is not None:
        installation.storage.delete(source_key(place.tenant_id, upload.id))
