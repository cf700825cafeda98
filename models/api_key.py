"""API keys: what programs of a tenant show instead of a token."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, FetchedValue, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import DirectoryBase
from models.person import User
from models.tenant import Tenant


class ApiKey(DirectoryBase):
    """A key of a tenant's; `digest` is the SHA-256 of the whole key."""

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey(Tenant.id, ondelete="CASCADE"))
    name: Mapped[str]
    digest: Mapped[bytes]
    # Actions, some of those that its maker might do then.
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey(User.id, ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    revoked_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
