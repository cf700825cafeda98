"""What operators do about people, beyond every rule but one: a tenant keeps an owner."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete

from core.errors import AutomatorError, NotFound
from models.factor import Passkey, SecondFactor
from services import audit, emails, invitations, members, people, roles, sessions, ways
from services.installation import Installation
from services.members import MemberOf
from services.permissions import Role
from services.roles import Held

_ALL = 100_000
OPERATOR: Final = "operator"


@dataclass(frozen=True, slots=True)
class Reset:
    """What somebody had, and has no more."""

    second_factor: bool
    passkeys: int
    sessions: int


def members_of(installation: Installation, tenant: str) -> list[MemberOf]:
    """The members of a tenant, by slug or id. Raises NotFound, Unavailable."""
    place = installation.place(tenant)
    with installation.identity_scope() as session:
        return list(members.listed(session, place.tenant_id, limit=_ALL))


def set_role(installation: Installation, tenant: str, email: str, role: Role) -> None:
    """Give who has an account a role in a tenant, and end a suspension.

    Raises NotFound, Unavailable, and Conflict for the last active owner.
    """
    place = installation.place(tenant)
    with installation.identity_scope() as session:
        members.lock(session, place.tenant_id)
        user = people.by_email(session, emails.normalised(email))
        known = members.find(session, place.tenant_id, user.id)
        if known is not None:
            roles.check_change(
                Role.OWNER,
                Held(Role(known.role), known.suspended),
                Held(role, suspended=False),
                oneself=False,
                other_owners=members.other_owners(session, place.tenant_id, user.id),
            )
        members.put(session, place.tenant_id, user.id, role)


def invite(installation: Installation, tenant: str, email: str, role: Role) -> str:
    """Ask somebody by mail; what the link leads to, behind the installation's address.

    Raises NotFound, Unavailable, Rejected for no address, Conflict for a member.
    """
    place = installation.place(tenant)
    with installation.identity_scope() as session:
        address = emails.normalised(email)
        return invitations.invite(session, installation, place.tenant_id, address, role, None).path


def reset_second_factor(installation: Installation, email: str) -> Reset:
    """Forget the app, recovery codes and passkeys of who lost them; their sessions end.

    They are told by mail, and find it in their activity. Raises NotFound, Rejected for no address.
    """
    with installation.identity_scope() as session:
        user = people.by_email(session, emails.normalised(email))
        factor = session.scalars(
            delete(SecondFactor)
            .where(SecondFactor.user_id == user.id)
            .returning(SecondFactor.confirmed_at)
        ).one_or_none()
        passkeys = session.scalars(
            delete(Passkey).where(Passkey.user_id == user.id).returning(Passkey.id)
        ).all()
        ended = sessions.end_all(session, user.id)
        if factor is None and not passkeys:
            raise NotFound("this account has neither a second factor nor a passkey")
        audit.record_of_person(
            session, user.id, "second-factor.reset", subject=OPERATOR, passkeys=len(passkeys)
        )
        said = "An operator removed your second factor and your passkeys, and signed you out"
        ways.tell(installation, session, user.id, said)
        return Reset(factor is not None, len(passkeys), ended)


def invite_all(
    installation: Installation, tenant: str, wanted: Iterable[tuple[str, Role]]
) -> Iterator[tuple[str, str]]:
    """Ask several; of each the address, and what the link leads to or why there is none."""
    for email, role in wanted:
        try:
            yield email, invite(installation, tenant, email, role)
        except AutomatorError as error:
            yield email, f"not invited: {error}"
