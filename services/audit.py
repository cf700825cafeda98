"""The audit log: what was done, by whom, when and from where, in the transaction that did it.

Of a request that changes something there is one entry, and none where nothing came of it. What a
request is about lies in its context, so that whatever does the work can record it.
"""

import json
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from core.database import Database
from models.audit import DirectoryEntry, Target, TenantEntry
from services.installation import Installation, Place

CREATED: Final = "created"
NOBODY: Final = "anybody"  # who has not said who they are
_AGENT: Final = 400
_ADDRESS: Final = 64
_TARGET: Final = 200
_COLUMNS: Final = (
    "subject, shown, action, method, route, targets, status, request_id, address, agent"
)
_VALUES: Final = (
    ":subject, :shown, :action, :method, :route, CAST(:targets AS jsonb), :status, :request_id,"
    " :address, :agent"
)
_OF_TENANT = text(
    f"INSERT INTO cell.audit (tenant_id, {_COLUMNS}) VALUES (:tenant_id, {_VALUES})"  # noqa: S608
)
_IN_DIRECTORY = text(
    f"INSERT INTO directory.audit (tenant_id, user_id, {_COLUMNS})"  # noqa: S608
    f" VALUES (:tenant_id, :user_id, {_VALUES})"
)


@dataclass(slots=True)
class Trail:
    """A request that changes something; state: what it was about, and whether that is recorded.

    It is about the tenant of `tenant_id`, or about the account of `user_id`; about neither where
    nobody has said yet who they are.
    """

    subject: str
    shown: str
    action: str
    method: str
    route: str
    status: int
    tenant_id: UUID | None = None
    user_id: UUID | None = None
    targets: dict[str, str] = field(default_factory=dict)
    request_id: str | None = None
    address: str | None = None
    agent: str | None = None
    recorded: bool = False

    def created(self, made: object) -> None:
        """What was made has this id; said once, where it is in the path already."""
        if str(made) not in self.targets.values():
            self.targets[CREATED] = str(made)

    def row(self) -> dict[str, object]:
        """The values of an entry."""
        return {
            "tenant_id": self.tenant_id,
            "subject": self.subject,
            "shown": self.shown,
            "action": self.action,
            "method": self.method,
            "route": self.route,
            "targets": json.dumps({name: one[:_TARGET] for name, one in self.targets.items()}),
            "status": self.status,
            "request_id": self.request_id,
            "address": self.address[:_ADDRESS] if self.address else None,
            # What a client says of itself never keeps it from what it may do.
            "agent": self.agent.replace("\0", "")[:_AGENT] if self.agent else None,
        }


_trail: ContextVar[Trail | None] = ContextVar("trail", default=None)


def follow(trail: Trail | None) -> None:
    """From here on, what is done in this context is done by this request."""
    _trail.set(trail)


def trail() -> Trail | None:
    """The request that is at work; None for one that only reads, and outside of requests."""
    return _trail.get()


def note(**targets: object) -> None:
    """What the request is about beside what its path names, and what it makes of that."""
    found = _trail.get()
    if found is not None:
        found.targets |= {name: str(value) for name, value in targets.items()}


def record(session: Session, *, created: UUID | None = None) -> None:
    """Say in the tenant's transaction what the request does to it; once, however often asked."""
    found = _trail.get()
    if found is None or found.recorded or found.tenant_id is None:
        return
    if created is not None:
        found.created(created)
    session.execute(_OF_TENANT, found.row())
    found.recorded = True


def record_in_directory(
    session: Session, *, action: str | None = None, status: int | None = None
) -> None:
    """Say in a transaction for people what the request does to an account, or to a tenant.

    `status` is what will be answered, where that is not what the route says.
    """
    found = _trail.get()
    if found is None or found.recorded or found.tenant_id is found.user_id is None:
        return
    more = {"action": action, "status": status}
    told = {name: one for name, one in more.items() if one is not None}
    user_id = found.user_id if found.tenant_id is None else None
    session.execute(_IN_DIRECTORY, {**found.row(), "user_id": user_id, **told})
    found.recorded = True


def record_of_person(
    session: Session,
    user_id: UUID,
    action: str,
    *,
    proven: bool = True,
    subject: str | None = None,
    **targets: object,
) -> None:
    """Say what has happened to an account; `proven` where it was its owner who did it.

    `subject` is who else it was, where no request says that.
    """
    row = entry_of_person(user_id, action, proven=proven, subject=subject, **targets)
    told = {"tenant_id": None, "user_id": user_id, "targets": json.dumps(row["targets"])}
    session.execute(_IN_DIRECTORY, {**row, **told})


def entry_of_person(
    user_id: UUID,
    action: str,
    *,
    proven: bool = True,
    subject: str | None = None,
    **targets: object,
) -> dict[str, object]:
    """The same for a statement that writes it together with what has happened, as JSON has it."""
    found = _trail.get() or Trail(NOBODY, "", action, "", "", 200)
    if subject is None:
        subject = f"user:{user_id}" if proven and found.subject == NOBODY else found.subject
    if found.user_id == user_id:
        found.recorded = True
    told = {name: str(value) for name, value in targets.items()}
    return {
        **found.row(), "tenant_id": None, "action": action, "subject": subject, "targets": told,
    }  # fmt: skip


def record_of_tenant(
    session: Session,
    tenant_id: UUID,
    action: str,
    *,
    newcomer: tuple[UUID, str] | None = None,
    **targets: object,
) -> None:
    """Say in a transaction for people what an account's change means to a tenant of theirs.

    `newcomer` is whose account the request has only just made, and what they are called.
    """
    found = _trail.get()
    if found is not None:
        told = {name: str(value) for name, value in targets.items()}
        more = {"tenant_id": tenant_id, "user_id": None, "action": action}
        if newcomer is not None and found.subject == NOBODY:
            more |= {"subject": f"user:{newcomer[0]}", "shown": newcomer[1]}
        row = {**found.row(), **more, "targets": json.dumps(told)}
        session.execute(_IN_DIRECTORY, row)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; None is any. `target` is the id of anything concerned."""

    subject: str | None = None
    action: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def page(
    installation: Installation, place: Place, wanted: Wanted, *, limit: int, before: UUID | None
) -> Sequence[TenantEntry | DirectoryEntry]:
    """A tenant's newest entries, older than `before`: from its cell, and from the directory."""
    found: list[TenantEntry | DirectoryEntry] = []
    with installation.tenant_scope(place) as session:
        found += _page(session, TenantEntry, place.tenant_id, wanted, limit, before)
    with installation.identity_scope() as session:
        found += _page(session, DirectoryEntry, place.tenant_id, wanted, limit, before)
    return sorted(found, key=lambda entry: entry.id, reverse=True)[:limit]


def _page(
    session: Session,
    table: type[TenantEntry] | type[DirectoryEntry],
    tenant_id: UUID,
    wanted: Wanted,
    limit: int,
    before: UUID | None,
) -> Sequence[Any]:
    query = select(table).where(table.tenant_id == tenant_id)
    if before is not None:
        query = query.where(table.id < before)
    if wanted.subject is not None:
        query = query.where(table.subject == wanted.subject)
    if wanted.action is not None:
        query = query.where(table.action == wanted.action)
    if wanted.target is not None:
        query = query.where(_names(table, wanted.target, tenant_id))
    if wanted.since is not None:
        query = query.where(table.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.at < wanted.until)
    return session.scalars(query.order_by(table.id.desc()).limit(limit)).all()


def _names(
    table: type[TenantEntry] | type[DirectoryEntry], target: str, tenant_id: UUID
) -> ColumnElement[bool]:
    """Whether an entry names an id. Of the directory's a tenant has few: each is looked at."""
    if table is TenantEntry:
        named = select(Target.id).where(Target.tenant_id == tenant_id, Target.target == target)
        return table.id.in_(named)
    value = func.jsonb_each_text(table.targets).table_valued("key", "value").lateral()
    return select(value.c.key).where(value.c.value == target).exists()


def of_person(
    session: Session, user_id: UUID, *, limit: int, before: UUID | None
) -> Sequence[DirectoryEntry]:
    """What has happened to an account of late, older than `before`."""
    query = select(DirectoryEntry).where(DirectoryEntry.user_id == user_id)
    if before is not None:
        query = query.where(DirectoryEntry.id < before)
    return session.scalars(query.order_by(DirectoryEntry.id.desc()).limit(limit)).all()


_HAS_DIRECTORY = text("SELECT to_regprocedure('directory.prune_audit(interval, integer)')")
_PRUNE: Final = {
    name: text(f"SELECT {name}.prune_audit(make_interval(days => :days), :limit)")
    for name in ("cell", "directory")
}


def prune(database: Database, *, days: int, limit: int) -> int:
    """Forget at most `limit` entries of each log in a cell that are older; the most of one."""
    with database.transaction() as connection:
        has = connection.execute(_HAS_DIRECTORY).scalar_one() is not None
        told = {"days": days, "limit": limit}
        counts = [connection.execute(_PRUNE["cell"], told).scalar_one()]
        if has:
            counts.append(connection.execute(_PRUNE["directory"], told).scalar_one())
    return int(max(counts))
