"""People: how somebody comes, proves who they are, and goes.

Whoever only knows an address learns nothing here: asking to sign up and asking for a new password
are answered the same for every address. A password is chosen by who has the mail, so that nobody
can prepare an account for somebody else.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from psycopg import sql
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound
from models.person import Membership, User
from services import (
    audit,
    emails,
    founding,
    mails,
    members,
    memberships,
    organisations,
    passwords,
    sessions,
    tickets,
)
from services.founding import checked_name
from services.installation import Installation
from services.mails import MailKind
from services.memberships import TenantOf
from services.permissions import Role
from services.second_factors import Status
from services.sessions import Opened
from services.tickets import SAID, TicketKind

MOST_OWNED: Final = 25  # tenants of one person
# Statements that many wait for are spared the ORM's share.
_KNOWN: Final = sql.SQL("SELECT id, password_hash FROM directory.users WHERE lower(email) = {key}")
_ACCOUNT = text("""
    SELECT u.email, u.name AS called, u.password_hash IS NOT NULL AS has_password, f.confirmed_at,
           (SELECT count(*) FROM directory.recovery_codes c
             WHERE c.user_id = f.user_id AND c.used_at IS NULL) AS recovery_codes_left, t.*
      FROM directory.users u
      LEFT JOIN directory.second_factors f ON f.user_id = u.id AND f.confirmed_at IS NOT NULL
      LEFT JOIN LATERAL directory.tenants_of(u.id, NULL, NULL, NULL, NULL, :limit) t ON true
     WHERE u.id = :person
""")
_GONE: Final = "there is no such person any more"
_EXISTS: Final = "there is an account with this address: sign in instead"


@dataclass(frozen=True, slots=True)
class Origin:
    """From where somebody comes, as far as it is known."""

    address: str | None = None
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What a password is held against; of an unknown address, nobody's."""

    user_id: UUID | None
    digest: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """A person as they see themselves; `second_factor` is None where no code is asked for."""

    id: UUID
    email: str
    name: str
    has_password: bool
    second_factor: Status | None
    tenants: tuple[TenantOf, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody who has just come: the session, and the tenant that is being made."""

    opened: Opened
    tenant_id: UUID


def ask_to_sign_up(installation: Installation, email: str) -> None:
    """Send a link to an address by which its owner gets an account, or hears that there is one."""
    with installation.identity_scope() as session:
        if _by_email(session, email) is not None:
            _mail(installation, session, email, MailKind.ACCOUNT_EXISTS, link="/sign-in")
            return
        secret = tickets.issue(session, TicketKind.SIGN_UP, email)
        _link(installation, session, email, TicketKind.SIGN_UP, f"/sign-up#{secret}")


def invited_to_sign_up(installation: Installation, secret: str) -> str:
    """The address that a link was sent to; raises Gone."""
    with installation.identity_scope() as session:
        return tickets.read(session, TicketKind.SIGN_UP, secret).email


def sign_up(
    installation: Installation,
    secret: str,
    *,
    name: str,
    digest: str,
    tenant_name: str,
    origin: Origin,
) -> Joined:
    """An account for who has the mail, with a tenant of its own, and a session.

    Raises Gone for a link that was used, Conflict where somebody was quicker.
    """
    name = checked_name(name, field="name")
    tenant_name = checked_name(tenant_name)
    with installation.identity_scope() as session:
        ticket = tickets.use(session, TicketKind.SIGN_UP, secret)
        user = User(email=ticket.email, name=name, password_hash=digest)
        session.add(user)
        try:
            session.flush()
        except IntegrityError:
            raise Conflict(_EXISTS) from None
        tenant_id = found_tenant(
            session, installation, user.id, tenant_name, newcomer=(user.id, name)
        )
        opened = sessions.start(
            session,
            sessions.Start(
                user.id,
                method="password",
                tenant_id=tenant_id,
                address=origin.address,
                agent=origin.agent,
            ),
        )
        _mail(
            installation,
            session,
            user.email,
            MailKind.WELCOME,
            about=tenant_id,
            link="/",
            tenant=tenant_name,
        )
        return Joined(opened, tenant_id)


def found_tenant(
    session: Session,
    installation: Installation,
    user_id: UUID,
    tenant_name: str,
    *,
    newcomer: tuple[UUID, str] | None = None,
) -> UUID:
    """A tenant that is to be, owned by a person; its id. `newcomer` is as in the audit log."""
    tenant_id = founding.announce(session, installation, tenant_name)
    session.add(Membership(user_id=user_id, tenant_id=tenant_id, role=str(Role.OWNER)))
    session.flush()
    audit.record_of_tenant(session, tenant_id, "tenant.founded", newcomer=newcomer, user_id=user_id)
    return tenant_id


def found_another(
    session: Session, installation: Installation, user_id: UUID, tenant_name: str
) -> UUID:
    """The same for somebody who is here already; raises Conflict for who owns too many."""
    name = checked_name(tenant_name, field="name")
    # Of two at once, one waits here for the other.
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    owned = session.scalar(
        select(func.count()).where(
            Membership.user_id == user_id, Membership.role == str(Role.OWNER)
        )
    )
    if (owned or 0) >= MOST_OWNED:
        raise Conflict(f"you own {MOST_OWNED} tenants already")
    tenant_id = found_tenant(session, installation, user_id, name)
    audit.record_in_directory(session, action="tenant.founded")
    return tenant_id


def known(installation: Installation, email: str) -> Known:
    """What the password of this address is held against."""
    found = installation.cell().identity_row(_KNOWN.format(key=emails.key(email)))
    return Known(*found) if found is not None else Known(None, None)


def known_by_id(installation: Installation, user_id: UUID) -> Known:
    """The same of a person who has signed in."""
    with installation.identity_scope() as session:
        return Known(user_id, get(session, user_id).password_hash)


def note_refused(installation: Installation, user_id: UUID) -> None:
    """Somebody tried to sign in to an account with a wrong password."""
    with installation.identity_scope() as session:
        audit.record_of_person(session, user_id, "sign-in.refused", proven=False)


def change_password(
    installation: Installation, user_id: UUID, digest: str, *, session_id: UUID
) -> None:
    """Another password; every other session ends."""
    with installation.identity_scope() as session:
        _set_password(installation, session, get(session, user_id), digest)
        audit.record_in_directory(session, action="password.changed")
        sessions.end_all(session, user_id, but=session_id)


def ask_to_reset(installation: Installation, email: str) -> None:
    """Send a link by which a password can be chosen anew, if the address has an account."""
    with installation.identity_scope() as session:
        found = _by_email(session, email)
        if found is None:
            return
        secret = tickets.issue(session, TicketKind.RESET_PASSWORD, found.email, found.id)
        _link(installation, session, found.email, TicketKind.RESET_PASSWORD, f"/reset#{secret}")


def invited_to_reset(installation: Installation, secret: str) -> tuple[str, str]:
    """The name and address of who may choose another password; raises Gone."""
    with installation.identity_scope() as session:
        ticket = tickets.read(session, TicketKind.RESET_PASSWORD, secret)
        assert ticket.user_id is not None
        return get(session, ticket.user_id).name, ticket.email


def reset(installation: Installation, secret: str, digest: str) -> None:
    """Another password for who has the mail; every session ends. Raises Gone."""
    with installation.identity_scope() as session:
        ticket = tickets.use(session, TicketKind.RESET_PASSWORD, secret)
        assert ticket.user_id is not None
        _set_password(installation, session, get(session, ticket.user_id), digest)
        sessions.end_all(session, ticket.user_id)
        audit.record_of_person(session, ticket.user_id, "password.reset")


def ask_to_change_address(
    installation: Installation, session: Session, user_id: UUID, email: str
) -> None:
    """Send a link to the new address; until it is followed, nothing changes."""
    audit.record_in_directory(session, action="address.asked")
    if _by_email(session, email) is not None:
        _mail(installation, session, email, MailKind.ACCOUNT_EXISTS, link="/sign-in")
        return
    secret = tickets.issue(session, TicketKind.CHANGE_ADDRESS, email, user_id)
    _link(installation, session, email, TicketKind.CHANGE_ADDRESS, f"/confirm-address#{secret}")


def change_address(installation: Installation, secret: str) -> None:
    """Another address for the account; the old one is told. Raises Gone, Conflict."""
    with installation.identity_scope() as session:
        ticket = tickets.use(session, TicketKind.CHANGE_ADDRESS, secret)
        assert ticket.user_id is not None
        user = get(session, ticket.user_id)
        old, user.email, user.updated_at = user.email, ticket.email, func.now()
        try:
            session.flush()
        except IntegrityError:
            raise Conflict("another account has this address") from None
        audit.record_of_person(session, user.id, "address.changed")
        _mail(
            installation,
            session,
            old,
            MailKind.ADDRESS_CHANGED,
            new_address=ticket.email,
            when=_now(),
        )


def rename(session: Session, user_id: UUID, name: str) -> User:
    """Another name."""
    user = get(session, user_id)
    user.name, user.updated_at = checked_name(name, field="name"), func.now()
    session.flush()
    session.refresh(user)
    return user


def delete_account(installation: Installation, user_id: UUID) -> None:
    """Forget a person with all sessions and memberships.

    Raises Conflict while a tenant would be left without an owner.
    """
    with installation.identity_scope() as session:
        user = get(session, user_id)
        if alone := _owned_alone(session, user_id) + organisations.owned_alone(session, user_id):
            names = ", ".join(sorted(alone))
            raise Conflict(f"you are the only owner of {names}: hand it on or delete it first")
        _mail(installation, session, user.email, MailKind.ACCOUNT_DELETED, when=_now())
        member = select(Membership.tenant_id).where(Membership.user_id == user_id)
        for tenant_id in session.scalars(member):
            audit.record_of_tenant(session, tenant_id, "member.left", user_id=user_id)
        session.execute(delete(User).where(User.id == user_id))


def _owned_alone(session: Session, user_id: UUID) -> list[str]:
    owned = session.scalars(
        select(Membership.tenant_id)
        .where(Membership.user_id == user_id, Membership.role == str(Role.OWNER))
        .order_by(Membership.tenant_id)
    ).all()
    alone = []
    for tenant_id in owned:
        # Whoever leaves at the same time waits here, and then sees who is left.
        tenant = members.lock(session, tenant_id)
        if tenant.state != "purging" and members.other_owners(session, tenant_id, user_id) == 0:
            alone.append(tenant.name)
    return alone


def get(session: Session, user_id: UUID) -> User:
    """A person; raises NotFound."""
    found = session.get(User, user_id)
    if found is None:
        raise NotFound(_GONE)
    return found


def account(session: Session, user_id: UUID, *, limit: int) -> Account:
    """What a person is told of themselves, with the first of their tenants; raises NotFound."""
    rows = session.execute(_ACCOUNT, {"person": user_id, "limit": limit}).all()
    if not rows:
        raise NotFound(_GONE)
    row = rows[0]
    factor = Status(row.confirmed_at, row.recovery_codes_left) if row.confirmed_at else None
    tenants = tuple(memberships.of_row(one) for one in rows if one.id is not None)
    return Account(user_id, row.email, row.called, row.has_password, factor, tenants)


def by_email(session: Session, email: str) -> User:
    """Who has an address; raises NotFound. Nobody but an operator may ask."""
    found = _by_email(session, email)
    if found is None:
        raise NotFound("nobody has an account with this address: invite them")
    return found


def checked_password(password: str, *, name: str, email: str, field: str = "password") -> str:
    """See `passwords.check`."""
    return passwords.check(password, known=(name, email), field=field)


def _by_email(session: Session, email: str) -> User | None:
    return session.scalar(select(User).where(func.lower(User.email) == emails.key(email)))


def _set_password(installation: Installation, session: Session, user: User, digest: str) -> None:
    user.password_hash, user.updated_at = digest, func.now()
    session.flush()
    _mail(
        installation, session, user.email, MailKind.PASSWORD_CHANGED, link="/forgotten", when=_now()
    )


def _link(
    installation: Installation, session: Session, email: str, kind: TicketKind, path: str
) -> None:
    _mail(installation, session, email, _MAILED[kind], link=path, valid_for=SAID[kind])


def _mail(
    installation: Installation,
    session: Session,
    to: str,
    kind: MailKind,
    *,
    about: UUID | None = None,
    **values: str,
) -> None:
    sealer = installation.keyring.people(session)
    mails.queue(session, sealer, to=to, kind=kind, values=values, tenant_id=about)


def _now() -> str:
    return datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")


_MAILED: Final = {
    TicketKind.SIGN_UP: MailKind.VERIFY_ADDRESS,
    TicketKind.RESET_PASSWORD: MailKind.RESET_PASSWORD,
    TicketKind.CHANGE_ADDRESS: MailKind.CONFIRM_NEW_ADDRESS,
}
