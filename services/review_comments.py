"""What is said to a review: by those whom it was sent to, and by who may send."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, NotFound, Rejected
from models.review import ReviewComment
from services import ledger, review_views
from services.media import media_seconds
from services.review_views import Looker, View

MOST: Final = 1000
# The longest film that is taken has twelve hours.
LATEST_MS: Final = 12 * 3600 * 1000


def page(
    session: Session, looker: Looker, review_id: UUID, *, limit: int, after: UUID | None
) -> Sequence[ReviewComment]:
    """What was said, the oldest first, from behind `after`. Raises NotFound."""
    review_views.get(session, looker, review_id)
    query = select(ReviewComment).where(ReviewComment.review_id == review_id)
    if after is not None:
        query = query.where(ReviewComment.id > after)
    return session.scalars(query.order_by(ReviewComment.id).limit(limit)).all()


def add(
    session: Session, looker: Looker, review_id: UUID, text: str, at_ms: int | None
) -> ReviewComment:
    """Say something, perhaps of a moment in the media, in milliseconds.

    Raises NotFound, Forbidden for who only looks, Rejected for a moment that there is not, and
    Conflict for what was withdrawn, or where too much was said.
    """
    before = review_views.get(session, looker, review_id)
    if not looker.edits and looker.user_id not in before.reviewer_ids:
        raise Forbidden("those comment to whom it was sent, and those who may send it")
    _check_moment(before, at_ms)
    comment_id = session.execute(ledger.sql("SELECT uuidv7()")).scalar_one()
    _tell(session, before, comment_id)
    # What holds now holds until the commit.
    found = review_views.get(session, looker, review_id)
    if found.row.state == "withdrawn":
        raise Conflict("this review was withdrawn")
    count = select(func.count()).where(ReviewComment.review_id == review_id)
    if (session.scalar(count) or 0) >= MOST:
        raise Conflict(f"there are {MOST} comments: send the asset anew")
    session.add(
        ReviewComment(
            id=comment_id,
            review_id=review_id,
            round=found.row.round,
            author_id=looker.user_id,
            text=text,
            at_ms=at_ms,
        )
    )
    session.flush()
    return _get(session, review_id, comment_id)


def resolve(
    session: Session, looker: Looker, review_id: UUID, comment_id: UUID, *, resolved: bool
) -> ReviewComment:
    """Note that a comment is settled, or that it is not; raises NotFound."""
    review = review_views.get(session, looker, review_id)
    found = _get(session, review_id, comment_id)
    if (found.resolved_at is not None) == resolved:
        return found
    _tell(session, review, comment_id, resolved=resolved)
    session.execute(
        update(ReviewComment)
        .where(ReviewComment.id == comment_id)
        .values(resolved_at=func.clock_timestamp() if resolved else None)
    )
    return _get(session, review_id, comment_id)


def _get(session: Session, review_id: UUID, comment_id: UUID) -> ReviewComment:
    found = session.get(ReviewComment, comment_id, populate_existing=True)
    if found is None or found.review_id != review_id:
        raise NotFound("there is no such comment")
    return found


def _check_moment(review: View, at_ms: int | None) -> None:
    if at_ms is None:
        return
    if review.row.asset_kind != "video":
        raise Rejected("only videos have moments", field="at_ms")
    seconds = media_seconds(review.row.asset_media)
    if seconds is not None and at_ms > seconds * 1000:
        raise Rejected(f"the video ends at {int(seconds * 1000)}", field="at_ms")


def _tell(session: Session, review: View, comment_id: UUID, **more: object) -> None:
    told = {"review_id": str(review.row.id), "asset_id": str(review.row.asset_id)}
    ledger.emit(session, "review.commented", {**told, "comment_id": str(comment_id), **more})
