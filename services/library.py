"""The library: what people change of the assets that a tenant has.

Locks are taken in the order asset's turn, run, stage, event head, row of an asset or artifact.
"""

import unicodedata
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, and_, text, update
from sqlalchemy.orm import Session

from core.errors import Conflict, Outdated, Rejected
from models.asset import Asset
from services import brands, ledger
from services.asset_views import get
from services.assets import NAME_LENGTH

TAGS: Final = 50
TAG_LENGTH: Final = 64
# Neither seen nor typed: control characters, half characters, ends of lines.
_UNSEEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def change(
    session: Session,
    asset_id: UUID,
    *,
    name: str | None = None,
    tags: Sequence[str] | None = None,
    brand_id: UUID | None = None,
    versions: Collection[int] | None = None,
) -> Row[Any]:
    """Rename or tag an asset that is at one of `versions`, or at any, or give it to another brand.

    What is None stays; the asset as it is then. Raises NotFound, Conflict for one in the trash,
    Outdated, and Rejected for an unknown brand.
    """
    before = get(session, asset_id)
    if before.trashed_at is not None:
        raise Conflict("the asset is in the trash: restore it first")
    if versions is not None and before.version not in versions:
        raise Outdated("the asset has been changed meanwhile")
    wanted: dict[str, Any] = {}
    if name is not None and name != before.name:
        wanted["name"] = name
    if tags is not None and list(tags) != list(before.tags):
        wanted["tags"] = list(tags)
    if brand_id is not None and brand_id != before.brand_id:
        brands.require(session, brand_id)
        wanted["brand_id"] = brand_id
    if not wanted:
        return before
    ledger.emit(session, "asset.updated", {"asset_id": str(asset_id), "changed": sorted(wanted)})
    ours = and_(Asset.id == asset_id, Asset.trashed_at.is_(None))
    if versions is not None:
        ours = and_(ours, Asset.version == before.version)
    statement = update(Asset).where(ours).values(**wanted, version=Asset.version + 1)
    if session.execute(statement.returning(Asset.id)).one_or_none() is None:
        raise Outdated("the asset has been changed meanwhile")
    return get(session, asset_id)


def hold(session: Session, asset_id: UUID) -> None:
    """Wait for one's turn at an asset: who starts a run on it, and who puts it into the trash."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:asset, 0))"), {"asset": str(asset_id)}
    )


def checked_name(name: str) -> str:
    """A name as it is kept; Rejected where it breaks a rule."""
    found = unicodedata.normalize("NFC", name).strip()
    if not found:
        raise Rejected("a name has at least one character")
    if len(found) > NAME_LENGTH:
        raise Rejected(f"a name has at most {NAME_LENGTH} characters")
    if _unseen(found) or "/" in found or "\\" in found:
        raise Rejected("a name has no control characters and no / or \\")
    return found


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Tags as they are kept, each once however it is capitalised; Rejected for a broken rule."""
    found: dict[str, str] = {}
    for tag in tags:
        clean = unicodedata.normalize("NFC", tag).strip()
        if not 1 <= len(clean) <= TAG_LENGTH:
            raise Rejected(f"a tag has 1 to {TAG_LENGTH} characters")
        if _unseen(clean):
            raise Rejected("a tag has no control characters")
        found.setdefault(clean.casefold(), clean)
    if len(found) > TAGS:
        raise Rejected(f"an asset has at most {TAGS} tags")
    return list(found.values())


def _unseen(words: str) -> bool:
    return any(unicodedata.category(one) in _UNSEEN for one in words)
