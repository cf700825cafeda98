"""Briefs: what the plan of a run is told of its asset and its brand."""

from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from pipeline.plan.brand_kit import BrandKit
from pipeline.plan.brief import Brief

# A tenant at the revision before has no kits, and its runs go on.
_NAME: Final = text(
    "SELECT name, to_regclass('brand_kits') IS NOT NULL AS kits FROM assets WHERE id = :asset"
)
_KIT: Final = text(
    "SELECT k.kit FROM assets a JOIN brand_kits k ON k.brand_id = a.brand_id WHERE a.id = :asset"
)


def of(session: Session, asset_id: UUID) -> Brief:
    """An asset's name and its brand's kit; an empty brief where the asset is gone."""
    row = session.execute(_NAME, {"asset": asset_id}).one_or_none()
    if row is None:
        return Brief()
    kit = session.scalar(_KIT, {"asset": asset_id}) if row.kits else None
    return Brief(name=row.name, kit=BrandKit.model_validate(kit) if kit else BrandKit())
