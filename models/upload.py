"""Files on their way in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Big, CellBase
from models.tenant import CellTenant


class Upload(CellBase):
    """One file on its way in; it becomes the asset of the same id."""

    __tablename__ = "uploads"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey(CellTenant.tenant_id, ondelete="CASCADE"))
    name: Mapped[str]
    recipe: Mapped[str | None]
    # The one that was named; without one, or where it is gone by the end, it is the default one.
    brand_id: Mapped[UUID | None]
    metadata_: Mapped[str] = mapped_column("metadata", server_default=FetchedValue())
    bytes: Mapped[Big]
    received: Mapped[Big] = mapped_column(server_default=FetchedValue())
    # Only an upload's end may set these, so they are left out of its row's making.
    sha256: Mapped[str | None] = mapped_column(server_default=FetchedValue())
    run_id: Mapped[UUID | None] = mapped_column(server_default=FetchedValue())
    # Its bytes go straight to the store, over a session whose address is a secret.
    direct: Mapped[bool] = mapped_column(server_default=FetchedValue())
    session: Mapped[str | None] = mapped_column(server_default=FetchedValue(), deferred=True)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    expires_at: Mapped[datetime]

    @property
    def offset(self) -> int:
        """Where a client goes on. The last byte is acknowledged together with the asset."""
        return self.bytes if self.run_id else min(self.received, self.bytes - 1)
