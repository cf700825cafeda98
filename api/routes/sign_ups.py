"""Signing up: an address is shown by a mailed link, and whoever has the mail chooses the rest."""

import time

from fastapi import Request, Response

from api import problems
from api.access import PUBLIC
from api.context import InstallationDep, in_turn
from api.founding import founded
from api.routing import Router
from api.schemas.person import EmailIn, InvitedOut, SignedInOut, SignUpIn, TicketIn
from api.signing_in import evenly, may_be_mailed, origin, signed_in
from services import emails, people

router = Router(prefix="/sign-ups", tags=["people"])


@router.post(
    "",
    status_code=202,
    response_class=Response,
    openapi_extra=PUBLIC,
    responses=problems.documented(429),
)
async def ask_to_sign_up(request: Request, current: InstallationDep, asked: EmailIn) -> Response:
    """Have a link mailed by which an account is made.

    The answer is the same, and takes as long, whether the address has an account or not.
    """
    began = time.monotonic()
    email = emails.normalised(asked.email)
    await may_be_mailed(request, email)
    await in_turn(request, people.ask_to_sign_up, current, email)
    await evenly(began)
    return Response(status_code=202)


@router.post("/invited", openapi_extra=PUBLIC, responses=problems.documented(410, 429))
async def read_sign_up(request: Request, current: InstallationDep, asked: TicketIn) -> InvitedOut:
    """Whose link it is, so that a page can show the address."""
    secret = asked.token.get_secret_value()
    return InvitedOut(email=await in_turn(request, people.invited_to_sign_up, current, secret))


@router.post(
    "/complete",
    status_code=201,
    openapi_extra=PUBLIC,
    responses=problems.documented(409, 410, 429),
)
async def sign_up(
    request: Request, response: Response, current: InstallationDep, asked: SignUpIn
) -> SignedInOut:
    """Make the account and its tenant, of which it is the owner, and sign in."""
    secret = asked.token.get_secret_value()
    email = await in_turn(request, people.invited_to_sign_up, current, secret)
    password = people.checked_password(
        asked.password.get_secret_value(), name=asked.name, email=email
    )
    digest = await request.app.state.verifier.make(password)
    joined = await in_turn(
        request,
        people.sign_up,
        current,
        secret,
        name=asked.name,
        digest=digest,
        tenant_name=asked.tenant_name,
        origin=origin(request),
    )
    await founded(request, current, str(joined.tenant_id))
    return await signed_in(request, response, current, joined.opened, cookies=asked.cookies)
