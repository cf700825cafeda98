"""The passkeys of who has signed in: made, listed, named, removed."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.orm import Session

from api import problems
from api.access import PERSON
from api.context import InstallationDep, PeopleDep, PersonDep, in_turn
from api.idempotency import OncePeopleInAnyTurnDep
from api.proving import prove
from api.routing import Router
from api.schemas.factor import ProofIn
from api.schemas.passkey import (
    PasskeyIn,
    PasskeyNameIn,
    PasskeyOptionsOut,
    PasskeyOut,
    PasskeysOut,
)
from services import passkeys

router = Router(prefix="/me/passkeys", tags=["people"])


@router.get("", openapi_extra=PERSON, responses=problems.documented(403))
def list_passkeys(session: PeopleDep, asker: PersonDep) -> PasskeysOut:
    """The passkeys that open the account."""
    found = passkeys.list_of(session, asker.user_id)
    return PasskeysOut(items=[PasskeyOut.model_validate(one) for one in found])


@router.post("/options", openapi_extra=PERSON, responses=problems.documented(403, 409, 429))
async def begin_passkey(
    request: Request,
    response: Response,
    current: InstallationDep,
    asker: PersonDep,
    asked: ProofIn,
) -> PasskeyOptionsOut:
    """What `navigator.credentials.create` is asked with."""
    await prove(request, current, asker, asked.password)
    begun = await in_turn(request, passkeys.begin, current, asker.user_id)
    response.headers["Cache-Control"] = "no-store"
    return PasskeyOptionsOut(challenge=begun.challenge, options=begun.options)


@router.post(
    "",
    status_code=201,
    response_model=PasskeyOut,
    openapi_extra=PERSON,
    responses=problems.documented("challenge_ended", "rejected", 403, 409, 429),
)
async def register_passkey(
    request: Request,
    current: InstallationDep,
    asker: PersonDep,
    once: OncePeopleInAnyTurnDep,
    asked: PasskeyIn,
) -> Response:
    """Keep the passkey that the browser has made."""
    challenge = asked.challenge.get_secret_value()

    def act(session: Session) -> PasskeyOut:
        made = passkeys.register(
            current, session, asker.user_id, challenge, asked.credential, asked.name
        )
        return PasskeyOut.model_validate(made)

    return await in_turn(request, once, act, status=201)


@router.patch("/{passkey_id}", openapi_extra=PERSON, responses=problems.documented(403, 404))
def rename_passkey(
    session: PeopleDep, asker: PersonDep, passkey_id: UUID, asked: PasskeyNameIn
) -> PasskeyOut:
    """Another name."""
    found = passkeys.rename(session, asker.user_id, passkey_id, asked.name)
    return PasskeyOut.model_validate(found)


@router.delete(
    "/{passkey_id}",
    status_code=204,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404, 409),
)
def remove_passkey(
    session: PeopleDep, current: InstallationDep, asker: PersonDep, passkey_id: UUID
) -> None:
    """Forget one; the last way to sign in stays."""
    passkeys.remove(current, session, asker.user_id, passkey_id)
