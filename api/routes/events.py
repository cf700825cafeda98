"""Events: a stream of what happens to the tenant's work."""

from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Request

from api import problems
from api.access import needs
from api.context import InstallationDep, PlaceDep, RecheckDep
from api.event_response import EventResponse
from api.routing import Router
from api.schemas.event import EventOut
from services.events import Kind
from services.permissions import Action

router = Router(prefix="/events", tags=["events"])

_STREAM = (
    "Server-sent events that do not end. `event` is a kind, `id` a position, `data` is JSON of the"
    " schema under `x-data`. Two more are no kinds: `resync` (events since the given position are"
    ' gone; fetch anew what you know, the stream goes on from `{"head": position}`) and'
    " `unauthorised` (the stream's last word). Lines that begin with a colon and an `id` by itself"
    " keep the line busy."
)

# A stream is text; what one event's data is, OpenAPI can say from 3.2 on.
_DATA = EventOut.model_json_schema()


@router.get(
    "",
    status_code=200,
    response_class=EventResponse,
    responses={
        200: {
            "description": _STREAM,
            "content": {EventResponse.media_type: {"schema": {"x-data": _DATA}}},
        },
        **problems.documented(429),
    },
    openapi_extra=needs(Action.EVENTS_READ),
)
async def stream_events(
    request: Request,
    current: InstallationDep,
    where: PlaceDep,
    recheck: RecheckDep,
    last_event_id: Annotated[
        str | None, Header(description="The last position that was seen, of the past 24 hours.")
    ] = None,
    since: Annotated[
        str | None,
        Query(alias="last_event_id", description="The same, for clients that set no headers."),
    ] = None,
    run: Annotated[UUID | None, Query(description="Only events of this run.")] = None,
    kinds: Annotated[list[Kind] | None, Query(description="Only events of these kinds.")] = None,
) -> EventResponse:
    """Send what happens to the tenant's work from now on, or from a position on."""
    hub = request.app.state.events
    stream = hub.open(current, where, after=last_event_id or since, run_id=run, kinds=kinds or ())
    return EventResponse(hub, stream, where, recheck)
