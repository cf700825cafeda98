"""Signing in with another's word: a browser goes to a provider, and comes back with a code."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import Query, Request, Response
from fastapi.responses import RedirectResponse

from api import credentials, problems
from api.access import PUBLIC
from api.context import InstallationDep, in_turn
from api.founding import founded
from api.redirects import ReturnTo, checked
from api.routing import Router
from api.schemas.identity import ProvidersOut
from api.signing_in import origin, signed_in
from core.errors import AutomatorError, Forbidden
from core.oidc import OidcRefused
from services import identities, identity_providers
from services.identities import Finished
from services.identity_providers import ProviderName
from services.installation import Installation
from services.sessions import Opened

router = Router(prefix="/oidc", tags=["people"])

_PAGE: Final = "/sign-in"
_TO: Final[dict[str, Any]] = {"Location": {"schema": {"type": "string"}}}
_Text = Annotated[str | None, Query(max_length=2048)]


@router.get("/providers", openapi_extra=PUBLIC, responses=problems.documented(429))
async def list_providers(current: InstallationDep) -> ProvidersOut:
    """With whom people sign in here."""
    found = identity_providers.configured(current.settings)
    return ProvidersOut(items=[name for name in identity_providers.NAMES if name in found])


@router.get(
    "/{provider}/start",
    status_code=302,
    response_class=Response,
    openapi_extra=PUBLIC,
    responses={
        302: {"description": "To the provider", "headers": _TO},
        **problems.documented(404, 429),
    },
)
async def start_oidc(
    request: Request,
    current: InstallationDep,
    provider: ProviderName,
    return_to: ReturnTo = "/",
) -> Response:
    """Send a browser to the provider; `return_to` is the page that it comes back to.

    That page is a path here, or lies on an origin of `ALLOWED_ORIGINS`.
    """
    page = checked(current.settings, return_to)
    client = identity_providers.client(current.settings, provider)
    begun = await to_thread.run_sync(
        lambda: identities.begin(current, client, return_to=page),
        limiter=request.app.state.providers,
    )
    response = RedirectResponse(begun.address, 302, {"Cache-Control": "no-store"})
    credentials.give_begun(response, current.settings, begun.kept)
    return response


@router.get(
    "/{provider}/callback",
    status_code=303,
    response_class=Response,
    openapi_extra=PUBLIC,
    responses={
        303: {"description": "To the page that began", "headers": _TO},
        **problems.documented(404, 429),
    },
)
async def finish_oidc(
    request: Request,
    current: InstallationDep,
    provider: ProviderName,
    state: _Text = None,
    code: _Text = None,
    error: _Text = None,
) -> Response:
    """Where the provider sends the browser back to; it goes on to the page that began.

    Behind `#` there is nothing where somebody has signed in, `linked=google` where they had before,
    `challenge=…&expires_in=…` where a second factor is asked for, or `error=` and a problem's code.
    """
    client = identity_providers.client(current.settings, provider)
    page, said = _PAGE, {}
    response = RedirectResponse(page, 303, {"Cache-Control": "no-store"})
    try:
        cookie = request.cookies.get(credentials.begun_cookie(current.settings), "")
        began = await in_turn(request, identities.kept, current, cookie)
        page = began["return_to"]
        if error is not None or code is None:
            denied = error == "access_denied"
            raise Forbidden("refused there") if denied else OidcRefused("no code")
        found = await to_thread.run_sync(
            lambda: identities.finish(
                current, client, began, state=state or "", code=code, origin=origin(request)
            ),
            limiter=request.app.state.providers,
        )
        said = await _said(request, response, current, found, provider)
    except AutomatorError as problem:
        said = {"error": problem.code}
    response.headers["Location"] = f"{page}#{urlencode(said)}" if said else page
    credentials.take_begun(response, current.settings)
    return response


async def _said(
    request: Request,
    response: Response,
    current: Installation,
    found: Finished,
    provider: str,
) -> dict[str, str]:
    """What the page is told; where a session began, its tokens go into cookies."""
    if found.admitted is None:
        return {"linked": provider}
    if not isinstance(found.admitted, Opened):
        needed = found.admitted
        return {"challenge": needed.challenge, "expires_in": str(needed.seconds)}
    if found.tenant_id is not None:
        await founded(request, current, str(found.tenant_id))
    await signed_in(request, response, current, found.admitted, cookies=True)
    return {}
