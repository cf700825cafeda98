"""Assets as they are shown: with what became of them, one by one and in lists.

Statements are made once for each set of filters: building one for every request costs as much time
as the database takes to answer it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, Literal, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    select,
    tuple_,
)
from sqlalchemy import cast as as_type
from sqlalchemy.orm import Session

from core.errors import NotFound
from models.asset import Asset
from models.run import Run
from pipeline.plan.fit_types import FIT

State = Literal["uploaded", "processing", "ready", "failed", "cancelled"]
# What an asset is, by the state of the newest run that makes all of it; a fit makes one file more.
_STATES: Final[dict[str, tuple[str, ...]]] = {
    "processing": ("running", "cancelling"),
    "ready": ("done",),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
}
# The tables and not the classes, whose rows cost twice the time.
_assets: Final = cast(Table, Asset.__table__).c
_run_table: Final = cast(Table, Run.__table__)
_runs: Final = _run_table.c


@dataclass(frozen=True, slots=True)
class Filters:
    """Which assets are wanted; each narrows the choice."""

    kind: str | None = None
    state: State | None = None
    tags: tuple[str, ...] = ()
    q: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    trashed: bool = False
    brand_id: UUID | None = None


def get(session: Session, asset_id: UUID) -> Row[Any]:
    """An asset as it is shown; NotFound. One in the trash is found, too."""
    found = session.execute(_ONE, {"asset": asset_id}).one_or_none()
    if found is None:
        raise NotFound("there is no such asset")
    return found


def page(
    session: Session,
    filters: Filters,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> Sequence[Row[Any]]:
    """The newest assets, at most `limit`, from behind the one at `after`."""
    values: dict[str, Any] = {
        "kind": filters.kind,
        "tags": list(filters.tags) or None,
        "q": filters.q,
        "created_after": filters.created_after,
        "created_before": filters.created_before,
        "brand_id": filters.brand_id,
    }
    given = {name: value for name, value in values.items() if value is not None}
    statement = _page(tuple(given), filters.state, filters.trashed, after is not None)
    return session.execute(statement, given | _place(limit, after)).all()


def duplicates(
    session: Session, asset_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> Sequence[Row[Any]]:
    """The other assets with the same content, newest first, without those in the trash."""
    same = {"asset": asset_id, "sha256": get(session, asset_id).sha256}
    statement = _page(("sha256", "asset"), None, False, after is not None)
    return session.execute(statement, same | _place(limit, after)).all()


def _place(limit: int, after: tuple[datetime, UUID] | None) -> dict[str, Any]:
    place: dict[str, Any] = {"limit": limit}
    if after is not None:
        place |= {"after_at": after[0], "after_id": after[1]}
    return place


@cache
def _page(
    given: tuple[str, ...], state: State | None, trashed: bool, following: bool
) -> Select[Any]:
    """The statement of a page; its filters are those that are `given`, by name."""
    chosen = [_FILTERS[name] for name in given]
    chosen.append(_assets.trashed_at.is_not(None) if trashed else _assets.trashed_at.is_(None))
    if state == "uploaded":
        chosen.append(~exists().where(_runs.asset_id == _assets.id, _runs.recipe != FIT))
    elif state is not None:
        chosen.append(_newest_is(_STATES[state]))
    if following:
        place = tuple_(bindparam("after_at"), bindparam("after_id"))
        chosen.append(tuple_(_assets.created_at, _assets.id) < place)
    newest_first = _VIEW.order_by(_assets.created_at.desc(), _assets.id.desc())
    return newest_first.where(*chosen).limit(bindparam("limit"))


def _view() -> Select[Any]:
    """An asset with what its newest run makes of it, and the oldest asset of the same content.

    Both by an index for each row that is shown, whatever the planner knows of the tables.
    """
    table = cast(Table, Asset.__table__)
    newest = (
        select(_runs.state)
        .where(_runs.asset_id == _assets.id, _runs.recipe != FIT)
        .order_by(_runs.id.desc())
        .limit(1)
        .correlate(table)
        .scalar_subquery()
    )
    other = table.alias()
    oldest = (
        select(other.c.id)
        .where(other.c.sha256 == _assets.sha256, other.c.trashed_at.is_(None))
        .order_by(other.c.created_at, other.c.id)
        .limit(1)
        .correlate(table)
        .scalar_subquery()
    )
    names = {run: state for state, runs in _STATES.items() for run in runs}
    shown = (
        "id", "name", "kind", "mime", "bytes", "sha256", "media", "tags", "version", "brand_id",
        "created_at", "trashed_at",
    )  # fmt: skip
    return select(
        *(_assets[name] for name in shown),
        case(names, value=newest, else_="uploaded").label("state"),
        func.nullif(oldest, _assets.id).label("duplicate_of"),
    ).select_from(table)


def _newest_is(states: tuple[str, ...]) -> ColumnElement[bool]:
    """From either side: the assets in their order, or the few runs in a rare state."""
    run, newer = _run_table.alias(), _run_table.alias()
    newest = and_(
        run.c.state.in_(states),
        run.c.recipe != FIT,
        ~exists().where(
            newer.c.asset_id == run.c.asset_id, newer.c.id > run.c.id, newer.c.recipe != FIT
        ),
    )
    return _assets.id.in_(select(run.c.asset_id).where(newest, run.c.asset_id.is_not(None)))


def _folded(tags: ColumnElement[Any]) -> ColumnElement[Any]:
    """The same tags in small letters; an array's own text is the quickest way there."""
    return as_type(func.lower(as_type(tags, Text)), ARRAY(Text))


_FILTERS: Final[Mapping[str, ColumnElement[bool]]] = {
    "kind": _assets.kind == bindparam("kind"),
    "brand_id": _assets.brand_id == bindparam("brand_id"),
    "created_after": _assets.created_at > bindparam("created_after"),
    "created_before": _assets.created_at < bindparam("created_before"),
    # Not LIKE: in a name, % and _ are characters like any other.
    "q": func.strpos(func.lower(_assets.name), func.lower(bindparam("q", type_=Text))) > 0,
    # In a query of its own, what is wanted is folded once and not for every row.
    "tags": _folded(_assets.tags).op("@>")(
        select(_folded(bindparam("tags", type_=ARRAY(Text)))).scalar_subquery()
    ),
    "sha256": _assets.sha256 == bindparam("sha256"),
    "asset": _assets.id != bindparam("asset"),
}
_VIEW: Final = _view()
_ONE: Final = _VIEW.where(_assets.id == bindparam("asset"))
