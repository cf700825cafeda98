"""The keys that sign access tokens: one signs, the next is known before it does.

Gateways and other processes learn of a key a week before anything is signed with it, and know it
until the last of its tokens has expired.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from core.sealing import Sealer
from models.person import SigningKey
from services.sealed_columns import SIGNING_KEY

SIGNS: Final = timedelta(days=30)
KNOWN_BEFORE: Final = timedelta(days=7)
KNOWN_AFTER: Final = timedelta(days=1)
# RS256: gateways know it, and what is done at every request, verifying, is quickest with it.
_BITS: Final = 2048
_TURN: Final = 0x6B657973


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs until a moment; `private` is a PEM."""

    kid: str
    signs_until: datetime
    private: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What tells that a token is ours; `pem` is a SubjectPublicKeyInfo."""

    kid: str
    pem: str
    signs_from: datetime


def turn(session: Session, sealer: Sealer) -> None:
    """Make the first key, or the next when it is time; forget those nobody's token is signed with.

    May be done at any time, by several at once.
    """
    session.execute(select(func.pg_advisory_xact_lock(_TURN)))
    now = session.scalar(select(func.clock_timestamp()))
    assert now is not None
    session.execute(delete(SigningKey).where(SigningKey.signs_until < now - KNOWN_AFTER))
    until = session.scalar(select(func.max(SigningKey.signs_until)))
    until = max(until, now) if until is not None else now
    while until < now + KNOWN_BEFORE:
        _make(session, sealer, until)
        until += SIGNS


def is_due(session: Session) -> bool:
    """Whether it is time for `turn`."""
    wanted = func.clock_timestamp() + KNOWN_BEFORE
    return session.scalar(select(func.max(SigningKey.signs_until) >= wanted)) is not True


def _make(session: Session, sealer: Sealer, signs_from: datetime) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    kid = uuid4().hex
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    session.add(
        SigningKey(
            kid=kid,
            public_pem=public.decode(),
            private=sealer.seal(pem, SIGNING_KEY.context(kid)),
            signs_from=signs_from,
            signs_until=signs_from + SIGNS,
        )
    )
    session.flush()


def public_keys(session: Session) -> list[PublicKey]:
    """Every key by which a token may be known, the oldest first."""
    rows = session.scalars(select(SigningKey).order_by(SigningKey.signs_from))
    return [PublicKey(row.kid, row.public_pem, row.signs_from) for row in rows]


def signer(session: Session, sealer: Sealer) -> Signer:
    """The key that signs now; makes it where there is none."""
    found = session.scalar(_signing())
    if found is None:
        turn(session, sealer)
        found = session.scalars(_signing()).one()
    private = sealer.open(found.private, SIGNING_KEY.context(found.kid)).decode()
    return Signer(found.kid, found.signs_until, private)


def _signing() -> Select[SigningKey]:
    now = func.clock_timestamp()
    return (
        select(SigningKey)
        .where(SigningKey.signs_from <= now, SigningKey.signs_until > now)
        .order_by(SigningKey.signs_from)
        .limit(1)
    )
