"""Tenants: where each lives, and what its cell knows of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Big, CellBase, DirectoryBase


class Tenant(DirectoryBase):
    """A brand or an agency's client, in the directory."""

    __tablename__ = "tenants"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    cell: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="creating")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    version: Mapped[int] = mapped_column(server_default=FetchedValue())
    organisation_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("directory.organisations.id", ondelete="SET NULL"),
        server_default=FetchedValue(),
    )
    # By the operator; until when it can be restored; whether its cell knows of both.
    held: Mapped[bool] = mapped_column(server_default=FetchedValue())
    purge_after: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    settled: Mapped[bool] = mapped_column(server_default=FetchedValue())


class Organisation(DirectoryBase):
    """An agency's grouping of tenants."""

    __tablename__ = "organisations"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    name: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class PurgeReceipt(DirectoryBase):
    """What a purge removed; who has the receipt finds it by its digest."""

    __tablename__ = "purge_receipts"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    finished_at: Mapped[datetime]
    files: Mapped[Big]
    keys: Mapped[Big]
    rows: Mapped[dict[str, int]] = mapped_column(JSONB)


class CellTenant(CellBase):
    """A tenant in its cell; `lane` is its place in the round-robin of the fair claim."""

    __tablename__ = "tenants"
    __table_args__ = (UniqueConstraint("tenant_id", "lane"),)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    lane: Mapped[int] = mapped_column(Identity(always=True), unique=True)
    weight: Mapped[float] = mapped_column(server_default="1")
    suspended: Mapped[bool] = mapped_column(server_default="false")
    schema_version: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EventHead(CellBase):
    """The last sequence number given to an event of a tenant; a restore draws another `epoch`."""

    __tablename__ = "event_heads"

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey(CellTenant.tenant_id, ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[Big] = mapped_column(server_default=FetchedValue())
    epoch: Mapped[int] = mapped_column(server_default=FetchedValue())
    watched_until: Mapped[datetime] = mapped_column(server_default=FetchedValue())
