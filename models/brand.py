"""Brands, whose a tenant's assets are."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue
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
