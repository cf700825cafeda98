"""Assets: send a file, and see what is known of it."""

from contextlib import suppress
from functools import partial
from typing import Annotated
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException

from api.context import InstallationDep, PlaceDep, SessionDep
from api.problems import documented
from api.routes.uploads import RECEIVES, receive
from api.schemas.asset import AssetCreated, AssetOut
from api.schemas.run import RunOut
from core.errors import AutomatorError
from services import assets, runs, uploads
from services.installation import Installation, Place

router = APIRouter(prefix="/assets", tags=["assets"])


@router.post(
    "",
    status_code=201,
    responses=RECEIVES | documented(411),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
async def create_asset(
    request: Request,
    current: InstallationDep,
    where: PlaceDep,
    name: Annotated[str, Query(min_length=1, max_length=1024)],
    recipe: str | None = None,
) -> AssetCreated:
    """Store the request's body as an asset and start a recipe on it."""
    length = request.headers.get("content-length")
    if length is None or not length.isdigit():
        raise HTTPException(411, "the request must say how long its body is")
    intakes = request.app.state.intakes
    create = partial(uploads.create, name=name, length=int(length), recipe=recipe)
    upload = await to_thread.run_sync(create, current, where, limiter=intakes)
    try:
        ended = await receive(request, current, where, upload.id, 0, None)
        if ended.run_id is None:
            raise HTTPException(400, "the body ended early")
    except BaseException:
        # Whoever does not know of the upload cannot go on with it.
        with CancelScope(shield=True):
            await to_thread.run_sync(_forget, current, where, upload.id, limiter=intakes)
        raise
    created = partial(_created, current, where, upload.id, ended.run_id)
    return await to_thread.run_sync(created, limiter=intakes)


@router.get("/{asset_id}", responses=documented(404))
def get_asset(asset_id: UUID, session: SessionDep) -> AssetOut:
    """One asset."""
    return AssetOut.model_validate(assets.get(session, asset_id))


def _forget(current: Installation, where: Place, upload_id: UUID) -> None:
    with suppress(AutomatorError):
        uploads.remove(current, where, upload_id)


def _created(current: Installation, where: Place, asset_id: UUID, run_id: UUID) -> AssetCreated:
    with current.tenant_scope(where) as session:
        return AssetCreated(
            asset=AssetOut.model_validate(assets.get(session, asset_id)),
            run=RunOut.model_validate(runs.get(session, run_id)),
        )
