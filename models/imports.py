"""Files that are fetched from the web."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Big, CellBase
from models.run import Run


class Import(CellBase):
    """One file that is fetched; it has the id of the run that does so, and that run's state."""

    __tablename__ = "imports"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "id"], [Run.tenant_id, Run.id], ondelete="CASCADE"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID]
    # May hold a secret: `source` is what is shown.
    url: Mapped[str | None]
    source: Mapped[str]
    name: Mapped[str | None]
    recipe: Mapped[str | None]
    # As an upload's.
    brand_id: Mapped[UUID | None]
    # Only an import's end may set these, so they are left out of its row's making.
    asset_id: Mapped[UUID | None] = mapped_column(server_default=FetchedValue())
    asset_run_id: Mapped[UUID | None] = mapped_column(server_default=FetchedValue())
    # Known, and counted, when the file comes.
    bytes: Mapped[Big | None] = mapped_column(server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
