"""Identities: who people are elsewhere, by which they sign in here (OpenID Connect).

What was begun is sealed in a cookie of the browser that began it: state, nonce and verifier are
compared with that, so that nobody is led into somebody else's account, and nothing is written here
before a provider has answered.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound, Rejected
from core.oidc import OidcClient, OidcRefused, Shown
from models.factor import Identity
from models.person import User
from services import admission, audit, challenges, emails, mails, people, sessions, ways
from services.admission import Needed
from services.challenges import ChallengeEnded, ChallengeKind, Read
from services.founding import checked_name
from services.identity_providers import callback
from services.installation import Installation
from services.mails import MailKind
from services.people import Origin
from services.sessions import Opened

SAID: Final = {"google": "Google", "linkedin": "LinkedIn"}


class AccountExists(Conflict):
    """The address has an account, which somebody else may have made: sign in there, then link."""

    code = "account_exists"


class EmailUnverified(OidcRefused):
    """The provider has not verified an address, so none can be believed."""

    code = "email_unverified"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where a browser goes, and what it keeps until it is back."""

    address: str
    kept: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of it: a session, a challenge, or (with neither) another identity of the person.

    `tenant_id` is that of a tenant that is being made.
    """

    admitted: Opened | Needed | None = None
    tenant_id: UUID | None = None


def begin(
    installation: Installation,
    client: OidcClient,
    *,
    return_to: str,
    person: UUID | None = None,
    session_id: UUID | None = None,
) -> Begun:
    """Send a browser to a provider; for a `person`, to link what it answers. Raises Unavailable."""
    name = client.provider.name
    said = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    address = client.address(redirect_uri=callback(installation.settings, name), **said)
    said |= {"provider": name, "return_to": return_to}
    if person is not None:
        said |= {"person": str(person), "session": str(session_id)}
    with installation.identity_scope() as session:
        audit.record_in_directory(session, action="identity.asked")
        sealer = installation.keyring.people(session)
        return Begun(address, challenges.issue(sealer, ChallengeKind.OIDC, **said))


def kept(installation: Installation, cookie: str) -> Read:
    """What a browser has kept; raises ChallengeEnded."""
    with installation.identity_scope() as session:
        sealer = installation.keyring.people(session)
        return challenges.read(sealer, ChallengeKind.OIDC, cookie)


def finish(
    installation: Installation,
    client: OidcClient,
    began: Read,
    *,
    state: str,
    code: str,
    origin: Origin,
) -> Finished:
    """Take a provider's answer, once.

    Raises ChallengeEnded where it is not what this browser began, OidcRefused, EmailUnverified,
    AccountExists, Conflict, Unavailable.
    """
    name = client.provider.name
    ours = hmac.compare_digest(began["state"].encode(), state.encode())
    if not ours or began["provider"] != name:
        raise ChallengeEnded
    shown = client.exchange(
        code=code,
        redirect_uri=callback(installation.settings, name),
        nonce=began["nonce"],
        verifier=began["verifier"],
    )
    with installation.identity_scope() as session:
        challenges.spend(session, began)
        if "person" in began.said:
            _link(installation, session, began, name, shown)
            return Finished()
        known = _find(session, shown)
        if known is None:
            return _join(installation, session, name, shown, origin)
        known.used_at = func.clock_timestamp()
        session.flush()
        return Finished(
            admission.admit_in(installation, session, known.user_id, method=name, origin=origin)
        )


def list_of(
    session: Session, user_id: UUID, *, limit: int, after: UUID | None = None
) -> list[Identity]:
    """Somebody's identities, the oldest first."""
    query = select(Identity).where(Identity.user_id == user_id).order_by(Identity.id).limit(limit)
    if after is not None:
        query = query.where(Identity.id > after)
    return list(session.scalars(query))


def remove(installation: Installation, session: Session, user_id: UUID, identity_id: UUID) -> None:
    """Forget one; raises NotFound, and Conflict for the last way to sign in."""
    gone = session.scalar(
        delete(Identity)
        .where(Identity.id == identity_id, Identity.user_id == user_id)
        .returning(Identity.provider)
    )
    if gone is None:
        raise NotFound("there is no such identity")
    ways.require_one(session, user_id)
    ways.tell(installation, session, user_id, f"{SAID[gone]} does not open your account any more")


def _find(session: Session, shown: Shown) -> Identity | None:
    return session.scalar(
        select(Identity).where(Identity.issuer == shown.issuer, Identity.subject == shown.subject)
    )


def _link(
    installation: Installation, session: Session, began: Read, name: str, shown: Shown
) -> None:
    user_id = UUID(began["person"])
    try:
        sessions.get(session, user_id, UUID(began["session"]))
    except NotFound:
        raise ChallengeEnded from None
    known = _find(session, shown)
    if known is not None and known.user_id == user_id:
        return
    try:
        _keep(session, user_id, name, shown)
    except IntegrityError:
        raise Conflict("this identity opens another account") from None
    ways.tell(installation, session, user_id, f"{SAID[name]} opens your account, too, from now on")


def _join(
    installation: Installation, session: Session, name: str, shown: Shown, origin: Origin
) -> Finished:
    """An account with a tenant, as signing up by mail makes it."""
    if shown.email is None:
        raise EmailUnverified(f"{SAID[name]} has verified no address of yours")
    try:
        email = emails.normalised(shown.email)
    except Rejected:
        raise EmailUnverified("mail cannot be sent to this address") from None
    called = _called(shown.name, email)
    user = User(email=email, name=called, password_hash=None)
    session.add(user)
    try:
        session.flush()
        _keep(session, user.id, name, shown)
    except IntegrityError:
        raise AccountExists("this address has an account: sign in there, then link this") from None
    newcomer = user.id, called
    tenant_id = people.found_tenant(session, installation, user.id, called, newcomer=newcomer)
    mails.queue(
        session,
        installation.keyring.people(session),
        to=email,
        kind=MailKind.WELCOME,
        values={"link": "/", "tenant": called},
    )
    opened = admission.admit_in(installation, session, user.id, method=name, origin=origin)
    return Finished(opened, tenant_id)


def _keep(session: Session, user_id: UUID, name: str, shown: Shown) -> None:
    email = shown.email[:254] if shown.email else None
    session.add(
        Identity(
            user_id=user_id,
            provider=name,
            issuer=shown.issuer,
            subject=shown.subject,
            email=email,
        )
    )
    session.flush()


def _called(name: str | None, email: str) -> str:
    """What somebody is called, until they say it themselves."""
    try:
        return checked_name(name or "", field="name")
    except Rejected:
        return checked_name(email.partition("@")[0], field="name")
