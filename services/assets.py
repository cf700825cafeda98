"""Assets: taking bytes in, and finding what was taken in."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import InsufficientStorage, NotFound, Rejected
from core.ids import new_id
from core.keys import source_key
from core.sniff import HEAD_BYTES, Sniffed, sniff
from core.storage import Storage
from models.asset import Asset
from services import brands

NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that lie in storage and that no row speaks of yet."""

    asset_id: UUID
    name: str
    key: str
    bytes: int
    sha256: str
    type: Sniffed


def admit(storage: Storage, size: int, *, reserve: int) -> None:
    """Refuse bytes that would leave less than `reserve` bytes free (InsufficientStorage)."""
    free = storage.free_bytes()
    if free is not None and free - size < reserve:
        raise InsufficientStorage(
            f"storage has {max(0, free - reserve) >> 20} MiB to give,"
            f" and {size >> 20} MiB are needed"
        )


def clean_name(name: str) -> str:
    """A file's name as it is kept: its last part, printable, at most 255 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(c for c in last if c.isprintable()).strip()
    return printable[:NAME_LENGTH] or "untitled"


def identify(stream: BinaryIO) -> Sniffed:
    """What a file is, by its first bytes; Rejected for an empty or unknown one."""
    head = stream.read(HEAD_BYTES)
    if not head:
        raise Rejected("the file is empty")
    found = sniff(head)
    if found is None:
        raise Rejected("the file is no video, image or document that we know")
    return found


def receive(
    storage: Storage, tenant_id: UUID, path: Path, name: str, *, reserve: int, consume: bool = False
) -> Received:
    """Check and store a file. No transaction is open meanwhile.

    Raises Rejected for an empty or unknown file, InsufficientStorage where there is no room.
    With `consume` the file at `path` is given up.
    """
    with path.open("rb") as stream:
        found = identify(stream)
    admit(storage, 0 if consume else path.stat().st_size, reserve=reserve)
    asset_id = new_id()
    stored = storage.put(source_key(tenant_id, asset_id), path, consume=consume)
    return Received(asset_id, clean_name(name), stored.key, stored.bytes, stored.sha256, found)


def record(session: Session, received: Received, *, brand_id: UUID | None = None) -> Asset:
    """The row for received bytes, in a brand, or in the default one.

    That is also where it goes if the brand was deleted while the bytes came: none are lost for it.
    """
    asset = Asset(
        id=received.asset_id,
        name=received.name,
        kind=received.type.kind,
        mime=received.type.mime,
        bytes=received.bytes,
        sha256=received.sha256,
        storage_key=received.key,
    )
    if brand_id is not None and brands.is_there(session, brand_id):
        asset.brand_id = brand_id
    session.add(asset)
    session.flush()
    return asset


def get(session: Session, asset_id: UUID) -> Asset:
    """An asset of the tenant; NotFound otherwise."""
    asset = session.scalar(select(Asset).where(Asset.id == asset_id))
    if asset is None:
        raise NotFound("there is no such asset")
    return asset
