"""Invitations: somebody is asked by mail to become a member, and comes, or does not.

A tenant never learns whether an address has an account: the mail is the same, and what is told of
it to who has the mail is told to nobody else. Of the secret in it there is a digest alone.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, Gone, NotFound
from models.member import Invitation
from models.person import Membership, User
from models.tenant import Tenant
from services import audit, emails, mails, members, people, roles, sessions
from services.founding import checked_name
from services.installation import Installation
from services.mails import MailKind
from services.people import Origin
from services.permissions import Role
from services.sessions import Opened, digest_of
from services.standing import Principal

LIFE: Final = timedelta(days=7)
SAID: Final = "seven days"
MOST: Final = 100  # open ones of a tenant
PATH: Final = "/invitation"
_ENDED: Final = "this invitation has ended, or was used: ask for another"
_OPERATOR: Final = "The operator"


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that was just written, and the secret that its mail has."""

    row: Invitation
    secret: str = field(repr=False)

    @property
    def path(self) -> str:
        """What its link leads to, behind the address of the installation."""
        return f"{PATH}#{self.secret}"


@dataclass(frozen=True, slots=True)
class Read:
    """What who has the mail may know."""

    tenant_name: str
    role: str
    email: str
    inviter: str | None
    has_account: bool


def invite(
    session: Session,
    installation: Installation,
    tenant_id: UUID,
    email: str,
    role: Role,
    by: Principal | None,
) -> Invited:
    """Ask somebody by mail to come; asked again, the mail comes again and the old link ends.

    `email` is normalised; `by` is None for an operator. Raises Forbidden for a role above one's
    own, Conflict for a member and where too many are asked already.
    """
    tenant = members.lock(session, tenant_id)
    if by is not None:
        roles.check_giving(members.acting(session, tenant_id, by), role)
    _require_stranger(session, tenant_id, email)
    row = session.scalar(
        select(Invitation).where(
            Invitation.tenant_id == tenant_id, func.lower(Invitation.email) == emails.key(email)
        )
    )
    secret = secrets.token_urlsafe(32)
    digest, inviter = digest_of(secret), by.user_id if by is not None else None
    expires = session.scalar(select(func.now() + LIFE))
    assert expires is not None
    if row is None:
        _require_room(session, tenant_id)
        row = Invitation(
            tenant_id=tenant_id,
            email=email,
            role=str(role),
            digest=digest,
            invited_by=inviter,
            expires_at=expires,
        )
        session.add(row)
    else:
        row.role, row.digest = str(role), digest
        row.invited_by, row.expires_at = inviter, expires
    session.flush()
    session.refresh(row)
    found = Invited(row, secret)
    mails.queue(
        session,
        installation.keyring.people(session),
        to=row.email,
        kind=MailKind.INVITATION,
        values={
            "inviter": _name(session, inviter) or _OPERATOR,
            "link": found.path,
            "role": str(role),
            "tenant": tenant.name,
            "valid_for": SAID,
        },
        tenant_id=tenant_id,
    )
    audit.note(created=row.id, role=role)
    audit.record_in_directory(session, action="member.invited")
    return found


def _require_stranger(session: Session, tenant_id: UUID, email: str) -> None:
    """Raise Conflict for a member, whom the tenant knows anyway."""
    known = session.scalar(
        select(User.id)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.tenant_id == tenant_id, func.lower(User.email) == emails.key(email))
    )
    if known is not None:
        raise Conflict("whoever has this address is a member already")


def _require_room(session: Session, tenant_id: UUID) -> None:
    session.execute(
        delete(Invitation).where(
            Invitation.tenant_id == tenant_id, Invitation.expires_at < func.now()
        )
    )
    count = session.scalar(select(func.count()).where(Invitation.tenant_id == tenant_id))
    if (count or 0) >= MOST:
        raise Conflict(f"{MOST} invitations are open already: revoke some first")


def listed(
    session: Session, tenant_id: UUID, *, limit: int, after: UUID | None = None
) -> Sequence[Invitation]:
    """Those that are open, the oldest first."""
    query = (
        select(Invitation)
        .where(Invitation.tenant_id == tenant_id, Invitation.expires_at > func.now())
        .order_by(Invitation.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Invitation.id > after)
    return session.scalars(query).all()


def revoke(session: Session, tenant_id: UUID, invitation_id: UUID) -> None:
    """End an invitation; raises NotFound."""
    gone = session.scalar(
        delete(Invitation)
        .where(Invitation.id == invitation_id, Invitation.tenant_id == tenant_id)
        .returning(Invitation.id)
    )
    if gone is None:
        raise NotFound("there is no such invitation, or it was used")


def read(session: Session, secret: str) -> Read:
    """What an invitation is to; raises Gone."""
    found, tenant = _open(session, secret)
    account = session.scalar(
        select(User.id).where(func.lower(User.email) == emails.key(found.email))
    )
    inviter = _name(session, found.invited_by)
    return Read(tenant.name, found.role, found.email, inviter, account is not None)


def accept(session: Session, user_id: UUID, secret: str) -> UUID:
    """Become a member; the tenant's id. A member stays what they are, and the link is used up.

    Raises Gone, and Forbidden for whoever is not at the address that was invited.
    """
    found = _used(session, secret)
    user = people.get(session, user_id)
    if emails.key(user.email) != emails.key(found.email):
        raise Forbidden("this invitation is for another address than your account's")
    if session.get(Membership, (user_id, found.tenant_id)) is None:
        members.put(session, found.tenant_id, user_id, Role(found.role))
        _note_joining(session, found, user)
    session.delete(found)
    session.flush()
    return found.tenant_id


def sign_up(session: Session, secret: str, *, name: str, digest: str, origin: Origin) -> Opened:
    """An account for who has the mail, as a member, and a session; it has no tenant of its own.

    Raises Gone, and Conflict where the address has an account.
    """
    name = checked_name(name, field="name")
    found = _used(session, secret)
    user = User(email=found.email, name=name, password_hash=digest)
    session.add(user)
    try:
        session.flush()
    except IntegrityError:
        raise Conflict("there is an account with this address: sign in, then accept") from None
    members.put(session, found.tenant_id, user.id, Role(found.role))
    _note_joining(session, found, user)
    session.delete(found)
    return sessions.start(
        session,
        sessions.Start(
            user.id,
            method="password",
            tenant_id=found.tenant_id,
            address=origin.address,
            agent=origin.agent,
        ),
    )


def _note_joining(session: Session, found: Invitation, user: User) -> None:
    audit.record_of_tenant(
        session,
        found.tenant_id,
        "member.joined",
        newcomer=(user.id, user.name),
        invitation_id=found.id,
        user_id=user.id,
        role=found.role,
    )


def _used(session: Session, secret: str) -> Invitation:
    """An invitation that nobody else uses meanwhile, and of which who wrote it could still."""
    members.lock(session, _open(session, secret)[0].tenant_id)
    found, _ = _open(session, secret, lock=True)
    if found.invited_by is not None:
        inviter = members.role_in(session, found.invited_by, found.tenant_id)
        try:
            if inviter is None:
                raise Gone(_ENDED)
            roles.check_giving(inviter, Role(found.role))
        except Forbidden:
            raise Gone(_ENDED) from None
    return found


def _open(session: Session, secret: str, *, lock: bool = False) -> tuple[Invitation, Tenant]:
    query = (
        select(Invitation, Tenant)
        .join(Tenant, Tenant.id == Invitation.tenant_id)
        .where(
            Invitation.digest == digest_of(secret),
            Invitation.expires_at > func.clock_timestamp(),
            Tenant.state.in_(("creating", "active")),
        )
        .execution_options(populate_existing=True)
    )
    row = session.execute(query.with_for_update(of=Invitation) if lock else query).one_or_none()
    if row is None:
        raise Gone(_ENDED)
    return row[0], row[1]


def _name(session: Session, user_id: UUID | None) -> str | None:
    return session.scalar(select(User.name).where(User.id == user_id)) if user_id else None
