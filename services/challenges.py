"""Challenges: by what something that was begun is gone on with, once, within five minutes.

A challenge is sealed and in the hands of who is to answer it, so that whoever asks for one writes
nothing here. A row is made of its id when it is answered: no challenge is spent twice.
"""

import base64
import binascii
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.errors import SealBroken, Unauthenticated
from core.sealing import Sealer
from models.factor import Challenge

LIFE_SECONDS: Final = 300
_LONGEST: Final = 4000
_SWEPT: Final = 20


class ChallengeKind(StrEnum):
    """What a challenge is for; one of another kind does not open."""

    SECOND_FACTOR = "second_factor"
    OIDC = "oidc"
    PASSKEY = "passkey"
    PASSKEY_SIGN_IN = "passkey_sign_in"


class ChallengeEnded(Unauthenticated):
    """The challenge was used, tried too often, made up, or has ended: begin again."""

    code = "challenge_ended"

    def __init__(self) -> None:
        """Says the same of all of them."""
        super().__init__("this has ended, or was used: begin again")


@dataclass(frozen=True, slots=True)
class Read:
    """What a challenge says."""

    id: UUID
    until: float
    said: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.said[name]


def issue(sealer: Sealer, kind: ChallengeKind, **said: str) -> str:
    """A new one, fit for JSON, forms and cookies; `sealer` is people's."""
    body = {"id": uuid4().hex, "until": time.time() + LIFE_SECONDS, "said": said}
    sealed = sealer.seal(json.dumps(body).encode(), _context(kind))
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def read(sealer: Sealer, kind: ChallengeKind, token: str) -> Read:
    """What it says, whether or not it was spent; raises ChallengeEnded."""
    try:
        if len(token) > _LONGEST:
            raise ChallengeEnded
        sealed = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        body = json.loads(sealer.open(sealed, _context(kind)))
    except (SealBroken, binascii.Error, UnicodeEncodeError):
        raise ChallengeEnded from None
    if body["until"] < time.time():
        raise ChallengeEnded
    return Read(UUID(body["id"]), body["until"], body["said"])


def attempt(session: Session, challenge: Read, *, most: int) -> None:
    """Count an answer before it is looked at; raises ChallengeEnded for one too many.

    Whoever answers at the same time waits for this transaction.
    """
    statement = (
        insert(Challenge)
        .values(id=challenge.id, tries=1, expires_at=_when(challenge))
        .on_conflict_do_update(index_elements=["id"], set_={"tries": Challenge.tries + 1})
        .returning(Challenge.tries, Challenge.spent)
    )
    tries, spent = session.execute(statement).one()
    if spent or tries > most:
        raise ChallengeEnded


def spend(session: Session, challenge: Read) -> None:
    """Have it answered for good; raises ChallengeEnded where it was. Also forgets some old ones."""
    statement = (
        insert(Challenge)
        .values(id=challenge.id, spent=True, expires_at=_when(challenge))
        .on_conflict_do_update(
            index_elements=["id"], set_={"spent": True}, where=Challenge.spent.is_(False)
        )
        .returning(Challenge.id)
    )
    if session.execute(statement).one_or_none() is None:
        raise ChallengeEnded
    old = (
        select(Challenge.id)
        .where(Challenge.expires_at < func.now())
        .limit(_SWEPT)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(Challenge).where(Challenge.id.in_(old.scalar_subquery())))


def _when(challenge: Read) -> datetime:
    # A minute more than it holds, for clocks that differ.
    return datetime.fromtimestamp(challenge.until + 60, UTC)


def _context(kind: ChallengeKind) -> str:
    return f"challenge:{kind}"
