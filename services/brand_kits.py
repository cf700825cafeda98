"""Brand kits: what a brand says of itself, kept whole and changed whole."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.errors import Outdated, Rejected
from models.asset import Asset
from models.brand import BrandKitRow
from pipeline.plan.brand_kit import BrandKit
from services import brands

_OUTDATED = "the brand's kit has been changed meanwhile"


@dataclass(frozen=True, slots=True)
class Kept:
    """A brand's kit as it is kept; version 0 is one of which nothing was said yet.

    `missing` are assets that it names and that are gone, or in the trash.
    """

    brand_id: UUID
    kit: BrandKit
    version: int
    changed_at: datetime | None
    missing: tuple[UUID, ...]


def get(session: Session, brand_id: UUID) -> Kept:
    """A brand's kit; raises NotFound for what is no brand of the tenant."""
    brands.get(session, brand_id)
    row = session.get(BrandKitRow, brand_id, populate_existing=True)
    if row is None:
        return Kept(brand_id, BrandKit(), 0, None, ())
    kit = BrandKit.model_validate(row.kit)
    named = (*kit.image_ids, *kit.video_ids)
    there = _kinds(session, named)
    missing = tuple(dict.fromkeys(one for one in named if one not in there))
    return Kept(brand_id, kit, row.version, row.changed_at, missing)


def put(
    session: Session, brand_id: UUID, kit: BrandKit, *, versions: Collection[int] | None = None
) -> Kept:
    """Keep another kit in the place of one that is at one of `versions`, or at any.

    Raises NotFound, Outdated, and Rejected where it names an asset that is not there, or of another
    kind than its place needs.
    """
    before = get(session, brand_id)
    if versions is not None and before.version not in versions:
        raise Outdated(_OUTDATED)
    _require_assets(session, kit)
    values = kit.model_dump(mode="json", exclude_defaults=True)
    if before.version and values == before.kit.model_dump(mode="json", exclude_defaults=True):
        return before
    if before.version == 0:
        made = insert(BrandKitRow).values(brand_id=brand_id, kit=values).on_conflict_do_nothing()
        done = session.scalar(made.returning(BrandKitRow.version))
    else:
        changed = update(BrandKitRow).where(
            BrandKitRow.brand_id == brand_id, BrandKitRow.version == before.version
        )
        done = session.scalar(
            changed.values(
                kit=values, version=BrandKitRow.version + 1, changed_at=func.clock_timestamp()
            ).returning(BrandKitRow.version)
        )
    if done is None:
        raise Outdated(_OUTDATED)
    return get(session, brand_id)


def _require_assets(session: Session, kit: BrandKit) -> None:
    wanted = [(f"logos/{at}/asset_id", one.asset_id, "image") for at, one in enumerate(kit.logos)]
    if kit.watermark is not None:
        wanted.append(("watermark/asset_id", kit.watermark.asset_id, "image"))
    for name in ("intro_asset_id", "outro_asset_id"):
        found = getattr(kit, name)
        wanted += [(name, found, "video")] if found is not None else []
    there = _kinds(session, [asset_id for _, asset_id, _ in wanted])
    for field, asset_id, kind in wanted:
        if asset_id not in there:
            raise Rejected("there is no such asset, or it is in the trash", field=field)
        if there[asset_id] != kind:
            reason = f"it takes an asset of the kind {kind}, and this is one of {there[asset_id]}"
            raise Rejected(reason, field=field)


def _kinds(session: Session, asset_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The kinds of those assets that are there and not in the trash."""
    query = select(Asset.id, Asset.kind).where(Asset.id.in_(list(asset_ids)))
    return {row.id: row.kind for row in session.execute(query.where(Asset.trashed_at.is_(None)))}
