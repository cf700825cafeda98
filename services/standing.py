"""Who asks, and what they may: a person in a tenant, a key, or the installation itself."""

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from core.errors import Forbidden, Unauthenticated, Unavailable
from services.installation import Place
from services.permissions import PERMISSIONS, Action, Role
from services.roles import OrganisationRole, effective

_STANDING = text("SELECT * FROM directory.standing(:session, :person, :tenant)")
_NO_MEMBER: Final = "you are not a member of this tenant, or no longer an active one"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in, and by which session."""

    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks; `subject` is a stable name of theirs, fit for logs and for counting.

    `role` and `actions` are those in the tenant that is asked about, `place`, if there is one.
    Where it is closed to them, `closed` says why, and `passing` whether it opens by itself.
    `shown` is what they are called, for people to read.
    """

    subject: str
    user_id: UUID | None
    session_id: UUID | None
    place: Place | None
    role: Role | None
    actions: frozenset[Action]
    closed: str | None = None
    passing: bool = False
    shown: str = ""

    def require(self, action: Action) -> Place:
        """The tenant, if this may be done to it; raises Forbidden, Unavailable."""
        if self.passing:
            raise Unavailable(str(self.closed), retry_after=1)
        if self.place is None:
            raise Forbidden(self.closed or "choose a tenant first")
        if action not in self.actions:
            raise Forbidden(f"this needs the permission {action}, which {self.said} does not give")
        return self.place

    def require_person(self) -> Person:
        """Who it is; raises Forbidden for a key."""
        if self.user_id is None or self.session_id is None:
            raise Forbidden("this is for people who have signed in, not for keys")
        return Person(self.user_id, self.session_id)

    @property
    def said(self) -> str:
        """What it is that gives the permissions."""
        return f"the role {self.role}" if self.role is not None else "this key"


ANYBODY: Final = Principal("anybody", None, None, None, None, frozenset())


def installation(place: Place) -> Principal:
    """Whoever has the token that an embedded installation prints owns its first tenant."""
    return Principal(
        "installation", None, None, place, Role.OWNER, PERMISSIONS[Role.OWNER],
        shown="the token of the installation",
    )  # fmt: skip


def of_person(
    session: Session, person: UUID, session_id: UUID, tenant_id: UUID | None
) -> Principal:
    """What somebody who has signed in may do in a tenant now, whatever was told them earlier.

    Raises Unauthenticated where the session has ended.
    """
    row = session.execute(
        _STANDING, {"session": session_id, "person": person, "tenant": tenant_id}
    ).one_or_none()
    if row is None or not row.live:
        raise Unauthenticated("this session has ended: sign in again")
    role = closed = None
    if tenant_id is not None:
        role = effective(
            Role(row.role) if row.role is not None else None,
            suspended=bool(row.suspended),
            organisation=OrganisationRole(row.leads) if row.leads is not None else None,
        )
        closed = _NO_MEMBER if role is None else None
    actions = PERMISSIONS[role] if role is not None else frozenset()
    return _of_tenant(
        row,
        Principal(
            f"user:{person}", person, session_id, None, role, actions, closed, shown=row.shown
        ),
    )


def of_tenant(row: Row[Any], *, subject: str, shown: str, actions: frozenset[Action]) -> Principal:
    """Who may do these things to the tenant of a row, and is no person."""
    return _of_tenant(row, Principal(subject, None, None, None, None, actions, shown=shown))


def _of_tenant(row: Row[Any], asker: Principal) -> Principal:
    """The same where the row's tenant is open; where it is not, nothing may be done to it."""
    if row.id is None or asker.closed is not None:
        return replace(asker, role=None, actions=frozenset())
    if row.state == "active":
        return replace(asker, place=Place(row.id, row.slug, row.name, row.cell))
    # One that is being made opens by itself; one that was closed, only by somebody's doing.
    passing = row.state == "creating"
    closed = _NO_MEMBER if row.state == "purging" else f"this tenant is {row.state}"
    return replace(asker, role=None, actions=frozenset(), closed=closed, passing=passing)
