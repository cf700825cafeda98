"""Reviews: an asset that was sent to somebody, whom it was sent to, and what they said."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.asset import Asset
from models.base import TenantBase


class Review(TenantBase):
    """An asset that was sent for review; people are ids of the directory, and may be gone."""

    __tablename__ = "reviews"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    asset_id: Mapped[UUID] = mapped_column(ForeignKey(Asset.id, ondelete="CASCADE"))
    title: Mapped[str]
    message: Mapped[str] = mapped_column(server_default=FetchedValue())
    sent_by: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default=FetchedValue())
    round: Mapped[int] = mapped_column(server_default=FetchedValue())
    due_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class Reviewer(TenantBase):
    """Somebody to whom a review was sent."""

    __tablename__ = "review_reviewers"
    __table_args__ = (UniqueConstraint("review_id", "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    review_id: Mapped[UUID] = mapped_column(ForeignKey(Review.id, ondelete="CASCADE"))
    user_id: Mapped[UUID]


class ReviewComment(TenantBase):
    """What somebody said to a review; with a `decision`, that is how it was decided."""

    __tablename__ = "review_comments"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    review_id: Mapped[UUID] = mapped_column(ForeignKey(Review.id, ondelete="CASCADE"))
    round: Mapped[int]
    author_id: Mapped[UUID | None]
    text: Mapped[str]
    at_ms: Mapped[int | None]
    decision: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    resolved_at: Mapped[datetime | None]
