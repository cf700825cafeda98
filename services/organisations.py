"""Organisations: an agency's grouping of the tenants of its clients.

An organisation's owners and admins are admins of each of its tenants (`services/roles.py`), and its
members see the tenants in which they are members themselves. Every change holds its row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, NotFound, Outdated
from models.member import OrganisationMember
from models.person import Membership, User
from models.tenant import Organisation, Tenant
from services import members, memberships
from services.founding import checked_name
from services.memberships import TenantOf
from services.permissions import Role
from services.roles import OrganisationRole

MOST: Final = 10  # that one person owns
_NONE: Final = "there is no such organisation, or you are not in it"
_LAST: Final = "this is the organisation's last owner: give it another one, or dissolve it"


@dataclass(frozen=True, slots=True)
class OrganisationOf:
    """An organisation, and what somebody is to it."""

    id: UUID
    name: str
    version: int
    role: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """A member of an organisation."""

    user_id: UUID
    name: str
    email: str
    role: str

    @property
    def id(self) -> UUID:
        """The person's, by which lists are cut."""
        return self.user_id


def of_person(
    session: Session, user_id: UUID, *, limit: int, after: tuple[str, UUID] | None = None
) -> list[OrganisationOf]:
    """Somebody's organisations, by name; those behind the name and id of `after`."""
    query = _of(user_id).order_by(Organisation.name, Organisation.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(Organisation.name, Organisation.id) > after)
    return [OrganisationOf(*row) for row in session.execute(query)]


def get(session: Session, user_id: UUID, organisation_id: UUID) -> OrganisationOf:
    """One of somebody's; raises NotFound."""
    query = _of(user_id).where(Organisation.id == organisation_id)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound(_NONE)
    return OrganisationOf(*row)


def _of(user_id: UUID) -> Select[*tuple[Any, ...]]:
    return (
        select(Organisation.id, Organisation.name, Organisation.version, OrganisationMember.role)
        .join(OrganisationMember, OrganisationMember.organisation_id == Organisation.id)
        .where(OrganisationMember.user_id == user_id)
    )


def create(session: Session, user_id: UUID, name: str) -> OrganisationOf:
    """One that somebody owns; raises Conflict for who owns too many."""
    name = checked_name(name, field="name")
    # Of two at once, one waits here for the other.
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    owned = session.scalar(
        select(func.count()).where(
            OrganisationMember.user_id == user_id,
            OrganisationMember.role == str(OrganisationRole.OWNER),
        )
    )
    if (owned or 0) >= MOST:
        raise Conflict(f"you own {MOST} organisations already")
    made = Organisation(name=name)
    session.add(made)
    session.flush()
    session.add(
        OrganisationMember(
            organisation_id=made.id, user_id=user_id, role=str(OrganisationRole.OWNER)
        )
    )
    session.flush()
    return get(session, user_id, made.id)


def rename(
    session: Session,
    user_id: UUID,
    organisation_id: UUID,
    name: str,
    versions: frozenset[int] | None,
) -> OrganisationOf:
    """Another name; for owners and admins. Raises Outdated, Forbidden, NotFound."""
    row = _led(session, user_id, organisation_id)
    if versions is not None and row.version not in versions:
        raise Outdated("the organisation has been changed meanwhile")
    row.name, row.version = checked_name(name, field="name"), row.version + 1
    session.flush()
    return get(session, user_id, organisation_id)


def dissolve(session: Session, user_id: UUID, organisation_id: UUID) -> None:
    """End it; its tenants go on by themselves. For owners."""
    row = _led(session, user_id, organisation_id, owners_only=True)
    session.delete(row)
    session.flush()


def tenants_of(
    session: Session,
    user_id: UUID,
    organisation_id: UUID,
    *,
    limit: int,
    after: tuple[str, UUID] | None = None,
) -> list[TenantOf]:
    """Its tenants, as far as somebody is a member of them, or leads the organisation; by name."""
    get(session, user_id, organisation_id)
    return memberships.of_person(
        session, user_id, limit=limit, after=after, organisation_id=organisation_id
    )


def add_tenant(session: Session, user_id: UUID, organisation_id: UUID, tenant_id: UUID) -> None:
    """Put a tenant into it; for who owns both. Raises Conflict where it is in another."""
    _led(session, user_id, organisation_id, owners_only=True)
    tenant = members.lock(session, tenant_id)
    if members.role_in(session, user_id, tenant_id) is not Role.OWNER:
        raise NotFound("you own no such tenant")
    if tenant.organisation_id not in (None, organisation_id):
        raise Conflict("this tenant is in another organisation: take it out of that first")
    tenant.organisation_id = organisation_id
    session.flush()


def remove_tenant(session: Session, user_id: UUID, organisation_id: UUID, tenant_id: UUID) -> None:
    """Take a tenant out of it; for owners of either. Who was admin by it is that no more."""
    tenant = members.lock(session, tenant_id)
    own = members.role_in(session, user_id, tenant_id)
    mine = _role(session, user_id, organisation_id)
    if tenant.organisation_id != organisation_id or (own is None and mine is None):
        raise NotFound("there is no such tenant in this organisation")
    if own is not Role.OWNER and mine is not OrganisationRole.OWNER:
        raise Forbidden("only an owner of the tenant or of the organisation takes it out")
    tenant.organisation_id = None
    session.flush()


def colleagues(
    session: Session,
    user_id: UUID,
    organisation_id: UUID,
    *,
    limit: int,
    after: UUID | None = None,
) -> Sequence[Colleague]:
    """Who is in it, in the order of their accounts; whoever is in it may know."""
    get(session, user_id, organisation_id)
    query = (
        select(User.id, User.name, User.email, OrganisationMember.role)
        .join(OrganisationMember, OrganisationMember.user_id == User.id)
        .where(OrganisationMember.organisation_id == organisation_id)
        .order_by(User.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(User.id > after)
    return [Colleague(*row) for row in session.execute(query)]


def put_colleague(
    session: Session, asker: UUID, organisation_id: UUID, user_id: UUID, role: OrganisationRole
) -> None:
    """Make a member of one of its tenants a member of it, or of another role.

    Whoever is to come must have accepted an invitation to one of its tenants: nobody learns here
    who has an account. Raises NotFound, Forbidden, and Conflict for the last owner.
    """
    _led(session, asker, organisation_id)
    mine = _role(session, asker, organisation_id)
    row = session.get(OrganisationMember, (organisation_id, user_id), populate_existing=True)
    if row is None and not _in_its_tenants(session, organisation_id, user_id):
        raise NotFound("there is no such member of one of its tenants")
    owning = role is OrganisationRole.OWNER or (row is not None and row.role == "owner")
    if owning and mine is not OrganisationRole.OWNER:
        raise Forbidden("only an owner makes owners, or changes them")
    if row is None:
        session.add(
            OrganisationMember(organisation_id=organisation_id, user_id=user_id, role=str(role))
        )
    else:
        if role is not OrganisationRole.OWNER:
            _require_another_owner(session, row)
        row.role = str(role)
    session.flush()


def remove_colleague(session: Session, asker: UUID, organisation_id: UUID, user_id: UUID) -> None:
    """Put somebody out of it, or leave. Raises as `put_colleague` does."""
    _lock(session, organisation_id)
    mine = _role(session, asker, organisation_id)
    row = session.get(OrganisationMember, (organisation_id, user_id), populate_existing=True)
    if mine is None or row is None:
        raise NotFound("there is no such member of such an organisation")
    if asker != user_id and (
        mine is OrganisationRole.MEMBER
        or (row.role == "owner" and mine is not OrganisationRole.OWNER)
    ):
        raise Forbidden("only its owners and admins put others out, and only owners owners")
    _require_another_owner(session, row)
    session.delete(row)
    session.flush()


def owned_alone(session: Session, user_id: UUID) -> list[str]:
    """The names of those that would be left without an owner; locks those that somebody owns."""
    owned = session.scalars(
        select(OrganisationMember)
        .where(OrganisationMember.user_id == user_id, OrganisationMember.role == "owner")
        .order_by(OrganisationMember.organisation_id)
    ).all()
    alone = []
    for row in owned:
        locked = _lock(session, row.organisation_id)
        if _other_owners(session, row) == 0:
            alone.append(locked.name)
    return alone


def _led(
    session: Session, user_id: UUID, organisation_id: UUID, *, owners_only: bool = False
) -> Organisation:
    row = _lock(session, organisation_id)
    role = _role(session, user_id, organisation_id)
    if role is None:
        raise NotFound(_NONE)
    if role is not OrganisationRole.OWNER and (owners_only or role is OrganisationRole.MEMBER):
        raise Forbidden(f"the role {role} in the organisation does not give this")
    return row


def _lock(session: Session, organisation_id: UUID) -> Organisation:
    found = session.scalar(
        select(Organisation)
        .where(Organisation.id == organisation_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound(_NONE)
    return found


def _role(session: Session, user_id: UUID, organisation_id: UUID) -> OrganisationRole | None:
    found = session.scalar(
        select(OrganisationMember.role).where(
            OrganisationMember.organisation_id == organisation_id,
            OrganisationMember.user_id == user_id,
        )
    )
    return OrganisationRole(found) if found is not None else None


def _in_its_tenants(session: Session, organisation_id: UUID, user_id: UUID) -> bool:
    found = session.scalar(
        select(Membership.user_id)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .where(
            Tenant.organisation_id == organisation_id,
            Membership.user_id == user_id,
            Membership.suspended.is_(False),
        )
        .limit(1)
    )
    return found is not None


def _require_another_owner(session: Session, row: OrganisationMember) -> None:
    if row.role == OrganisationRole.OWNER and _other_owners(session, row) == 0:
        raise Conflict(_LAST)


def _other_owners(session: Session, row: OrganisationMember) -> int:
    counted = session.scalar(
        select(func.count()).where(
            OrganisationMember.organisation_id == row.organisation_id,
            OrganisationMember.user_id != row.user_id,
            OrganisationMember.role == str(OrganisationRole.OWNER),
        )
    )
    return counted or 0
