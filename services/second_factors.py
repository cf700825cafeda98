"""Second factors: codes of an app (TOTP, RFC 6238), and recovery codes for who has lost it.

A code is taken once, and one step of half a minute early or late. Recovery codes have 80 random
bits: nobody guesses them, so they open what wrong codes have closed.
"""

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound, RateLimited, Rejected
from core.sealing import Sealer
from models.factor import RecoveryCode, SecondFactor
from models.person import User
from services import audit, mails
from services.installation import Installation
from services.mails import MailKind
from services.sealed_columns import SECOND_FACTOR_SEED

RECOVERY_CODES: Final = 10
PENDING: Final = timedelta(hours=1)
_STEP_SECONDS: Final = 30
_RECOVERY_LENGTH: Final = 16
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_FEW: Final = 10
# After each tenth wrong code in a row no other is looked at for so long: an attacker who has the
# password finds the code of a year of trying with a chance of one in a hundred.
_CLOSED: Final = (timedelta(minutes=15), timedelta(hours=2), timedelta(hours=24))
_ISSUER: Final = "Brand Automator"
_WRONG: Final = "this code is wrong, was used, or has ended"


@dataclass(frozen=True, slots=True)
class Pending:
    """What an app is given; until a code of it is shown, nothing changes."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Status:
    """Since when there is a second factor, and how many recovery codes are left."""

    confirmed_at: datetime
    recovery_codes_left: int


def status(session: Session, user_id: UUID) -> Status | None:
    """What there is; None for who is asked for no code."""
    left = (
        select(func.count())
        .where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
        .scalar_subquery()
    )
    row = session.execute(
        select(SecondFactor.confirmed_at, left).where(
            SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)
        )
    ).one_or_none()
    return Status(*row) if row is not None else None


def begin(installation: Installation, session: Session, user_id: UUID) -> Pending:
    """Another seed for somebody's app; raises Conflict where a second factor is on."""
    import pyotp

    secret = pyotp.random_base32()
    audit.record_in_directory(session, action="second-factor.asked")
    sealer = installation.keyring.people(session)
    sealed = sealer.seal(secret.encode(), SECOND_FACTOR_SEED.context(user_id))
    statement = (
        insert(SecondFactor)
        .values(user_id=user_id, seed=sealed)
        .on_conflict_do_update(
            index_elements=["user_id"],
            set_={"seed": sealed, "created_at": func.clock_timestamp(), "last_step": 0},
            where=SecondFactor.confirmed_at.is_(None),
        )
        .returning(SecondFactor.user_id)
    )
    if session.execute(statement).one_or_none() is None:
        raise Conflict("there is a second factor: remove it first")
    email = session.scalar(select(User.email).where(User.id == user_id))
    return Pending(secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=_ISSUER))


def confirm(installation: Installation, session: Session, user_id: UUID, code: str) -> list[str]:
    """Have a code asked for from now on; the recovery codes, which are told once.

    Raises Rejected for a wrong code, Conflict where nothing was begun within the hour.
    """
    audit.record_in_directory(session, action="second-factor.added")
    row = _locked(session, user_id)
    now = datetime.now(UTC)
    if row is None or row.confirmed_at is not None or row.created_at < now - PENDING:
        raise Conflict("there is no second factor to confirm: begin again")
    if not _is_fresh(row, installation.keyring.people(session), _plain(code)):
        raise wrong_code()
    row.confirmed_at, row.wrong_codes, row.closed_until = now, 0, None
    session.flush()
    codes = _new_codes(session, user_id)
    _tell(installation, session, user_id, "A second factor was added")
    return codes


def renew_codes(
    installation: Installation, session: Session, user_id: UUID, code: str
) -> list[str] | None:
    """Other recovery codes in the place of those there are; otherwise as `remove`."""
    if not check(installation, session, user_id, code):
        audit.record_in_directory(session, action="recovery-codes.refused", status=422)
        return None
    audit.record_in_directory(session, action="recovery-codes.renewed")
    codes = _new_codes(session, user_id)
    _tell(installation, session, user_id, "The recovery codes were replaced")
    return codes


def remove(installation: Installation, session: Session, user_id: UUID, code: str) -> bool:
    """Ask for no code any more; whether the code was right. A wrong one counts if this commits.

    Raises NotFound where there is no second factor, RateLimited.
    """
    if not check(installation, session, user_id, code):
        audit.record_in_directory(session, action="second-factor.refused", status=422)
        return False
    audit.record_in_directory(session, action="second-factor.removed")
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    _tell(installation, session, user_id, "The second factor was removed")
    return True


def wrong_code() -> Rejected:
    """What is said of a code that does not open anything."""
    return Rejected(_WRONG, field="code")


def check(installation: Installation, session: Session, user_id: UUID, code: str) -> bool:
    """Whether a code is the one that is asked for; the caller commits, whatever it was.

    Raises NotFound where there is none, RateLimited where too many were wrong.
    """
    row = _locked(session, user_id)
    if row is None or row.confirmed_at is None:
        raise NotFound("there is no second factor")
    plain = _plain(code)
    if len(plain) == _RECOVERY_LENGTH:
        return _use_recovery_code(installation, session, user_id, plain)
    now = datetime.now(UTC)
    if row.closed_until is not None and row.closed_until > now:
        after = (row.closed_until - now).total_seconds()
        raise RateLimited("too many codes were wrong: wait, or use a recovery code", after=after)
    if _is_fresh(row, installation.keyring.people(session), plain):
        row.wrong_codes, row.closed_until = 0, None
        session.flush()
        return True
    row.wrong_codes += 1
    if row.wrong_codes % _FEW == 0:
        tenth = row.wrong_codes // _FEW
        row.closed_until = now + _CLOSED[min(tenth, len(_CLOSED)) - 1]
        _mail(installation, session, user_id, MailKind.SECOND_FACTOR_TRIED)
    session.flush()
    return False


def _locked(session: Session, user_id: UUID) -> SecondFactor | None:
    """The row, for one who looks at a code at a time."""
    return session.get(SecondFactor, user_id, with_for_update=True)


def _is_fresh(row: SecondFactor, sealer: Sealer, code: str) -> bool:
    """Whether it is a code of now that was not used; it is used from now on."""
    import pyotp

    if not re.fullmatch(r"[0-9]{6}", code):
        return False
    seed = sealer.open(row.seed, SECOND_FACTOR_SEED.context(row.user_id)).decode()
    codes, now = pyotp.TOTP(seed), int(time.time()) // _STEP_SECONDS
    for step in (now - 1, now, now + 1):
        if step > row.last_step and hmac.compare_digest(codes.generate_otp(step), code):
            row.last_step = step
            return True
    return False


def _use_recovery_code(
    installation: Installation, session: Session, user_id: UUID, plain: str
) -> bool:
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.digest == _digest(user_id, plain),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=func.clock_timestamp())
        .returning(RecoveryCode.digest)
    )
    if used.one_or_none() is None:
        return False
    found = status(session, user_id)
    assert found is not None
    _tell(
        installation,
        session,
        user_id,
        f"A recovery code was used, {left_said(found.recovery_codes_left)}",
    )
    return True


def left_said(count: int) -> str:
    """How many recovery codes are left, for a mail; the last of them says what to do."""
    if count == 0:
        return "none is left: have new ones made"
    return f"{count} {'is' if count == 1 else 'are'} left"


def _new_codes(session: Session, user_id: UUID) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    made = [
        "".join(secrets.choice(_LETTERS) for _ in range(_RECOVERY_LENGTH))
        for _ in range(RECOVERY_CODES)
    ]
    session.add_all(RecoveryCode(user_id=user_id, digest=_digest(user_id, plain)) for plain in made)
    session.flush()
    return ["-".join(plain[at : at + 4] for at in range(0, len(plain), 4)) for plain in made]


def _digest(user_id: UUID, plain: str) -> bytes:
    return hashlib.sha256(user_id.bytes + plain.encode()).digest()


def _plain(code: str) -> str:
    """A code as it is compared, however somebody typed it."""
    return re.sub(r"[\s-]", "", code).upper()


def _tell(installation: Installation, session: Session, user_id: UUID, change: str) -> None:
    _mail(installation, session, user_id, MailKind.SECOND_FACTOR_CHANGED, change=change)


def _mail(
    installation: Installation, session: Session, user_id: UUID, kind: MailKind, **values: str
) -> None:
    email = session.scalar(select(User.email).where(User.id == user_id))
    assert email is not None
    when = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
    link = "/account/security" if kind is MailKind.SECOND_FACTOR_CHANGED else "/forgotten"
    mails.queue(
        session,
        installation.keyring.people(session),
        to=email,
        kind=kind,
        values={**values, "link": link, "when": when},
    )
