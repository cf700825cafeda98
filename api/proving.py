"""Proof that it is the account's owner who asks, and not somebody at an open browser."""

from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import Request
from pydantic import SecretStr

from api.context import in_turn
from api.signing_in import fits
from core.errors import Rejected
from services import people, sessions
from services.installation import Installation
from services.people import Known
from services.standing import Person

# Who has no password has just signed in.
_FRESH: Final = timedelta(minutes=10)


async def prove(
    request: Request,
    current: Installation,
    asker: Person,
    password: SecretStr | None,
    field: str = "password",
) -> None:
    """Raise Rejected unless it is the asker's password, or they have none and just signed in."""
    known: Known = await in_turn(request, people.known_by_id, current, asker.user_id)
    if known.digest is None:
        began = await in_turn(request, _began, current, asker)
        if began < datetime.now(UTC) - _FRESH:
            raise Rejected("this account has no password: sign in again, then do this", field=field)
        return
    if password is None:
        raise Rejected("the password is needed", field=field)
    if not await fits(request, str(asker.user_id), known.digest, password.get_secret_value()):
        raise Rejected("this is not the present password", field=field)


def _began(current: Installation, asker: Person) -> datetime:
    with current.identity_scope() as session:
        return sessions.get(session, asker.user_id, asker.session_id).created_at
