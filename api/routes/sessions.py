"""Sessions: sign in, go on, see where one has signed in, sign out."""

from functools import partial
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response

from api import credentials, problems
from api.access import PERSON, PUBLIC
from api.context import InstallationDep, PeopleDep, PersonDep, afterwards, beside, in_turn
from api.routing import Router
from api.schemas.factor import CodeIn, SecondFactorNeededOut
from api.schemas.passkey import PasskeyOptionsOut, PasskeySignInIn
from api.schemas.person import (
    ChooseIn,
    RefreshIn,
    SessionOut,
    SessionsOut,
    SignedInOut,
    SignInIn,
)
from api.signing_in import admitted, compared, count_attempt, origin, signed_in
from core.errors import Unauthenticated
from models.person import SignIn
from services import admission, audit, emails, members, passkeys, passwords, people, sessions
from services.installation import Installation
from services.sessions import Opened

router = Router(prefix="/sessions", tags=["people"])

NEEDED: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": SecondFactorNeededOut, "description": "A second factor is asked for"}
}
_WRONG: Final = "the address or the password is wrong"


@router.post(
    "",
    status_code=201,
    response_model=SignedInOut,
    openapi_extra=PUBLIC,
    responses={**NEEDED, **problems.documented(401, 429)},
)
async def sign_in(
    request: Request, response: Response, current: InstallationDep, asked: SignInIn
) -> SignedInOut | Response:
    """Sign in by address and password; 202 asks for a code of the second factor, too.

    A wrong password and an unknown address are answered the same, and take as long.
    """
    email = emails.normalised(asked.email)
    password = asked.password.get_secret_value()
    account = emails.key(email)
    finding = beside(request, people.known, current, email)
    await count_attempt(request, account)
    known = await finding
    looking = beside(request, admission.look, current, known)
    right = await compared(request, account, known.digest, password)
    if not right or known.user_id is None:
        if known.user_id is not None:
            # Not waited for: the answer would take longer where there is an account.
            afterwards(request, people.note_refused, current, known.user_id)
        raise Unauthenticated(_WRONG)
    digest = None
    if known.digest is not None and passwords.is_old(known.digest):
        digest = await request.app.state.verifier.make(passwords.normalised(password))
    admit = partial(
        admission.admit,
        current,
        known.user_id,
        method="password",
        origin=origin(request),
        known=known.digest,
        digest=digest,
        seen=await looking,
    )
    return await admitted(request, response, current, admit, cookies=asked.cookies)


@router.post(
    "/second-factor",
    status_code=201,
    openapi_extra=PUBLIC,
    responses=problems.documented("wrong_code", "challenge_ended", 429),
)
async def complete_sign_in(
    request: Request, response: Response, current: InstallationDep, asked: CodeIn
) -> SignedInOut:
    """Go on with a sign-in by a code of the app, or a recovery code.

    A challenge takes five codes; then, and after five minutes, sign in anew (`challenge_ended`).
    """
    opened = await in_turn(
        request,
        admission.complete,
        current,
        asked.challenge.get_secret_value(),
        asked.code.get_secret_value(),
        origin=origin(request),
    )
    return await signed_in(request, response, current, opened, cookies=asked.cookies)


@router.post("/passkey/options", openapi_extra=PUBLIC, responses=problems.documented(429))
async def begin_passkey_sign_in(
    request: Request, response: Response, current: InstallationDep
) -> PasskeyOptionsOut:
    """What `navigator.credentials.get` is asked with, for whichever passkey there is."""
    begun = await in_turn(request, passkeys.begin_sign_in, current)
    response.headers["Cache-Control"] = "no-store"
    return PasskeyOptionsOut(challenge=begun.challenge, options=begun.options)


@router.post(
    "/passkey",
    status_code=201,
    openapi_extra=PUBLIC,
    responses=problems.documented("passkey_refused", "challenge_ended", 429),
)
async def sign_in_by_passkey(
    request: Request, response: Response, current: InstallationDep, asked: PasskeySignInIn
) -> SignedInOut:
    """Sign in by a passkey, which is both factors: a device, and what it asks its owner for."""
    opened = await in_turn(
        request,
        passkeys.sign_in,
        current,
        asked.challenge.get_secret_value(),
        asked.credential,
        origin=origin(request),
    )
    return await signed_in(request, response, current, opened, cookies=asked.cookies)


@router.post("/refresh", openapi_extra=PUBLIC, responses=problems.documented(401, 403, 429))
async def refresh_session(
    request: Request, response: Response, current: InstallationDep, asked: RefreshIn | None = None
) -> SignedInOut:
    """Go on: another access token, and another refresh token in the place of this one.

    A refresh token is used once. Who comes with a used one has a copy, and the session ends.
    """
    given = asked.refresh_token if asked else None
    if given is not None:
        token = given.get_secret_value()
    else:
        token = request.cookies.get(credentials.refresh_cookie(current.settings), "")
        if not token:
            raise Unauthenticated("there is no refresh token: sign in")
        credentials.require_own_page(request, current.settings)
    opened = await in_turn(request, sessions.refresh, current, token)
    return await signed_in(request, response, current, opened, cookies=given is None)


@router.get("", openapi_extra=PERSON, responses=problems.documented(403))
def list_sessions(session: PeopleDep, asker: PersonDep) -> SessionsOut:
    """Every place where one has signed in."""
    rows = sessions.list_live(session, asker.user_id)
    return SessionsOut(items=[_shown(row, asker.session_id) for row in rows])


@router.delete("", status_code=204, openapi_extra=PERSON, responses=problems.documented(403))
def end_other_sessions(session: PeopleDep, asker: PersonDep) -> None:
    """Sign out everywhere else."""
    sessions.end_all(session, asker.user_id, but=asker.session_id)


@router.delete(
    "/current", status_code=204, openapi_extra=PERSON, responses=problems.documented(403)
)
async def sign_out(request: Request, current: InstallationDep, asker: PersonDep) -> Response:
    """Sign out here. Access tokens end within five seconds."""
    await in_turn(request, _end, current, asker.user_id, asker.session_id)
    response = Response(status_code=204)
    credentials.take(response, current.settings)
    return response


def _end(current: Installation, user_id: UUID, session_id: UUID) -> None:
    with current.identity_scope() as session:
        sessions.end(session, user_id, session_id)
        audit.record_in_directory(session, action="session.ended")


@router.put("/current/tenant", openapi_extra=PERSON, responses=problems.documented(403, 404))
async def choose_tenant(
    request: Request,
    response: Response,
    current: InstallationDep,
    asker: PersonDep,
    asked: ChooseIn,
) -> SignedInOut:
    """Have this session's tokens be for another tenant; the answer has the first of them."""
    opened = await in_turn(
        request, _choose, current, asker.user_id, asker.session_id, asked.tenant_id
    )
    cookies = request.headers.get("authorization") is None
    return await signed_in(request, response, current, opened, cookies=cookies)


def _choose(current: Installation, user_id: UUID, session_id: UUID, tenant_id: UUID) -> Opened:
    with current.identity_scope() as session:
        row = members.choose(session, user_id, session_id, tenant_id)
        audit.record_in_directory(session, action="tenant.chosen")
        return sessions.reopened(session, row)


@router.delete(
    "/{session_id}", status_code=204, openapi_extra=PERSON, responses=problems.documented(403, 404)
)
def end_session(session: PeopleDep, asker: PersonDep, session_id: UUID) -> None:
    """Sign out there."""
    sessions.end(session, asker.user_id, session_id)


def _shown(row: SignIn, current: UUID | None) -> SessionOut:
    found: SessionOut = SessionOut.model_validate(row)
    found.current = row.id == current
    return found
