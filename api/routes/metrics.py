"""What machines that watch this installation read."""

import hmac
from ipaddress import ip_address

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from api import problems
from api.access import PUBLIC
from api.context import InstallationDep, WatchDep, watched
from api.routing import Router

router = Router(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                "application/openmetrics-text": {"schema": {"type": "string"}},
            }
        },
        **problems.documented(401),
    },
    openapi_extra=PUBLIC,
)
async def get_metrics(request: Request, current: InstallationDep, watch: WatchDep) -> Response:
    """Meters in Prometheus' text format, or as OpenMetrics where it is asked for.

    For whoever has METRICS_TOKEN; where there is none, for this machine alone.
    """
    token = current.settings.metrics_token
    if not _may_read(request, token.get_secret_value() if token else None):
        raise HTTPException(
            401,
            "a bearer token is needed: METRICS_TOKEN",
            headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
        )
    accept = request.headers.get("accept", "")
    body, kind = await watched(request, request.app.state.meters.render, watch, accept)
    return Response(body, media_type=kind, headers={"Cache-Control": "no-store"})


def _may_read(request: Request, token: str | None) -> bool:
    if token is not None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), given.encode())
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
