"""Mails on their way out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import DirectoryBase


class Mail(DirectoryBase):
    """One mail to one person; `state` is waiting, sent or failed."""

    __tablename__ = "mails"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    recipient: Mapped[str]
    language: Mapped[str] = mapped_column(server_default=FetchedValue())
    tenant_id: Mapped[UUID | None]
    # Its values, links with tokens above all: there while it waits.
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": True}, deferred=True)
    state: Mapped[str] = mapped_column(server_default=FetchedValue())
    attempts: Mapped[int] = mapped_column(server_default=FetchedValue())
    holder: Mapped[UUID | None] = mapped_column(server_default=FetchedValue())
    due_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    ended_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    error: Mapped[str | None] = mapped_column(server_default=FetchedValue())
