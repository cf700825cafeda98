"""Reviews: assets that are sent to chosen people of the tenant, and what these decide.

Whatever is changed tells of it first: that takes the row which counts the tenant's events, behind
which changes of one tenant come one after another. Locks are taken in the order of
services/library.py.
"""

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Row, and_, delete, func, update
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, Outdated, Rejected
from models.review import Review, ReviewComment, Reviewer
from services import ledger, playbacks
from services.ledger import sql
from services.review_people import SAID
from services.review_views import Looker, View, get

Decision = Literal["approved", "changes_requested"]
TITLE_LENGTH: Final = 255
TEXT_LENGTH: Final = 5000
REVIEWERS: Final = 20
# What of a review is told to have changed.
_TOLD: Final = frozenset({"title", "message", "due_at", "state", "reviewers"})
_LATEST: Final = timedelta(days=3650)

# What is not seen: control characters, half characters, ends of lines; and what turns the
# direction of the words around it, so that they read as what they are not.
_UNSEEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be changed; what is None stays, and `due_at` is what `due` says it is."""

    title: str | None = None
    message: str | None = None
    due: bool = False
    due_at: datetime | None = None
    reviewer_ids: Collection[UUID] | None = None
    reopen: bool = False


def create(
    session: Session,
    looker: Looker,
    *,
    asset_id: UUID,
    title: str | None,
    message: str,
    due_at: datetime | None,
    reviewer_ids: Iterable[UUID],
) -> View:
    """Send an asset to people who were found to be active members; its name is the title of none.

    Raises Rejected, NotFound for no asset, and Conflict for one in the trash.
    """
    _check_due(due_at)
    review_id: UUID = session.execute(sql("SELECT uuidv7()")).scalar_one()
    _tell(session, "review.created", review_id, asset_id)
    # From here on nobody can take the asset away.
    asset = playbacks.kept(session, asset_id)
    session.add(
        Review(
            id=review_id,
            asset_id=asset_id,
            title=title or asset.name[:TITLE_LENGTH],
            message=message,
            sent_by=looker.user_id,
            due_at=due_at,
        )
    )
    session.flush()
    _seat(session, review_id, reviewer_ids)
    return get(session, looker, review_id)


def change(
    session: Session,
    looker: Looker,
    review_id: UUID,
    changes: Changes,
    *,
    versions: Collection[int] | None,
) -> View:
    """Change a review that is at one of `versions`, or at any; or open it again.

    Raises NotFound, Outdated, Rejected, and Conflict for one that was withdrawn.
    """
    before = get(session, looker, review_id)
    row = before.row
    _require_held(row)
    if versions is not None and row.version not in versions:
        raise Outdated("the review has been changed meanwhile")
    wanted: dict[str, Any] = {
        name: value
        for name, value in (("title", changes.title), ("message", changes.message))
        if value is not None and value != getattr(row, name)
    }
    if changes.due and changes.due_at != row.due_at:
        _check_due(changes.due_at)
        wanted["due_at"] = changes.due_at
    if changes.reopen and row.state != "open":
        wanted |= {"state": "open", "round": row.round + 1, "decided_by": None, "decided_at": None}
    seats = set(changes.reviewer_ids or before.reviewer_ids)
    others = seats != set(before.reviewer_ids)
    if not wanted and not others:
        return before
    changed = sorted({*wanted, *(["reviewers"] if others else [])} & _TOLD)
    _tell(session, "review.updated", review_id, row.asset_id, changed=changed)
    if changes.reopen:
        playbacks.kept(session, row.asset_id)
    _update(session, row, wanted)
    if others:
        gone = Reviewer.review_id == review_id, Reviewer.user_id.not_in(seats)
        session.execute(delete(Reviewer).where(*gone))
        _seat(session, review_id, seats - set(before.reviewer_ids))
    return get(session, looker, review_id)


def withdraw(session: Session, looker: Looker, review_id: UUID) -> View:
    """Take a review back from those whom it was sent to; one that was stays so. NotFound."""
    before = get(session, looker, review_id)
    if before.row.state == "withdrawn":
        return before
    _tell(session, "review.withdrawn", review_id, before.row.asset_id)
    now = get(session, looker, review_id)
    if now.row.state != "withdrawn":
        _update(session, now.row, {"state": "withdrawn"})
    return get(session, looker, review_id)


def decide(
    session: Session, looker: Looker, review_id: UUID, decision: Decision, text: str
) -> View:
    """Say yes or no to what was sent to oneself, which ends its round.

    Raises NotFound, Forbidden for whom it was not sent to, and Conflict where it is not open.
    """
    found = _sent_to(session, looker, review_id)
    _tell(session, "review.decided", review_id, found.row.asset_id, state=decision)
    now = _sent_to(session, looker, review_id)
    if now.row.state != "open":
        how = SAID.get(now.row.state, now.row.state)
        raise Conflict(f"this round has ended already: {how}")
    playbacks.kept(session, now.row.asset_id)
    decided = {
        "state": decision, "decided_by": looker.user_id, "decided_at": func.clock_timestamp()
    }  # fmt: skip
    _update(session, now.row, decided)
    session.add(
        ReviewComment(
            review_id=review_id,
            round=now.row.round,
            author_id=looker.user_id,
            text=text,
            decision=decision,
        )
    )
    session.flush()
    return get(session, looker, review_id)


def checked_text(text: str, length: int, *, lines: bool = False) -> str:
    """Words as they are kept, in Unicode's NFC; with `lines`, of more than one line. Rejected."""
    plain = text.replace("\r\n", "\n") if lines else text
    found = unicodedata.normalize("NFC", plain).strip()
    if len(found) > length:
        raise Rejected(f"it has at most {length} characters")
    seen = found.replace("\n", "").replace("\t", "") if lines else found
    if any(unicodedata.category(one) in _UNSEEN for one in seen):
        raise Rejected("it has no control characters")
    if _TURNING.intersection(seen):
        raise Rejected("it has no characters that turn the direction of others")
    return found


def _sent_to(session: Session, looker: Looker, review_id: UUID) -> View:
    found = get(session, looker, review_id)
    if looker.user_id not in found.reviewer_ids:
        raise Forbidden("those decide to whom it was sent")
    return found


def _seat(session: Session, review_id: UUID, user_ids: Iterable[UUID]) -> None:
    session.add_all(Reviewer(review_id=review_id, user_id=one) for one in sorted(user_ids))
    session.flush()


def _update(session: Session, row: Row[Any], wanted: dict[str, Any]) -> None:
    """Change a review that is as it was read; raises Outdated."""
    as_read = and_(Review.id == row.id, Review.version == row.version)
    statement = update(Review).where(as_read).values(**wanted, version=Review.version + 1)
    if session.execute(statement.returning(Review.id)).one_or_none() is None:
        raise Outdated("the review has been changed meanwhile")


def _require_held(row: Row[Any]) -> None:
    if row.state == "withdrawn":
        raise Conflict("this review was withdrawn: send the asset anew")


def _check_due(due_at: datetime | None) -> None:
    now = datetime.now(UTC)
    if due_at is not None and not now < due_at < now + _LATEST:
        raise Rejected("the date is in the future, and within ten years", field="due_at")


def _tell(session: Session, kind: str, review_id: UUID, asset_id: UUID, **more: object) -> None:
    ledger.emit(session, kind, {"review_id": str(review_id), "asset_id": str(asset_id), **more})
