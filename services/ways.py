"""Ways to sign in: nobody removes their last, and each change is told by mail."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from core.errors import Conflict
from models.factor import Identity, Passkey
from models.person import User
from services import mails
from services.installation import Installation
from services.mails import MailKind


def require_one(session: Session, user_id: UUID) -> None:
    """Raise Conflict where somebody could not sign in any more; the caller's changes go with it.

    Whoever removes another at the same time waits here.
    """
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    others = select(
        or_(exists().where(Identity.user_id == user_id), exists().where(Passkey.user_id == user_id))
    )
    if user is not None and user.password_hash is None and not session.scalar(others):
        raise Conflict("this is the last way to sign in: choose a password by mail first")


def tell(installation: Installation, session: Session, user_id: UUID, change: str) -> None:
    """Mail what was changed to the account's owner."""
    email = session.scalar(select(User.email).where(User.id == user_id))
    assert email is not None
    mails.queue(
        session,
        installation.keyring.people(session),
        to=email,
        kind=MailKind.SIGN_IN_CHANGED,
        values={
            "change": change,
            "link": "/account/security",
            "when": datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        },
    )
