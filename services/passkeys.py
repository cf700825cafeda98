"""Passkeys: keys in people's devices that open their accounts (WebAuthn).

The device asks for a finger, a face or a PIN, and must say so: a passkey is both factors. webauthn
is imported where the first passkey is made or shown.
"""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import Conflict, Misconfigured, NotFound, Rejected, Unauthenticated
from core.settings import Settings
from models.factor import Passkey
from services import admission, audit, challenges, people, ways
from services.challenges import LIFE_SECONDS, ChallengeEnded, ChallengeKind
from services.founding import checked_name
from services.installation import Installation
from services.people import Origin
from services.sessions import Opened

MOST: Final = 20
_NAME: Final = "Brand Automator"
_REFUSED: Final = "this passkey does not hold"


class PasskeyRefused(Unauthenticated):
    """A passkey that is not known, was not asked who uses it, or is a copy."""

    code = "passkey_refused"


@dataclass(frozen=True, slots=True)
class Begun:
    """What a browser is asked with, and the challenge that goes back with its answer."""

    challenge: str = field(repr=False)
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Party:
    """Who we are to a browser: a name of the host's, and the origins whose pages may ask."""

    id: str
    origins: list[str]


def begin(installation: Installation, user_id: UUID) -> Begun:
    """Have a device make a passkey; raises Conflict for one too many."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    party, challenge = _party(installation.settings), secrets.token_bytes(32)
    with installation.identity_scope() as session:
        audit.record_in_directory(session, action="passkey.asked")
        user, known = people.get(session, user_id), list_of(session, user_id)
        if len(known) >= MOST:
            raise Conflict(f"there are {MOST} passkeys: remove one first")
        token = challenges.issue(
            installation.keyring.people(session),
            ChallengeKind.PASSKEY,
            person=str(user_id),
            challenge=challenge.hex(),
        )
    made = generate_registration_options(
        rp_id=party.id,
        rp_name=_NAME,
        user_id=user_id.bytes,
        user_name=user.email,
        user_display_name=user.name,
        challenge=challenge,
        timeout=LIFE_SECONDS * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential_id) for one in known],
    )
    return Begun(token, json.loads(options_to_json(made)))


def register(
    installation: Installation,
    session: Session,
    user_id: UUID,
    token: str,
    credential: dict[str, Any],
    name: str,
) -> Passkey:
    """Keep the passkey that a device has made.

    Raises ChallengeEnded, Rejected for what does not hold, Conflict for one that is kept already.
    """
    from webauthn import verify_registration_response

    name = checked_name(name, field="name")
    party = _party(installation.settings)
    audit.record_in_directory(session, action="passkey.added")
    sealer = installation.keyring.people(session)
    began = challenges.read(sealer, ChallengeKind.PASSKEY, token)
    if began["person"] != str(user_id):
        raise ChallengeEnded
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=bytes.fromhex(began["challenge"]),
            expected_rp_id=party.id,
            expected_origin=party.origins,
            require_user_verification=True,
        )
    except _broken():
        raise Rejected(_REFUSED, field="credential") from None
    challenges.spend(session, began)
    found = Passkey(
        user_id=user_id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name,
    )
    session.add(found)
    try:
        session.flush()
    except IntegrityError:
        raise Conflict("this passkey is kept already") from None
    session.refresh(found)
    ways.tell(installation, session, user_id, f"The passkey {name} was added")
    return found


def begin_sign_in(installation: Installation) -> Begun:
    """Ask whichever passkey a device has for us; of nobody in particular."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    party, challenge = _party(installation.settings), secrets.token_bytes(32)
    with installation.identity_scope() as session:
        sealer = installation.keyring.people(session)
        token = challenges.issue(sealer, ChallengeKind.PASSKEY_SIGN_IN, challenge=challenge.hex())
    made = generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=LIFE_SECONDS * 1000,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Begun(token, json.loads(options_to_json(made)))


def sign_in(
    installation: Installation, token: str, credential: dict[str, Any], *, origin: Origin
) -> Opened:
    """A session for who has shown a passkey; raises ChallengeEnded, PasskeyRefused.

    A counter that does not grow is a copy's: it opens nothing, and the owner is told.
    """
    with installation.identity_scope() as session:
        sealer = installation.keyring.people(session)
        began = challenges.read(sealer, ChallengeKind.PASSKEY_SIGN_IN, token)
        passkey = session.scalar(
            select(Passkey)
            .where(Passkey.credential_id == _credential_id(credential))
            .with_for_update()
        )
        if passkey is None:
            raise PasskeyRefused(_REFUSED)
        challenge = bytes.fromhex(began["challenge"])
        count = _counted(_party(installation.settings), passkey, credential, challenge)
        challenges.spend(session, began)
        if max(count, passkey.sign_count) == 0 or count > passkey.sign_count:
            passkey.sign_count, passkey.used_at = count, func.clock_timestamp()
            session.flush()
            return admission.open_session(
                installation, session, passkey.user_id, method="passkey", origin=origin
            )
        passkey.suspected_at = func.clock_timestamp()
        session.flush()
        change = f"The passkey {passkey.name} was refused, as there seems to be a copy of it"
        ways.tell(installation, session, passkey.user_id, change)
    raise PasskeyRefused(_REFUSED)


def _counted(party: _Party, passkey: Passkey, credential: dict[str, Any], challenge: bytes) -> int:
    """The counter of an answer that holds; raises PasskeyRefused."""
    from webauthn import verify_authentication_response

    try:
        found = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origins,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # the caller compares, and tells the owner
            require_user_verification=True,
        )
        handle = credential["response"].get("userHandle")
        if handle is not None and _bytes(handle) != passkey.user_id.bytes:
            raise PasskeyRefused(_REFUSED)
    except _broken():
        raise PasskeyRefused(_REFUSED) from None
    return found.new_sign_count


def list_of(session: Session, user_id: UUID) -> list[Passkey]:
    """Somebody's passkeys, the oldest first."""
    query = select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)
    return list(session.scalars(query))


def rename(session: Session, user_id: UUID, passkey_id: UUID, name: str) -> Passkey:
    """Another name; raises NotFound."""
    found = _own(session, user_id, passkey_id)
    found.name = checked_name(name, field="name")
    session.flush()
    return found


def remove(installation: Installation, session: Session, user_id: UUID, passkey_id: UUID) -> None:
    """Forget one; raises NotFound, and Conflict for the last way to sign in."""
    found = _own(session, user_id, passkey_id)
    session.delete(found)
    session.flush()
    ways.require_one(session, user_id)
    ways.tell(installation, session, user_id, f"The passkey {found.name} was removed")


def _own(session: Session, user_id: UUID, passkey_id: UUID) -> Passkey:
    found = session.scalar(
        select(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user_id)
    )
    if found is None:
        raise NotFound("there is no such passkey")
    return found


def _party(settings: Settings) -> _Party:
    """Raises Misconfigured where browsers know us by no name."""
    origin = settings.public_url or settings.local_url or ""
    host = urlsplit(origin).hostname or ""
    if not host or ":" in host or host.replace(".", "").isdigit():
        raise Misconfigured("PUBLIC_URL needs a name, not an address, where people use passkeys")
    return _Party(host, [origin.rstrip("/"), *settings.allowed_origins])


def _credential_id(credential: dict[str, Any]) -> bytes:
    try:
        return _bytes(credential["rawId"])
    except _broken():
        raise PasskeyRefused(_REFUSED) from None


def _bytes(text: Any) -> bytes:
    from webauthn import base64url_to_bytes

    return base64url_to_bytes(text)


def _broken() -> tuple[type[Exception], ...]:
    """What reading an answer raises that is not one."""
    from webauthn.helpers.exceptions import WebAuthnException

    return (
        WebAuthnException,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        ArithmeticError,
        RecursionError,
    )
