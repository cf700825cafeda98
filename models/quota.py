"""What tenants may have."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKey, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Big, CellBase
from models.tenant import CellTenant


class Quota(CellBase):
    """What one tenant may have, where that is not what the settings say."""

    __tablename__ = "quotas"

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey(CellTenant.tenant_id, ondelete="CASCADE"), primary_key=True
    )
    stored_bytes: Mapped[Big | None]
    open_uploads: Mapped[int | None]
    brands: Mapped[int | None]
    text_tokens: Mapped[Big | None]
    text_dollars: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
