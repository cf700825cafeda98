"""Data keys: they seal secrets, and are themselves wrapped by a master key."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import CellBase, DirectoryBase
from models.tenant import CellTenant


class PeopleKey(DirectoryBase):
    """A key for the secrets of people; the newest version seals, all open."""

    __tablename__ = "data_keys"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    master: Mapped[str]
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    wrapped_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class TenantKey(CellBase):
    """A key for the secrets of a tenant."""

    __tablename__ = "data_keys"

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey(CellTenant.tenant_id, ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    master: Mapped[str]
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    wrapped_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
