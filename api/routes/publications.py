"""Publication: a stable public address for an asset."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Request

from api import problems
from api.access import needs
from api.context import InstallationDep, PlaceDep, SessionDep
from api.routes.media import PUBLIC_SECONDS, desk
from api.routes.playbacks import ended
from api.routing import Router
from api.schemas.playback import EndedOut, PublicationOut
from services import publications
from services.permissions import Action

router = Router(prefix="/assets/{asset_id}/publication", tags=["media"])


@router.put(
    "", responses=problems.documented(404, 409), openapi_extra=needs(Action.PUBLICATIONS_WRITE)
)
def publish_asset(
    asset_id: UUID, current: InstallationDep, where: PlaceDep, session: SessionDep
) -> PublicationOut:
    """Show the asset to everybody, at an address that stays the same when it is processed again.

    An asset that is published already keeps its address.
    """
    found = publications.publish(session, current.settings, where.tenant_id, asset_id)
    return PublicationOut.model_validate(found)


@router.get("", responses=problems.documented(404), openapi_extra=needs(Action.ASSETS_READ))
def get_publication(
    asset_id: UUID, current: InstallationDep, where: PlaceDep, session: SessionDep
) -> PublicationOut:
    """Where the asset is published."""
    found = publications.get(session, current.settings, where.tenant_id, asset_id)
    return PublicationOut.model_validate(found)


@router.delete(
    "", responses=problems.documented(404), openapi_extra=needs(Action.PUBLICATIONS_WRITE)
)
def withdraw_publication(
    request: Request, asset_id: UUID, current: InstallationDep, session: SessionDep
) -> EndedOut:
    """End the public address for good: who publishes the asset again gives it another."""
    key, duration = publications.withdraw(session, asset_id)
    now = desk(request).now()
    ends = ended(current, key, now, duration)
    kept = datetime.fromtimestamp(now + PUBLIC_SECONDS, UTC)
    return EndedOut(ends_at=ends, cached_until=max(ends, kept))
