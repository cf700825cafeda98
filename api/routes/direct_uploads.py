"""Uploads that a browser sends straight to the bucket: an address to begin with, and an end.

In between, nothing of the file comes by here. What it becomes is found out once it is whole.
"""

from functools import partial
from uuid import UUID

from anyio import to_thread
from fastapi import Request, Response

from api import problems
from api.access import needs
from api.conditions import LOCATED
from api.context import InstallationDep, PlaceDep
from api.routing import Router
from api.schemas.direct_upload import DirectUploadCreate, DirectUploadEnd, DirectUploadOut
from api.schemas.upload import UploadOut
from services import direct_uploads
from services.direct_uploads import Expected
from services.permissions import Action

router = Router(prefix="/uploads", tags=["uploads"])


@router.post(
    "/direct",
    status_code=201,
    responses={
        201: LOCATED,
        **problems.documented("quota_exceeded", "rejected", 409, 413, 429, 507),
    },
    openapi_extra=needs(Action.UPLOADS_WRITE),
)
async def create_direct_upload(
    request: Request,
    response: Response,
    current: InstallationDep,
    where: PlaceDep,
    wanted: DirectUploadCreate,
) -> DirectUploadOut:
    """Announce a file, and learn where to send it; 409 where files are kept in a folder."""
    create = partial(
        direct_uploads.create,
        name=wanted.name,
        length=wanted.bytes,
        recipe=wanted.recipe,
        brand_id=wanted.brand_id,
        origin=wanted.origin,
    )
    announced = await to_thread.run_sync(create, current, where, limiter=request.app.state.intakes)
    upload = UploadOut.model_validate(announced.upload)
    response.headers["Location"] = f"/v1/uploads/{upload.id}"
    response.headers["Cache-Control"] = "no-store"
    return DirectUploadOut(upload=upload, address=announced.address)


@router.post(
    "/{upload_id}/complete",
    responses=problems.documented(404, 409, 410, 423),
    openapi_extra=needs(Action.UPLOADS_WRITE),
)
async def complete_direct_upload(
    request: Request,
    upload_id: UUID,
    current: InstallationDep,
    where: PlaceDep,
    said: DirectUploadEnd | None = None,
) -> UploadOut:
    """Make an asset with a run of what has come, once it is whole; again, it is the same.

    Bytes that are not those which were announced end the upload, and nothing of it stays.
    """
    expected = Expected(said.sha256, said.crc32c) if said is not None else Expected()
    complete = partial(direct_uploads.complete, current, where, upload_id, expected)
    upload = await to_thread.run_sync(complete, limiter=request.app.state.finishes)
    return UploadOut.model_validate(upload)
