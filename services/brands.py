"""Brands: each of a tenant's assets belongs to one, and without a word to the default one.

Whoever changes what brands there are waits for their turn, so that names stay different, their
number within its bound, and exactly one of them the default.
"""

import unicodedata
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound, Outdated, QuotaExceeded, Rejected
from core.settings import Settings
from models.asset import Asset
from models.brand import Brand
from services import quotas

NAME_LENGTH: Final = 100
# What a tenant's first brand is called where the tenant's own name cannot be one.
FIRST: Final = "Default"
_TURN: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(current_user::text, 3))")


def checked_name(name: str) -> str:
    """A name as it is kept, without what cannot be seen; raises Rejected."""
    found = _seen(name)
    if not 1 <= len(found) <= NAME_LENGTH:
        raise Rejected(f"a brand's name has 1 to {NAME_LENGTH} characters", field="name")
    return found


def first_name(tenant_name: str) -> str:
    """What the first brand of a tenant is called: as the tenant is, as far as that goes."""
    return _seen(tenant_name)[:NAME_LENGTH].rstrip() or FIRST


def _seen(name: str) -> str:
    printable = "".join(one for one in unicodedata.normalize("NFC", name) if one.isprintable())
    return " ".join(printable.split())


def create(session: Session, settings: Settings, name: str) -> Brand:
    """Another brand. Raises Rejected, Conflict for a name that is taken, and QuotaExceeded."""
    name = checked_name(name)
    session.execute(_TURN)
    has = session.scalar(select(func.count()).select_from(Brand)) or 0
    may = quotas.of(session, settings).brands
    if has >= may:
        raise QuotaExceeded(
            f"there are {has} brands, and {may} may be",
            members={"quota": "brands", "limit": may, "used": has},
        )
    _require_free(session, name)
    row = Brand(name=name)
    session.add(row)
    session.flush()
    return get(session, row.id)


def get(session: Session, brand_id: UUID) -> Brand:
    """A brand of the tenant; NotFound otherwise."""
    row = session.get(Brand, brand_id, populate_existing=True)
    if row is None:
        raise NotFound("there is no such brand")
    return row


def page(session: Session, *, limit: int, after: UUID | None) -> Sequence[Brand]:
    """Brands in the order in which they were made, at most `limit`, from behind `after`."""
    query = select(Brand).order_by(Brand.id).limit(limit)
    if after is not None:
        query = query.where(Brand.id > after)
    return session.scalars(query).all()


def change(
    session: Session,
    brand_id: UUID,
    *,
    name: str | None = None,
    default: bool = False,
    versions: Collection[int] | None = None,
) -> Brand:
    """Rename a brand that is at one of `versions`, or at any, or make it the default.

    What is None stays. Raises NotFound, Outdated, Rejected, and Conflict for a name that is taken.
    """
    session.execute(_TURN)
    row = _at(session, brand_id, versions)
    name = checked_name(name) if name is not None else row.name
    default = default or row.is_default
    if (name, default) == (row.name, row.is_default):
        return row
    _require_free(session, name, besides=brand_id)
    if default and not row.is_default:
        before = update(Brand).where(Brand.is_default)
        session.execute(before.values(is_default=False, version=Brand.version + 1))
    row.name, row.is_default, row.version = name, default, row.version + 1
    session.flush()
    return row


def delete(session: Session, brand_id: UUID, *, versions: Collection[int] | None = None) -> None:
    """Delete a brand that nothing belongs to.

    Raises NotFound, Outdated, and Conflict for the default one and for one that has assets.
    """
    session.execute(_TURN)
    row = _at(session, brand_id, versions)
    if row.is_default:
        raise Conflict("this is the default brand: make another one the default first")
    # Who is giving it an asset has ended then, and who comes later finds it gone.
    session.execute(select(Brand.id).where(Brand.id == brand_id).with_for_update())
    if session.scalar(select(Asset.id).where(Asset.brand_id == brand_id).limit(1)) is not None:
        raise Conflict(
            "the brand has assets, in the trash perhaps: move them to another brand,"
            " or remove them for good"
        )
    session.delete(row)
    session.flush()


def require(session: Session, brand_id: UUID) -> None:
    """Raise Rejected for what is no brand of the tenant's; one that is stays to the end."""
    if not is_there(session, brand_id):
        raise Rejected("there is no such brand", field="brand_id")


def is_there(session: Session, brand_id: UUID) -> bool:
    """Whether the tenant has a brand; it cannot be deleted before the transaction ends."""
    kept = select(Brand.id).where(Brand.id == brand_id).with_for_update(read=True, key_share=True)
    return session.scalar(kept) is not None


def _at(session: Session, brand_id: UUID, versions: Collection[int] | None) -> Brand:
    row = get(session, brand_id)
    if versions is not None and row.version not in versions:
        raise Outdated("the brand has been changed meanwhile")
    return row


def _require_free(session: Session, name: str, *, besides: UUID | None = None) -> None:
    taken = select(Brand.id).where(func.lower(Brand.name) == func.lower(name))
    if besides is not None:
        taken = taken.where(Brand.id != besides)
    if session.scalar(taken) is not None:
        raise Conflict(f"there is a brand {name!r} already")
