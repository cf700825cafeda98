"""The ledger: runs, their stages and what each stage needs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey, ForeignKeyConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Big, CellBase, Small
from models.tenant import CellTenant

INTERACTIVE = 0
BATCH = 1
PRIORITIES = ("interactive", "batch")


class Run(CellBase):
    """One recipe at work on one asset."""

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("tenant_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey(CellTenant.tenant_id, ondelete="CASCADE"))
    asset_id: Mapped[UUID | None]
    recipe: Mapped[str]
    class_: Mapped[Small] = mapped_column("class", server_default=FetchedValue())
    state: Mapped[str] = mapped_column(server_default=FetchedValue())
    unfinished: Mapped[int] = mapped_column(server_default=FetchedValue())
    active: Mapped[int] = mapped_column(server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    finished_at: Mapped[datetime | None]
    trace: Mapped[str | None]

    @property
    def priority(self) -> str:
        """The class by its name."""
        return PRIORITIES[self.class_]


class StageRun(CellBase):
    """One stage of a run; `(id, attempt, holder)` fences every write to it."""

    __tablename__ = "stage_runs"
    __table_args__ = (
        UniqueConstraint("run_id", "name"),
        ForeignKeyConstraint(["tenant_id", "run_id"], [Run.tenant_id, Run.id], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["tenant_id", "lane"], [CellTenant.tenant_id, CellTenant.lane], ondelete="CASCADE"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    tenant_id: Mapped[UUID]
    run_id: Mapped[UUID]
    lane: Mapped[int]
    name: Mapped[str]
    queue: Mapped[str]
    class_: Mapped[Small] = mapped_column("class")
    position: Mapped[Big] = mapped_column(server_default=FetchedValue())
    state: Mapped[str]
    pending: Mapped[int] = mapped_column(server_default=FetchedValue())
    version: Mapped[int] = mapped_column(server_default=FetchedValue())
    options: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=FetchedValue())
    deadline_seconds: Mapped[float] = mapped_column(server_default=FetchedValue())
    attempt: Mapped[int] = mapped_column(server_default=FetchedValue())
    failures: Mapped[int] = mapped_column(server_default=FetchedValue())
    losses: Mapped[int] = mapped_column(server_default=FetchedValue())
    holder: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(server_default=FetchedValue())
    progress: Mapped[float] = mapped_column(server_default=FetchedValue())
    progress_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class StageEdge(CellBase):
    """`stage_id` may begin only after `needs_id` is done."""

    __tablename__ = "stage_edges"

    tenant_id: Mapped[UUID]
    needs_id: Mapped[UUID] = mapped_column(
        ForeignKey(StageRun.id, ondelete="CASCADE"), primary_key=True
    )
    stage_id: Mapped[UUID] = mapped_column(
        ForeignKey(StageRun.id, ondelete="CASCADE"), primary_key=True
    )


class Event(CellBase):
    """Something that happened to a tenant's work, in the order of its sequence."""

    __tablename__ = "events"

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey(CellTenant.tenant_id, ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[Big] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    kind: Mapped[str]
    run_id: Mapped[UUID | None]
    stage_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=FetchedValue())


class Queue(CellBase):
    """A queue's switch: open or paused."""

    __tablename__ = "queues"

    name: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default=FetchedValue())


class Worker(CellBase):
    """A live worker and the slots that it serves its queues with."""

    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    host: Mapped[str]
    pid: Mapped[int]
    queues: Mapped[list[str]] = mapped_column(ARRAY(Text))
    slots: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    seen_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
