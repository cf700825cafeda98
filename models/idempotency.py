"""Requests that are done once: the answers that are given again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import CellBase, DirectoryBase, Sealed, Small
from models.person import User
from models.tenant import CellTenant, Tenant


class IdempotencyKey(CellBase):
    """One answered request of a tenant's, by the key that its client gave it.

    The answer is in `body`, or in `sealed` where it is a secret.
    """

    __tablename__ = "idempotency_keys"

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey(CellTenant.tenant_id, ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[Small]
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=FetchedValue())
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": True})
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class PersonalKey(DirectoryBase):
    """One answered request of somebody's; `sealed` has its fingerprint and the answer's body."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("subject", "key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # user:<id>, key:<id>, or installation.
    subject: Mapped[str]
    key: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey(Tenant.id, ondelete="CASCADE"))
    status: Mapped[Small]
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=FetchedValue())
    sealed: Mapped[Sealed]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
