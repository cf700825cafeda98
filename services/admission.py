"""Admission: from a first proof of who somebody is to a session, or to a second proof.

Every way to sign in ends here, so that none forgets the second factor, or the mail that tells of a
new device.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import NotFound, Unauthenticated
from services import arrivals, challenges, devices, mails, people, second_factors, sessions
from services.arrivals import Arrival
from services.challenges import ChallengeEnded, ChallengeKind
from services.installation import Installation
from services.mails import MailKind
from services.people import Known, Origin
from services.sessions import Opened, Start

TRIES: Final = 5


class WrongCode(Unauthenticated):
    """The code is not the one that is asked for."""

    code = "wrong_code"


@dataclass(frozen=True, slots=True)
class Needed:
    """A second factor is asked for, within `seconds`."""

    challenge: str = field(repr=False)
    seconds: int = challenges.LIFE_SECONDS


def look(installation: Installation, known: Known) -> Arrival | None:
    """What `admit` would have to know of somebody, while their password is still compared."""
    return arrivals.look(installation, known.user_id) if known.user_id is not None else None


def admit(
    installation: Installation,
    user_id: UUID,
    *,
    method: str,
    origin: Origin,
    known: str | None = None,
    digest: str | None = None,
    seen: Arrival | None = None,
) -> Opened | Needed:
    """A session for who has shown one thing, unless they have a second factor.

    Raises Unauthenticated where the password's digest is no longer the `known` one, that of what
    was shown. `digest` takes its place where it was made with other parameters. What was `seen` of
    them a moment ago saves time where it still holds.
    """
    if known is not None and digest is None and seen is not None:
        opened = _admit_as_seen(installation, user_id, seen, method, origin, known)
        if opened is not None:
            return opened
    with installation.identity_scope() as session:
        arrival = arrivals.read(session, user_id)
        if known is not None and arrival.password_hash != known:
            raise Unauthenticated("the password was changed meanwhile: sign in anew")
        if digest is not None:
            people.get(session, user_id).password_hash = digest
            arrival = replace(arrival, password_hash=digest)
        return _admit(installation, session, user_id, arrival, method=method, origin=origin)


def _admit_as_seen(
    installation: Installation,
    user_id: UUID,
    seen: Arrival,
    method: str,
    origin: Origin,
    known: str,
) -> Opened | None:
    """A session without looking again; None where a second factor is asked for, or was changed."""
    if seen.second_factor:
        return None
    wanted = Start(user_id, method, seen.tenant_id, origin.address, origin.agent)
    if not devices.is_new(seen, origin.address, origin.agent):
        return sessions.start_at_once(installation, wanted, known=known)
    if seen.key is None:
        return None  # no secret is sealed yet, and a key is made in a transaction
    sealer = installation.keyring.people_by(seen.key)
    mail = mails.written(sealer, to=seen.email, kind=MailKind.NEW_SIGN_IN, values=_told(origin))
    return sessions.start_at_once(installation, wanted, known=known, mail=mail)


def admit_in(
    installation: Installation, session: Session, user_id: UUID, *, method: str, origin: Origin
) -> Opened | Needed:
    """The same in a transaction of `identity_scope` that is open."""
    arrival = arrivals.read(session, user_id)
    return _admit(installation, session, user_id, arrival, method=method, origin=origin)


def _admit(
    installation: Installation,
    session: Session,
    user_id: UUID,
    arrival: Arrival,
    *,
    method: str,
    origin: Origin,
) -> Opened | Needed:
    if not arrival.second_factor:
        return _open(installation, session, user_id, arrival, method=method, origin=origin)
    return Needed(
        challenges.issue(
            installation.keyring.people(session, arrival.key),
            ChallengeKind.SECOND_FACTOR,
            person=str(user_id),
            method=method,
            first=_first(arrival.password_hash),
        )
    )


def complete(installation: Installation, challenge: str, code: str, *, origin: Origin) -> Opened:
    """A session for who has shown the second thing, too.

    Raises ChallengeEnded, WrongCode, RateLimited. What was tried counts in any case.
    """
    with installation.identity_scope() as session:
        sealer = installation.keyring.people(session)
        found = challenges.read(sealer, ChallengeKind.SECOND_FACTOR, challenge)
        challenges.attempt(session, found, most=TRIES)
        user_id = UUID(found["person"])
        try:
            arrival = arrivals.read(session, user_id)
            # Who changed the password meanwhile has thrown out those who knew the old one.
            if found["first"] != _first(arrival.password_hash):
                raise ChallengeEnded
            right = second_factors.check(installation, session, user_id, code)
        except NotFound:
            raise ChallengeEnded from None
        if right:
            challenges.spend(session, found)
            method = f"{found['method']}+code"
            return _open(installation, session, user_id, arrival, method=method, origin=origin)
    raise WrongCode("this code is wrong, was used, or has ended")


def open_session(
    installation: Installation, session: Session, user_id: UUID, *, method: str, origin: Origin
) -> Opened:
    """A session for who has shown all that is asked."""
    arrival = arrivals.read(session, user_id)
    return _open(installation, session, user_id, arrival, method=method, origin=origin)


def _open(
    installation: Installation,
    session: Session,
    user_id: UUID,
    arrival: Arrival,
    *,
    method: str,
    origin: Origin,
) -> Opened:
    """A session for them; of a new device its owner is told."""
    wanted = Start(user_id, method, arrival.tenant_id, origin.address, origin.agent)
    opened = sessions.start(session, wanted)
    if devices.is_new(arrival, origin.address, origin.agent):
        sealer = installation.keyring.people(session, arrival.key)
        mails.queue(
            session, sealer, to=arrival.email, kind=MailKind.NEW_SIGN_IN, values=_told(origin)
        )
    return opened


def _told(origin: Origin) -> dict[str, str]:
    """What a mail tells who has come from another device."""
    return {
        "device": devices.said(origin.agent),
        "where": origin.address or "an unknown address",
        "when": datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        "link": "/account/sessions",
    }


def _first(password_hash: str | None) -> str:
    """What a challenge remembers of the password that was shown."""
    return hashlib.sha256((password_hash or "").encode()).hexdigest()[:16]
