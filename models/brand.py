"""Brands, whose a tenant's assets are, and their kits."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import TenantBase


class Brand(TenantBase):
    """One brand; a tenant has one at least, which is its default."""

    __tablename__ = "brands"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    name: Mapped[str]
    is_default: Mapped[bool] = mapped_column(server_default=FetchedValue())
    version: Mapped[int] = mapped_column(server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class BrandKitRow(TenantBase):
    """What a brand says of itself: a `pipeline.plan.brand_kit.BrandKit`."""

    __tablename__ = "brand_kits"

    brand_id: Mapped[UUID] = mapped_column(
        ForeignKey(Brand.id, ondelete="CASCADE"), primary_key=True
    )
    kit: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(server_default=FetchedValue())
    changed_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
