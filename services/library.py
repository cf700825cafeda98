"""The library: the assets that a tenant has, found, described and renamed.

Locks are taken in the order asset's turn, run, stage, event head, row of an asset or artifact.
"""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    lateral,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.orm import Session, aliased

from core.errors import Conflict, NotFound, Outdated, Rejected
from models.asset import Asset
from models.run import Run
from services import ledger
from services.assets import NAME_LENGTH

State = Literal["uploaded", "processing", "ready", "failed", "cancelled"]
# What an asset is, by the state of its newest run.
_STATES: Final[dict[str, tuple[str, ...]]] = {
    "processing": ("running", "cancelling"),
    "ready": ("done",),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
}
TAGS: Final = 50
TAG_LENGTH: Final = 64
# Neither seen nor typed: control characters, half characters, ends of lines.
_UNSEEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


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


def _view() -> Select[Any]:
    """An asset with what its newest run makes of it, and the oldest asset of the same content."""
    newest = lateral(
        select(Run.state)
        .where(Run.asset_id == Asset.id)
        .order_by(Run.id.desc())
        .limit(1)
        .correlate(Asset)
    ).alias("newest")
    other = aliased(Asset)
    oldest = lateral(
        select(other.id)
        .where(other.sha256 == Asset.sha256, other.trashed_at.is_(None))
        .order_by(other.created_at, other.id)
        .limit(1)
        .correlate(Asset)
    ).alias("oldest")
    states = [(newest.c.state.in_(found), state) for state, found in _STATES.items()]
    return (
        select(
            Asset.id,
            Asset.name,
            Asset.kind,
            Asset.mime,
            Asset.bytes,
            Asset.sha256,
            Asset.media,
            Asset.tags,
            Asset.version,
            case(*states, else_="uploaded").label("state"),
            func.nullif(oldest.c.id, Asset.id).label("duplicate_of"),
            Asset.created_at,
            Asset.trashed_at,
        )
        .select_from(Asset)
        .outerjoin(newest, true())
        .outerjoin(oldest, true())
    )


_VIEW: Final = _view()
_ONE: Final = _VIEW.where(Asset.id == bindparam("asset"))


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
    chosen = _chosen(filters)
    if after is not None:
        chosen.append(tuple_(Asset.created_at, Asset.id) < after)
    query = _VIEW.where(*chosen).order_by(Asset.created_at.desc(), Asset.id.desc()).limit(limit)
    return session.execute(query).all()


def _chosen(filters: Filters) -> list[ColumnElement[bool]]:
    trashed = Asset.trashed_at
    chosen: list[ColumnElement[bool]] = [
        trashed.is_not(None) if filters.trashed else trashed.is_(None)
    ]
    if filters.kind is not None:
        chosen.append(Asset.kind == filters.kind)
    if filters.created_after is not None:
        chosen.append(Asset.created_at > filters.created_after)
    if filters.created_before is not None:
        chosen.append(Asset.created_at < filters.created_before)
    if filters.q is not None:
        # Not LIKE: in a name, % and _ are characters like any other.
        chosen.append(func.strpos(func.lower(Asset.name), func.lower(filters.q)) > 0)
    if filters.tags:
        wanted = cast(list(filters.tags), ARRAY(Text))
        chosen.append(_folded(Asset.tags).op("@>")(_folded(wanted)))
    if filters.state == "uploaded":
        chosen.append(~exists().where(Run.asset_id == Asset.id))
    elif filters.state is not None:
        chosen.append(_newest_is(_STATES[filters.state]))
    return chosen


def _folded(tags: ColumnElement[Any] | Any) -> ColumnElement[Any]:
    """The same tags in small letters; an array's own text is the quickest way there."""
    return cast(func.lower(cast(tags, Text)), ARRAY(Text))


def _newest_is(states: Collection[str]) -> ColumnElement[bool]:
    """From either side: the assets in their order, or the few runs in a rare state."""
    run, newer = aliased(Run), aliased(Run)
    newest = and_(
        run.state.in_(states),
        ~exists().where(newer.asset_id == run.asset_id, newer.id > run.id),
    )
    return Asset.id.in_(select(run.asset_id).where(newest, run.asset_id.is_not(None)))


def duplicates(
    session: Session, asset_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None = None
) -> Sequence[Row[Any]]:
    """The other assets with the same content, newest first, without those in the trash."""
    one = get(session, asset_id)
    query = _VIEW.where(
        Asset.sha256 == one.sha256, Asset.id != asset_id, Asset.trashed_at.is_(None)
    )
    if after is not None:
        query = query.where(tuple_(Asset.created_at, Asset.id) < after)
    query = query.order_by(Asset.created_at.desc(), Asset.id.desc()).limit(limit)
    return session.execute(query).all()


def change(
    session: Session,
    asset_id: UUID,
    *,
    name: str | None = None,
    tags: Sequence[str] | None = None,
    versions: Collection[int] | None = None,
) -> Row[Any]:
    """Rename or tag an asset that is at one of `versions`, or at any; the asset as it is then.

    What is None stays. Raises NotFound, Conflict for one in the trash, and Outdated.
    """
    before = get(session, asset_id)
    if before.trashed_at is not None:
        raise Conflict("the asset is in the trash: restore it first")
    if versions is not None and before.version not in versions:
        raise Outdated("the asset has been changed meanwhile")
    wanted: dict[str, Any] = {}
    if name is not None and name != before.name:
        wanted["name"] = name
    if tags is not None and list(tags) != list(before.tags):
        wanted["tags"] = list(tags)
    if not wanted:
        return before
    ledger.emit(session, "asset.updated", {"asset_id": str(asset_id), "changed": sorted(wanted)})
    ours = and_(Asset.id == asset_id, Asset.trashed_at.is_(None))
    if versions is not None:
        ours = and_(ours, Asset.version == before.version)
    statement = update(Asset).where(ours).values(**wanted, version=Asset.version + 1)
    if session.execute(statement.returning(Asset.id)).one_or_none() is None:
        raise Outdated("the asset has been changed meanwhile")
    return get(session, asset_id)


def hold(session: Session, asset_id: UUID) -> None:
    """Wait for one's turn at an asset: who starts a run on it, and who puts it into the trash."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:asset, 0))"), {"asset": str(asset_id)}
    )


def checked_name(name: str) -> str:
    """A name as it is kept; Rejected where it breaks a rule."""
    found = unicodedata.normalize("NFC", name).strip()
    if not found:
        raise Rejected("a name has at least one character")
    if len(found) > NAME_LENGTH:
        raise Rejected(f"a name has at most {NAME_LENGTH} characters")
    if _unseen(found) or "/" in found or "\\" in found:
        raise Rejected("a name has no control characters and no / or \\")
    return found


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Tags as they are kept, each once however it is capitalised; Rejected for a broken rule."""
    found: dict[str, str] = {}
    for tag in tags:
        clean = unicodedata.normalize("NFC", tag).strip()
        if not 1 <= len(clean) <= TAG_LENGTH:
            raise Rejected(f"a tag has 1 to {TAG_LENGTH} characters")
        if _unseen(clean):
            raise Rejected("a tag has no control characters")
        found.setdefault(clean.casefold(), clean)
    if len(found) > TAGS:
        raise Rejected(f"an asset has at most {TAGS} tags")
    return list(found.values())


def _unseen(words: str) -> bool:
    return any(unicodedata.category(one) in _UNSEEN for one in words)
