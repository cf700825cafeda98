"""A forgotten password: a mailed link, and another one."""

import time

from fastapi import Request, Response

from api import problems
from api.access import PUBLIC
from api.context import InstallationDep, in_turn
from api.routing import Router
from api.schemas.person import EmailIn, ResetIn
from api.signing_in import evenly, may_be_mailed
from services import emails, people

router = Router(prefix="/password-resets", tags=["people"])


@router.post(
    "",
    status_code=202,
    response_class=Response,
    openapi_extra=PUBLIC,
    responses=problems.documented(429),
)
async def ask_to_reset_password(
    request: Request, current: InstallationDep, asked: EmailIn
) -> Response:
    """Have a link mailed by which another password is chosen, if there is such an account.

    The answer is the same, and takes as long, whether there is or not.
    """
    began = time.monotonic()
    email = emails.normalised(asked.email)
    await may_be_mailed(request, email)
    await in_turn(request, people.ask_to_reset, current, email)
    await evenly(began)
    return Response(status_code=202)


@router.post(
    "/complete",
    status_code=204,
    openapi_extra=PUBLIC,
    responses=problems.documented(410, 429),
)
async def reset_password(request: Request, current: InstallationDep, asked: ResetIn) -> None:
    """What the mailed link does: another password; every session ends."""
    secret = asked.token.get_secret_value()
    name, email = await in_turn(request, people.invited_to_reset, current, secret)
    password = people.checked_password(asked.password.get_secret_value(), name=name, email=email)
    digest = await request.app.state.verifier.make(password)
    await in_turn(request, people.reset, current, secret, digest)
