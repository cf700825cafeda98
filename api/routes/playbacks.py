"""Playback: ask for addresses that play an asset, and end them all."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from api import problems
from api.access import needs
from api.context import InstallationDep, PlaceDep, SessionDep
from api.routes.media import BYTES, desk
from api.routing import Router
from api.schemas.playback import EndedOut, PlaybackOut, SourceAddressOut
from services import media, playbacks
from services.installation import Installation
from services.media import CACHE_SECONDS
from services.media_tokens import Scope
from services.permissions import Action
from services.playbacks import longest

router = Router(prefix="/assets/{asset_id}", tags=["media"])

# A redirect past us needs to last only until it has been followed.
_SOURCE_SECONDS = 900.0
# A lookup may have begun just before the end was recorded.
_MARGIN_SECONDS = 1.0


@router.post(
    "/playback", responses=problems.documented(404, 409), openapi_extra=needs(Action.MEDIA_READ)
)
def create_playback(
    request: Request, asset_id: UUID, current: InstallationDep, where: PlaceDep, session: SessionDep
) -> PlaybackOut:
    """Addresses that play the asset for its duration and six hours more (MEDIA_TOKEN_SECONDS).

    Whoever has one can see all that this run has made of the asset, until then.
    """
    now = desk(request).now()
    found = playbacks.grant(session, current.settings, where.tenant_id, asset_id, now=now)
    return PlaybackOut.model_validate(found)


@router.delete(
    "/playback", responses=problems.documented(404), openapi_extra=needs(Action.MEDIA_WRITE)
)
def revoke_playback(
    request: Request, asset_id: UUID, current: InstallationDep, session: SessionDep
) -> EndedOut:
    """End every signed address of the asset; says when the last of them opens nothing more."""
    key, duration = playbacks.revoke(session, asset_id)
    now = desk(request).now()
    ends = ended(current, key, now, duration)
    return EndedOut(ends_at=ends, cached_until=_moment(now + longest(current.settings, duration)))


@router.post(
    "/source", responses=problems.documented(404, 409), openapi_extra=needs(Action.SOURCES_READ)
)
def create_source_address(
    request: Request, asset_id: UUID, current: InstallationDep, where: PlaceDep, session: SessionDep
) -> SourceAddressOut:
    """An address at which the uploaded file can be downloaded, by a browser for example."""
    now = desk(request).now()
    found = playbacks.grant_source(session, current.settings, where.tenant_id, asset_id, now=now)
    return SourceAddressOut.model_validate(found)


@router.get(
    "/source", response_class=Response, responses=BYTES, openapi_extra=needs(Action.SOURCES_READ)
)
@router.head(
    "/source", response_class=Response, responses=BYTES, openapi_extra=needs(Action.SOURCES_READ)
)
async def get_source(request: Request, asset_id: UUID, where: PlaceDep) -> Response:
    """The uploaded file, byte for byte, to be saved."""
    here = desk(request)
    wanted = media.Wanted(where.tenant_id, asset_id=asset_id, scope=Scope.SOURCE)
    shelf = await here.shelf(request, wanted)
    file = media.named(shelf, media.SOURCE_PATH)
    return await here.deliver(request, file, cache="private, no-cache", seconds=_SOURCE_SECONDS)


def ended(current: Installation, key: str, now: float, duration: float) -> datetime:
    """When what has just been ended opens nothing more: later where the store signs addresses."""
    seconds = CACHE_SECONDS + _MARGIN_SECONDS
    if current.storage.signed_url(key, seconds=1.0) is not None:
        seconds += longest(current.settings, duration)
    return _moment(now + seconds)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
