"""What others need to know to trust our tokens."""

from fastapi import Request, Response

from api import problems
from api.access import PUBLIC
from api.context import InstallationDep, in_turn, tokens
from api.routing import Router
from api.schemas.person import JwksOut

router = Router(prefix="/.well-known", tags=["people"])


@router.get("/jwks.json", openapi_extra=PUBLIC, responses=problems.documented(500, 503))
async def get_signing_keys(
    request: Request, response: Response, current: InstallationDep
) -> JwksOut:
    """The keys that access tokens are signed with, the next one among them (RFC 7517)."""
    found = await in_turn(request, tokens(request, current).jwks)
    response.headers["Cache-Control"] = "public, max-age=300"
    return JwksOut.model_validate(found)
