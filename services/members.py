"""Members: what people are to tenants, and how that changes.

Every change holds the tenant's row, so that changes of one tenant's members come one after another
and two owners cannot leave at once. What is changed is judged anew behind that lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, delete, func, or_, select, text
from sqlalchemy.orm import Session

from core.errors import Forbidden, NotFound, Outdated
from models.member import OwnershipOffer
from models.person import Membership, SignIn, User
from models.tenant import Tenant
from services import audit, roles
from services.permissions import Role
from services.roles import Held, OrganisationRole
from services.standing import Principal

_ROLE: Final = text("""
    SELECT m.role, coalesce(m.suspended, false) AS suspended, o.role AS leads
      FROM directory.tenants t
      LEFT JOIN directory.memberships m ON m.tenant_id = t.id AND m.user_id = :person
      LEFT JOIN directory.organisation_members o
             ON o.organisation_id = t.organisation_id AND o.user_id = :person
     WHERE t.id = :tenant
""")


@dataclass(frozen=True, slots=True)
class MemberOf:
    """A member of a tenant."""

    user_id: UUID
    name: str
    email: str
    role: str
    suspended: bool
    created_at: datetime
    version: int


def role_in(session: Session, user_id: UUID, tenant_id: UUID | None) -> Role | None:
    """What somebody is to a tenant; None for who is nothing to it, or is suspended."""
    if tenant_id is None:
        return None
    row = session.execute(_ROLE, {"person": user_id, "tenant": tenant_id}).one_or_none()
    return role_of(row) if row is not None else None


def role_of(row: Row[Any]) -> Role | None:
    """The same of a row with somebody's own `role`, whether `suspended`, and what they lead."""
    return standing(row.role, suspended=row.suspended, leads=row.leads)


def standing(role: str | None, *, suspended: bool, leads: str | None) -> Role | None:
    """The same of its values."""
    if suspended:
        return None
    return effective(Role(role) if role is not None else None, leads)


def effective(role: Role | None, leads: str | None) -> Role | None:
    """What somebody is by a membership's role and by what they are to the organisation."""
    implied = OrganisationRole(leads) if leads is not None else None
    return roles.effective(role, organisation=implied)


def choose(session: Session, user_id: UUID, session_id: UUID, tenant_id: UUID) -> SignIn:
    """Have a session's tokens be for another tenant of the person's; raises NotFound."""
    if role_in(session, user_id, tenant_id) is None:
        raise NotFound("you are not a member of such a tenant")
    found = session.get(SignIn, session_id)
    if found is None or found.user_id != user_id or found.ended_at is not None:
        raise NotFound("there is no such session, or it has ended")
    found.tenant_id = tenant_id
    session.flush()
    return found


def lock(session: Session, tenant_id: UUID) -> Tenant:
    """A tenant, whose members and state nobody else changes in the meantime; raises NotFound.

    Who locks several takes them in the order of their ids.
    """
    found = session.scalar(
        select(Tenant)
        .where(Tenant.id == tenant_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("there is no such tenant any more")
    return found


def listed(
    session: Session, tenant_id: UUID, *, limit: int, after: UUID | None = None
) -> Sequence[MemberOf]:
    """The members of a tenant, those who have had their account for longest first."""
    query = _members(Membership.tenant_id == tenant_id).order_by(Membership.user_id).limit(limit)
    if after is not None:
        query = query.where(Membership.user_id > after)
    return [MemberOf(*row) for row in session.execute(query)]


def get(session: Session, tenant_id: UUID, user_id: UUID) -> MemberOf:
    """One of them; raises NotFound."""
    found = find(session, tenant_id, user_id)
    if found is None:
        raise NotFound("there is no such member")
    return found


def find(session: Session, tenant_id: UUID, user_id: UUID) -> MemberOf | None:
    """The same, or None."""
    query = _members(Membership.tenant_id == tenant_id, Membership.user_id == user_id)
    row = session.execute(query).one_or_none()
    return MemberOf(*row) if row is not None else None


def _members(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            User.id, User.name, User.email, Membership.role, Membership.suspended,
            Membership.created_at, Membership.version,
        )
        .join(Membership, Membership.user_id == User.id)
        .where(*conditions)
    )  # fmt: skip


def acting(session: Session, tenant_id: UUID, by: Principal) -> Role:
    """What who asks is to a tenant at this moment; a key counts as an admin. Raises Forbidden."""
    if by.user_id is None:
        return by.role or Role.ADMIN
    found = role_in(session, by.user_id, tenant_id)
    if found is None:
        raise Forbidden("you are not a member of this tenant, or no longer an active one")
    return found


def change(
    session: Session,
    tenant_id: UUID,
    user_id: UUID,
    by: Principal,
    *,
    role: Role | None = None,
    suspended: bool | None = None,
    versions: frozenset[int] | None = None,
) -> MemberOf:
    """Another role, or a suspension or its end; what is None stays.

    Raises NotFound, Outdated, Forbidden, and Conflict for the last owner.
    """
    lock(session, tenant_id)
    row = _row(session, tenant_id, user_id, versions)
    now = Held(Role(row.role), row.suspended)
    becomes = Held(
        role if role is not None else now.role,
        suspended if suspended is not None else now.suspended,
    )
    _check(session, tenant_id, user_id, by, now, becomes)
    if becomes != now:
        row.role, row.suspended = str(becomes.role), becomes.suspended
        row.version += 1
        session.flush()
        audit.note(role=becomes.role, suspended=str(becomes.suspended).lower())
        _withdraw_offers(session, tenant_id, user_id)
    return get(session, tenant_id, user_id)


def remove(
    session: Session,
    tenant_id: UUID,
    user_id: UUID,
    by: Principal,
    *,
    versions: frozenset[int] | None = None,
) -> None:
    """Put somebody out, or leave. Raises as `change` does."""
    lock(session, tenant_id)
    row = _row(session, tenant_id, user_id, versions)
    now = Held(Role(row.role), row.suspended)
    _check(session, tenant_id, user_id, by, now, None)
    session.delete(row)
    session.flush()
    _withdraw_offers(session, tenant_id, user_id)
    if by.user_id == user_id:
        audit.record_of_tenant(session, tenant_id, "member.left", user_id=user_id)


def other_owners(session: Session, tenant_id: UUID, user_id: UUID) -> int:
    """How many active owners a tenant has beside somebody."""
    counted = session.scalar(
        select(func.count()).where(
            Membership.tenant_id == tenant_id,
            Membership.user_id != user_id,
            Membership.role == str(Role.OWNER),
            Membership.suspended.is_(False),
        )
    )
    return counted or 0


def put(session: Session, tenant_id: UUID, user_id: UUID, role: Role) -> None:
    """Make somebody an active member of a role: who was asked to come, or by an operator."""
    row = session.get(Membership, (user_id, tenant_id), populate_existing=True)
    if row is None:
        session.add(Membership(user_id=user_id, tenant_id=tenant_id, role=str(role)))
    elif row.role != role or row.suspended:
        row.role, row.suspended, row.version = str(role), False, row.version + 1
    session.flush()


def owners(session: Session, tenant_id: UUID) -> list[str]:
    """The addresses of the active owners."""
    query = (
        select(User.email)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.tenant_id == tenant_id,
            Membership.role == str(Role.OWNER),
            Membership.suspended.is_(False),
        )
        .order_by(User.id)
    )
    return list(session.scalars(query))


def _row(
    session: Session, tenant_id: UUID, user_id: UUID, versions: frozenset[int] | None
) -> Membership:
    found = session.get(Membership, (user_id, tenant_id), populate_existing=True)
    if found is None:
        raise NotFound("there is no such member")
    if versions is not None and found.version not in versions:
        raise Outdated("the member has been changed meanwhile")
    return found


def _check(
    session: Session,
    tenant_id: UUID,
    user_id: UUID,
    by: Principal,
    now: Held,
    becomes: Held | None,
) -> None:
    oneself = by.user_id == user_id
    # Whoever leaves may be suspended, and then is nothing to the tenant.
    actor = now.role if oneself else acting(session, tenant_id, by)
    others = other_owners(session, tenant_id, user_id)
    roles.check_change(actor, now, becomes, oneself=oneself, other_owners=others)


def _withdraw_offers(session: Session, tenant_id: UUID, user_id: UUID) -> None:
    """An offer ends when who made it, or is to accept it, becomes something else."""
    session.execute(
        delete(OwnershipOffer).where(
            OwnershipOffer.tenant_id == tenant_id,
            or_(OwnershipOffer.from_id == user_id, OwnershipOffer.to_id == user_id),
        )
    )
