"""Addresses that events are sent to, and what became of each."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Big, CellBase, Small
from models.tenant import CellTenant


class Webhook(CellBase):
    """One address; `seq` is the last event of which deliveries were made."""

    __tablename__ = "webhooks"
    __table_args__ = (UniqueConstraint("tenant_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey(CellTenant.tenant_id, ondelete="CASCADE"))
    url: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    description: Mapped[str] = mapped_column(server_default=FetchedValue())
    # Sealed.
    secret: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": True}, deferred=True)
    old_secret: Mapped[bytes | None] = mapped_column(
        LargeBinary, info={"sealed": True}, server_default=FetchedValue(), deferred=True
    )
    old_until: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    state: Mapped[str] = mapped_column(server_default=FetchedValue())
    reason: Mapped[str | None] = mapped_column(server_default=FetchedValue())
    version: Mapped[int] = mapped_column(server_default=FetchedValue())
    seq: Mapped[Big]
    failures: Mapped[int] = mapped_column(server_default=FetchedValue())
    failing_since: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    due_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    paused_until: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    holder: Mapped[UUID | None] = mapped_column(server_default=FetchedValue())
    lease_until: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class Delivery(CellBase):
    """One event to one address, with its last attempt; `tries` counts from the last replay on."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "seq"),
        ForeignKeyConstraint(
            ["tenant_id", "webhook_id"], [Webhook.tenant_id, Webhook.id], ondelete="CASCADE"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    tenant_id: Mapped[UUID]
    webhook_id: Mapped[UUID]
    seq: Mapped[Big | None]
    kind: Mapped[str]
    body: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=FetchedValue())
    attempts: Mapped[int] = mapped_column(server_default=FetchedValue())
    tries: Mapped[int] = mapped_column(server_default=FetchedValue())
    due_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    tried_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    status: Mapped[Small | None] = mapped_column(server_default=FetchedValue())
    response: Mapped[str | None] = mapped_column(server_default=FetchedValue())
    seconds: Mapped[float | None] = mapped_column(server_default=FetchedValue())
    error: Mapped[str | None] = mapped_column(server_default=FetchedValue())
