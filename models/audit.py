"""What was done, by whom, when and from where: rows that are added and never changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey, ForeignKeyConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import CellBase, DirectoryBase, Small
from models.person import User
from models.tenant import CellTenant, Tenant


class _Entry:
    """What both branches keep of something done."""

    at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    # user:<id>, key:<id>, installation or operator; and what they were called then.
    subject: Mapped[str]
    shown: Mapped[str]
    action: Mapped[str]
    method: Mapped[str]
    route: Mapped[str]
    # Ids of the path, and of what was made.
    targets: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=FetchedValue())
    status: Mapped[Small]
    request_id: Mapped[str | None]
    address: Mapped[str | None]
    agent: Mapped[str | None]


class TenantEntry(_Entry, CellBase):
    """Something done to a tenant."""

    __tablename__ = "audit"

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey(CellTenant.tenant_id, ondelete="CASCADE"), primary_key=True
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())


class Target(CellBase):
    """An id that an entry about a tenant names: entries are found by it."""

    __tablename__ = "audit_targets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "id"], [TenantEntry.tenant_id, TenantEntry.id], ondelete="CASCADE"
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)


class DirectoryEntry(_Entry, DirectoryBase):
    """Something done to an account, or to what the directory knows of a tenant."""

    __tablename__ = "audit"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey(Tenant.id, ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
