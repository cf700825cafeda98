"""What the ways to sign in have in common: where somebody comes from, and what they are given."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from fastapi import Request, Response

from api import credentials, limits
from api.context import in_turn, note, tokens
from api.schemas.factor import SecondFactorNeededOut
from api.schemas.person import SignedInOut
from core.rates import Limit
from core.settings import Settings
from services import emails
from services.access_tokens import Issued
from services.admission import Needed
from services.installation import Installation
from services.limits import (
    MAILS_TO_ADDRESS,
    WRONG_PASSWORDS,
    WRONG_PASSWORDS_OF_ACCOUNT,
    WRONG_PASSWORDS_OF_ADDRESS,
    network_of,
)
from services.people import Origin
from services.sessions import Opened

# What may not tell whether there is an account takes as long as the longer of both ways.
_EVEN_SECONDS: Final = 0.25


def origin(request: Request) -> Origin:
    """From where a request comes."""
    return Origin(limits.address_of(request), request.headers.get("user-agent"))


async def fits(request: Request, account: str, digest: str | None, password: str) -> bool:
    """Whether it is the account's password; raises RateLimited where too many were wrong.

    An attempt is counted before it is looked at, and given back where it was right.
    """
    await count_attempt(request, account)
    return await compared(request, account, digest, password)


async def count_attempt(request: Request, account: str) -> None:
    """The first half of `fits`, for who finds out meanwhile whose account it is."""
    await limits.of(request.app).hit_together(_counted(request, account))


async def compared(request: Request, account: str, digest: str | None, password: str) -> bool:
    """The other half of `fits`."""
    right: bool = await request.app.state.verifier.fits(digest, password)
    if right:
        counted = _counted(request, account)
        note(request, limits.of(request.app).hit_together(counted, cost=-1))
    return right


def _counted(request: Request, account: str) -> tuple[tuple[Limit, str], ...]:
    place = network_of(limits.address_of(request))
    return (
        (WRONG_PASSWORDS, f"{account} {place}"),
        (WRONG_PASSWORDS_OF_ACCOUNT, account),
        (WRONG_PASSWORDS_OF_ADDRESS, place),
    )


async def may_be_mailed(request: Request, address: str) -> None:
    """Count a mail to an address that anybody may name; raises RateLimited."""
    await in_turn(request, limits.of(request.app).hit, MAILS_TO_ADDRESS, emails.key(address))


async def evenly(began: float) -> None:
    """Wait until a quarter of a second after `began` (monotonic), however long the work took."""
    await asyncio.sleep(max(0.0, began + _EVEN_SECONDS - time.monotonic()))


async def admitted(
    request: Request,
    response: Response,
    current: Installation,
    admit: Callable[[], Opened | Needed],
    *,
    cookies: bool,
) -> SignedInOut | Response:
    """The tokens of the session that `admit` opens, or what the second factor is shown with."""

    def act() -> tuple[Opened, Issued] | Needed:
        found = admit()
        if isinstance(found, Needed):
            return found
        return found, _issued(request, current, found)

    found = await in_turn(request, act)
    if not isinstance(found, Needed):
        return _given(response, current.settings, *found, cookies=cookies)
    asked = SecondFactorNeededOut(challenge=found.challenge, expires_in=found.seconds)
    headers = {"Cache-Control": "no-store"}
    return Response(asked.model_dump_json(), 202, headers, media_type="application/json")


async def signed_in(
    request: Request, response: Response, current: Installation, opened: Opened, *, cookies: bool
) -> SignedInOut:
    """The tokens of a session, in the answer or in cookies."""
    issued = await in_turn(request, _issued, request, current, opened)
    return _given(response, current.settings, opened, issued, cookies=cookies)


def _given(
    response: Response, settings: Settings, opened: Opened, issued: Issued, *, cookies: bool
) -> SignedInOut:
    if cookies:
        credentials.give(response, settings, opened, issued)
    response.headers["Cache-Control"] = "no-store"
    return SignedInOut(
        access_token=None if cookies else issued.token,
        expires_in=issued.seconds,
        refresh_token=None if cookies else opened.refresh_token,
        refresh_expires_at=opened.expires_at,
        session_id=opened.id,
        user_id=opened.user_id,
        tenant_id=opened.tenant_id,
        role=opened.role,
    )


def _issued(request: Request, current: Installation, opened: Opened) -> Issued:
    return tokens(request, current).issue(
        user_id=opened.user_id,
        session_id=opened.id,
        tenant_id=opened.tenant_id if opened.role is not None else None,
        role=opened.role,
    )
