"""Assets, what a brand uploaded, and artifacts, what was made of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Big, TenantBase
from models.brand import Brand


class Asset(TenantBase):
    """One uploaded file."""

    __tablename__ = "assets"
    # Making a row asks for its id alone: see brand_id.
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - as SQLAlchemy declares it

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    name: Mapped[str]
    kind: Mapped[str]
    mime: Mapped[str]
    bytes: Mapped[Big]
    sha256: Mapped[str]
    storage_key: Mapped[str]
    # Asked for by name only: workers go on with tenants at the revision that has no brands yet.
    brand_id: Mapped[UUID] = mapped_column(
        ForeignKey(Brand.id), server_default=FetchedValue(), deferred=True
    )
    media: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=FetchedValue())
    version: Mapped[int] = mapped_column(server_default=FetchedValue())
    trashed_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    media_epoch: Mapped[int] = mapped_column(server_default=FetchedValue())
    public_id: Mapped[UUID | None] = mapped_column(unique=True, server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class Artifact(TenantBase):
    """One file that a stage's chosen attempt made; it never changes."""

    __tablename__ = "artifacts"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    asset_id: Mapped[UUID] = mapped_column(ForeignKey(Asset.id, ondelete="CASCADE"))
    run_id: Mapped[UUID]
    stage_id: Mapped[UUID]
    stage: Mapped[str]
    attempt: Mapped[int]
    kind: Mapped[str]
    path: Mapped[str]
    storage_key: Mapped[str] = mapped_column(unique=True)
    mime: Mapped[str]
    bytes: Mapped[Big]
    sha256: Mapped[str]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    superseded_at: Mapped[datetime | None]
