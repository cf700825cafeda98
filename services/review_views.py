"""Reviews as they are shown, and to whom.

Whoever sees the library sees every review of it. A client sees those that were sent to them, as
long as these hold, and finds nothing of all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, exists, select
from sqlalchemy.orm import Session

from core.errors import NotFound
from models.asset import Asset
from models.review import Review, Reviewer
from services.permissions import Action, Role
from services.standing import Principal

State = Literal["open", "approved", "changes_requested", "withdrawn"]

_LIBRARY: Final = frozenset({Role.OWNER, Role.ADMIN, Role.EDITOR, Role.VIEWER})
_reviews: Final = cast(Table, Review.__table__).c
_assets: Final = cast(Table, Asset.__table__).c
_seats: Final = cast(Table, Reviewer.__table__).c


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks at reviews: at all of them, or at those that were sent to `user_id`."""

    user_id: UUID | None
    sees_all: bool
    edits: bool

    @classmethod
    def of(cls, asker: Principal) -> "Looker":
        """A key belongs to no person, and sees what its tenant's people have."""
        sees_all = asker.role in _LIBRARY if asker.user_id is not None else True
        return cls(asker.user_id, sees_all, Action.REVIEWS_WRITE in asker.actions)


@dataclass(frozen=True, slots=True)
class View:
    """A review as it is shown: its row with what its asset is called, and its reviewers."""

    row: Row[Any]
    reviewer_ids: tuple[UUID, ...]

    @property
    def people(self) -> set[UUID]:
        """Everybody who is named in it."""
        named = {self.row.sent_by, self.row.decided_by, *self.reviewer_ids}
        return {one for one in named if one is not None}


def get(session: Session, looker: Looker, review_id: UUID) -> View:
    """A review that this person may see; NotFound for any other."""
    query = _VIEW.where(_reviews.id == review_id, *_seen_by(looker))
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("there is no such review")
    return _views(session, [row])[0]


def page(
    session: Session,
    looker: Looker,
    *,
    state: State | None,
    asset_id: UUID | None,
    limit: int,
    before: UUID | None,
) -> list[View]:
    """The newest reviews that this person may see, older than `before`."""
    query = _VIEW.where(*_seen_by(looker)).order_by(_reviews.id.desc()).limit(limit)
    if state is not None:
        query = query.where(_reviews.state == state)
    if asset_id is not None:
        query = query.where(_reviews.asset_id == asset_id)
    if before is not None:
        query = query.where(_reviews.id < before)
    return _views(session, session.execute(query).all())


def seat_of(session: Session, looker: Looker, review_id: UUID) -> Reviewer:
    """By what a client may see the media of a review; raises NotFound."""
    get(session, looker, review_id)
    chosen = Reviewer.review_id == review_id, Reviewer.user_id == looker.user_id
    found = session.scalar(select(Reviewer).where(*chosen))
    if found is None:
        raise NotFound("there is no such review")
    return found


def _view() -> Select[Any]:
    shown = (
        "id", "asset_id", "title", "message", "sent_by", "state", "round", "due_at", "decided_by",
        "decided_at", "version", "created_at",
    )  # fmt: skip
    return select(
        *(_reviews[name] for name in shown),
        _assets.name.label("asset_name"),
        _assets.kind.label("asset_kind"),
        _assets.bytes.label("asset_bytes"),
        _assets.media.label("asset_media"),
        _assets.trashed_at.label("asset_trashed_at"),
    ).join_from(cast(Table, Review.__table__), cast(Table, Asset.__table__))


_VIEW: Final = _view()


def _seen_by(looker: Looker) -> list[ColumnElement[bool]]:
    """The conditions under which somebody is shown a review."""
    if looker.sees_all:
        return []
    sent = exists().where(_seats.review_id == _reviews.id, _seats.user_id == looker.user_id)
    return [sent, _reviews.state != "withdrawn", _assets.trashed_at.is_(None)]


def _views(session: Session, rows: Sequence[Row[Any]]) -> list[View]:
    """With those whom each was sent to, in the order of their accounts."""
    ids = [row.id for row in rows]
    query = select(_seats.review_id, _seats.user_id).where(_seats.review_id.in_(ids))
    seats: dict[UUID, list[UUID]] = {one: [] for one in ids}
    for seat in session.execute(query.order_by(_seats.user_id)):
        seats[seat.review_id].append(seat.user_id)
    return [View(row, tuple(seats[row.id])) for row in rows]
