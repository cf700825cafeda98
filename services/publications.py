"""Publication: a stable address at which everybody sees what an asset currently is."""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.settings import Settings
from models.asset import Asset
from pipeline.plan.video_types import PREVIEW
from services import assets, packages
from services.playbacks import Addresses, addresses, kept, longest_duration, origin, results_of

_NAME: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Publication:
    """Where a published asset is; `addresses` are empty until its first package is finished."""

    asset_id: UUID
    url: str
    addresses: Addresses


def public_name(tenant_id: UUID, public_id: UUID) -> str:
    """The part of the address that stands for a published asset."""
    return f"{tenant_id.hex}-{public_id.hex}"


def parse_public_name(name: str) -> tuple[UUID, UUID]:
    """The tenant and the public id of an address; NotFound for any other text."""
    tenant, _, public = name.partition("-")
    if any(
        len(part) != 32 or not set(part) <= set("0123456789abcdef") for part in (tenant, public)
    ):
        raise NotFound("there is nothing at this address")
    return UUID(tenant), UUID(public)


def publish(session: Session, settings: Settings, tenant_id: UUID, asset_id: UUID) -> Publication:
    """Give an asset its public address, unless it has one.

    Raises NotFound for no asset, Conflict for one in the trash.
    """
    asset = kept(session, asset_id)
    # Of two that publish at once, both are told the address that the first has given.
    chosen = {"public_id": func.coalesce(Asset.public_id, uuid4())}
    session.execute(update(Asset).where(Asset.id == asset.id).values(chosen))
    session.refresh(asset)
    return _publication(session, settings, tenant_id, asset)


def get(session: Session, settings: Settings, tenant_id: UUID, asset_id: UUID) -> Publication:
    """Where an asset is published; NotFound where it is not."""
    asset = assets.get(session, asset_id)
    if asset.public_id is None or asset.trashed_at is not None:
        raise NotFound("the asset is not published")
    return _publication(session, settings, tenant_id, asset)


def withdraw(session: Session, asset_id: UUID) -> tuple[str, float]:
    """End an asset's public address for good; its source's key and its media's seconds.

    Raises NotFound where it has no such address.
    """
    asset = assets.get(session, asset_id)
    if asset.public_id is None:
        raise NotFound("the asset is not published")
    asset.public_id = None
    session.flush()
    return asset.storage_key, longest_duration(session, asset_id)


def _publication(
    session: Session, settings: Settings, tenant_id: UUID, asset: Asset
) -> Publication:
    assert asset.public_id is not None
    base = f"{origin(settings)}/v1/public/{public_name(tenant_id, asset.public_id)}"
    results = results_of(session, asset.id)
    master = packages.current(results)
    found = Addresses()
    if master is not None and master.stage != PREVIEW:
        found = addresses(base, packages.package(results, master))
    return Publication(asset.id, base, found)
