"""Tickets: what a mailed link proves, once, for some hours."""

import secrets
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.errors import Gone
from models.person import Ticket
from services import emails
from services.sessions import digest_of


class TicketKind(StrEnum):
    """What a ticket is for."""

    SIGN_UP = "sign_up"
    RESET_PASSWORD = "reset_password"  # noqa: S105
    CHANGE_ADDRESS = "change_address"


LIFE: Final = {
    TicketKind.SIGN_UP: timedelta(hours=24),
    TicketKind.RESET_PASSWORD: timedelta(hours=1),
    TicketKind.CHANGE_ADDRESS: timedelta(hours=24),
}
# As mails say it.
SAID: Final = {
    TicketKind.SIGN_UP: "24 hours",
    TicketKind.RESET_PASSWORD: "one hour",
    TicketKind.CHANGE_ADDRESS: "24 hours",
}
_ENDED: Final = "this link has ended, or was used: ask for another"


def issue(session: Session, kind: TicketKind, email: str, user_id: UUID | None = None) -> str:
    """The secret of a new ticket; the digest alone is kept."""
    secret = secrets.token_urlsafe(32)
    expires = session.scalar(select(func.now() + LIFE[kind]))
    session.add(
        Ticket(
            kind=str(kind),
            digest=digest_of(secret),
            email=email,
            user_id=user_id,
            expires_at=expires,
        )
    )
    session.flush()
    return secret


def read(session: Session, kind: TicketKind, secret: str, *, lock: bool = False) -> Ticket:
    """A ticket that holds; raises Gone. With `lock`, nobody else uses it meanwhile."""
    query = select(Ticket).where(
        Ticket.digest == digest_of(secret),
        Ticket.kind == str(kind),
        Ticket.expires_at > func.clock_timestamp(),
    )
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise Gone(_ENDED)
    return found


def use(session: Session, kind: TicketKind, secret: str) -> Ticket:
    """The same, used up, with every other of its kind and address; raises Gone."""
    found = read(session, kind, secret, lock=True)
    session.expunge(found)
    session.execute(
        delete(Ticket).where(
            Ticket.kind == found.kind, func.lower(Ticket.email) == emails.key(found.email)
        )
    )
    return found


def collect(session: Session, *, limit: int) -> int:
    """Forget tickets that have ended; how many they were."""
    chosen = select(Ticket.id).where(Ticket.expires_at < func.now()).limit(limit).scalar_subquery()
    gone = session.scalars(delete(Ticket).where(Ticket.id.in_(chosen)).returning(Ticket.id))
    return len(gone.all())
