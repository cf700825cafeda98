"""Who is what, and who may change whom: rules that read and write nothing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.errors import Conflict, Forbidden
from services.permissions import Role


class OrganisationRole(StrEnum):
    """What somebody is to an organisation; its owners and admins are admins of its tenants."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Held:
    """What a member is to a tenant."""

    role: Role
    suspended: bool

    @property
    def owns(self) -> bool:
        """Whether it is an owner who can act."""
        return self.role is Role.OWNER and not self.suspended


_RANKS: Final = {role: rank for rank, role in enumerate(reversed(Role))}
LAST_OWNER: Final = "this is the last active owner: give the tenant another one first"


def effective(
    own: Role | None, *, suspended: bool = False, organisation: OrganisationRole | None = None
) -> Role | None:
    """What somebody is to a tenant: the higher of what they are to it and to its organisation.

    Whoever is suspended in the tenant is nothing to it, whatever they are elsewhere.
    """
    if suspended:
        return None
    leads = organisation in (OrganisationRole.OWNER, OrganisationRole.ADMIN)
    found = [one for one in (own, Role.ADMIN if leads else None) if one is not None]
    return max(found, key=_RANKS.__getitem__, default=None)


def outranks(one: Role, other: Role) -> bool:
    """Whether a role is higher than another."""
    return _RANKS[one] > _RANKS[other]


def check_giving(actor: Role, role: Role) -> None:
    """Raise Forbidden unless somebody of a role may give another to somebody else."""
    if actor not in (Role.OWNER, Role.ADMIN):
        raise Forbidden("only owners and admins say who is a member")
    if outranks(role, actor):
        raise Forbidden("nobody gives a role above their own")


def check_change(
    actor: Role, target: Held, becomes: Held | None, *, oneself: bool, other_owners: int
) -> None:
    """Raise unless a member may become this, or nothing at all; `other_owners` are active ones.

    Forbidden is about who asks, Conflict about the tenant, which needs an owner.
    """
    if oneself:
        if becomes is not None and outranks(becomes.role, target.role):
            raise Forbidden("nobody raises themselves")
        if becomes is not None and becomes.suspended != target.suspended:
            raise Forbidden("nobody suspends themselves, or ends their own suspension")
    else:
        check_giving(actor, becomes.role if becomes is not None else target.role)
        if outranks(target.role, actor):
            raise Forbidden("admins change nothing about owners")
    if target.owns and not (becomes is not None and becomes.owns) and other_owners == 0:
        raise Conflict(LAST_OWNER)
