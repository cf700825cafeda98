"""Assets: send a file, find it, name it, put it into the trash and take it out again."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from anyio import CancelScope, to_thread
from fastapi import Body, Query, Request, Response
from pydantic import AwareDatetime, StringConstraints
from sqlalchemy import Row
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from api import problems
from api.access import needs
from api.conditions import (
    TAGGED,
    UNCHANGED,
    IfMatch,
    IfNoneMatch,
    required_versions,
    tagged,
    versions,
)
from api.context import InstallationDep, PlaceDep, SessionDep
from api.idempotency import OnceDep
from api.paging import PagingDep, by_id, by_path, by_time, id_of, path_of, time_of
from api.problems import invalid, pointing
from api.routes.uploads import RECEIVES, receive
from api.routing import Router
from api.schemas.artifact import ArtifactOut, ArtifactPage
from api.schemas.asset import AssetCreated, AssetOut, AssetPage, AssetPatch
from api.schemas.run import RunCreate, RunOut, RunPage
from core.errors import AutomatorError
from services import artifacts, asset_views, audit, library, runs, trash, uploads
from services.asset_views import Filters, State
from services.installation import Installation, Place
from services.permissions import Action

router = Router(prefix="/assets", tags=["assets"])


Kind = Literal["video", "image", "document"]
# Words of people: no NUL, which PostgreSQL does not take, and nothing else that is not seen.
Word = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Words = Annotated[
    str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")
]


@router.post(
    "",
    status_code=201,
    responses=RECEIVES | problems.documented(411),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    }
    | needs(Action.UPLOADS_WRITE),
)
async def create_asset(
    request: Request,
    current: InstallationDep,
    where: PlaceDep,
    name: Annotated[str, Query(min_length=1, max_length=1024)],
    recipe: str | None = None,
    brand_id: Annotated[UUID | None, Query(description="Else the default one.")] = None,
) -> AssetCreated:
    """Store the request's body as an asset and start a recipe on it."""
    if "idempotency-key" in request.headers:
        raise invalid(
            "/header/idempotency-key",
            "a streamed file has no fingerprint ahead: begin it by POST /v1/uploads, which takes"
            " the key and may be interrupted",
        )
    length = request.headers.get("content-length")
    if length is None or not length.isdigit():
        raise HTTPException(411, "the request must say how long its body is")
    intakes = request.app.state.intakes
    create = partial(
        uploads.create, name=name, length=int(length), recipe=recipe, brand_id=brand_id
    )
    with pointing("brand_id", "/query/brand_id"):
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


@router.get("", response_model=AssetPage, openapi_extra=needs(Action.ASSETS_READ))
def list_assets(
    session: SessionDep,
    where: PlaceDep,
    paging: PagingDep,
    kind: Kind | None = None,
    state: State | None = None,
    tag: Annotated[
        list[Word],
        Query(max_length=10, description="Once for each tag that an asset must have."),
    ] = [],  # noqa: B006 - FastAPI's way
    brand_id: UUID | None = None,
    q: Annotated[Words | None, Query(description="Part of the name, in capitals or not.")] = None,
    created_after: AwareDatetime | None = None,
    created_before: AwareDatetime | None = None,
    trashed: Annotated[
        Literal["no", "only"], Query(description="`only` lists the trash instead.")
    ] = "no",
) -> Response:
    """The newest assets."""
    filters = Filters(
        kind, state, tuple(tag), q, created_after, created_before, trashed == "only", brand_id
    )  # fmt: skip
    question = ("assets", where.tenant_id, filters)
    found = asset_views.page(
        session, filters, limit=paging.limit + 1, after=time_of(paging.after(*question))
    )
    items, following = paging.cut(found, by_time, *question)
    return _page(items, following)


@router.get(
    "/{asset_id}",
    response_model=AssetOut,
    responses={200: TAGGED, **UNCHANGED, **problems.documented(404)},
    openapi_extra=needs(Action.ASSETS_READ),
)
def get_asset(asset_id: UUID, session: SessionDep, if_none_match: IfNoneMatch = None) -> Response:
    """One asset, also from the trash; its ETag covers all that is said of it here."""
    out = AssetOut.model_validate(asset_views.get(session, asset_id))
    return tagged(out, out.version, known=if_none_match)


@router.patch(
    "/{asset_id}",
    response_model=AssetOut,
    responses={200: TAGGED, **problems.documented(404, 409, 412, 413, 428)},
    openapi_extra={"requestBody": {"content": {"application/merge-patch+json": {
        "schema": {"$ref": "#/components/schemas/AssetPatch"},
    }}}} | needs(Action.ASSETS_WRITE),
)  # fmt: skip
def change_asset(
    asset_id: UUID,
    changes: Annotated[AssetPatch, Body()],
    session: SessionDep,
    if_match: IfMatch = None,
) -> Response:
    """Rename or tag an asset, or move it to another brand (RFC 7396). If-Match is required."""
    allowed = required_versions(if_match)
    given = changes.model_fields_set
    changed = library.change(
        session,
        asset_id,
        name=changes.name if "name" in given else None,
        tags=changes.tags if "tags" in given else None,
        brand_id=changes.brand_id,
        versions=allowed,
    )
    out = AssetOut.model_validate(changed)
    return tagged(out, out.version)


@router.delete(
    "/{asset_id}",
    status_code=204,
    responses=problems.documented(404, 412),
    openapi_extra=needs(Action.ASSETS_WRITE),
)
def trash_asset(asset_id: UUID, session: SessionDep, if_match: IfMatch = None) -> Response:
    """Put an asset into the trash, and cancel its runs. It is removed for good in thirty days."""
    trash.put(session, asset_id, versions=versions(if_match))
    return Response(status_code=204)


@router.post(
    "/{asset_id}/restore",
    response_model=AssetOut,
    responses={200: TAGGED, **problems.documented(404, 409, 413)},
    openapi_extra=needs(Action.ASSETS_WRITE),
)
def restore_asset(
    asset_id: UUID, current: InstallationDep, where: PlaceDep, once: OnceDep
) -> Response:
    """Take an asset out of the trash. Runs that were cancelled stay so until they are retried."""
    trash.check_source(current, where, asset_id)

    def restore(session: Session) -> Response:
        out = AssetOut.model_validate(trash.restore(session, asset_id))
        return tagged(out, out.version)

    return once(restore)


@router.post(
    "/{asset_id}/purge",
    status_code=204,
    responses=problems.documented(404, 409, 413),
    openapi_extra=needs(Action.ASSETS_PURGE),
)
def purge_asset(asset_id: UUID, current: InstallationDep, once: OnceDep) -> Response:
    """Remove an asset that is in the trash, with all that was made of it, for good and now."""
    keys: list[str] = []

    def purge(session: Session) -> None:
        keys.extend(trash.remove(session, asset_id))

    answer = once(purge)
    for key in keys:
        current.storage.delete(key)
    return answer


@router.get(
    "/{asset_id}/duplicates",
    response_model=AssetPage,
    responses=problems.documented(404),
    openapi_extra=needs(Action.ASSETS_READ),
)
def list_duplicates(
    asset_id: UUID, session: SessionDep, where: PlaceDep, paging: PagingDep
) -> Response:
    """The other assets with the same content, newest first."""
    question = ("duplicates", where.tenant_id, asset_id)
    found = asset_views.duplicates(
        session, asset_id, limit=paging.limit + 1, after=time_of(paging.after(*question))
    )
    items, following = paging.cut(found, by_time, *question)
    return _page(items, following)


@router.get(
    "/{asset_id}/runs", responses=problems.documented(404), openapi_extra=needs(Action.RUNS_READ)
)
def list_asset_runs(
    asset_id: UUID, session: SessionDep, where: PlaceDep, paging: PagingDep
) -> RunPage:
    """The runs on an asset, newest first."""
    asset_views.get(session, asset_id)
    question = ("asset runs", where.tenant_id, asset_id)
    found = runs.latest(
        session,
        limit=paging.limit + 1,
        after=id_of(paging.after(*question)),
        asset_id=asset_id,
    )
    items, following = paging.cut(found, by_id, *question)
    return RunPage(items=[RunOut.model_validate(run) for run in items], next=following)


@router.post(
    "/{asset_id}/runs",
    status_code=201,
    response_model=RunOut,
    responses=problems.documented(404, 409, 413),
    openapi_extra=needs(Action.RUNS_WRITE),
)
def start_run(
    asset_id: UUID, where: PlaceDep, once: OnceDep, wanted: RunCreate | None = None
) -> Response:
    """Begin another run on an asset."""
    recipe, priority = (wanted.recipe, wanted.priority) if wanted else (None, "interactive")

    def start(session: Session) -> RunOut:
        run = runs.start_again(session, where.tenant_id, asset_id, recipe=recipe, priority=priority)
        return RunOut.model_validate(run)

    return once(start, status=201)


@router.get(
    "/{asset_id}/artifacts",
    responses=problems.documented(404),
    openapi_extra=needs(Action.ASSETS_READ),
)
def list_artifacts(
    asset_id: UUID,
    session: SessionDep,
    where: PlaceDep,
    paging: PagingDep,
    kind: Annotated[str | None, Query(max_length=64, pattern=r"^[a-z0-9_-]+$")] = None,
) -> ArtifactPage:
    """What was made of an asset, by path; without what has been superseded."""
    question = ("artifacts", where.tenant_id, asset_id, kind)
    found = artifacts.page(
        session,
        asset_id,
        limit=paging.limit + 1,
        kind=kind,
        after=path_of(paging.after(*question)),
    )
    items, following = paging.cut(found, by_path, *question)
    made = [ArtifactOut.model_validate(artifact) for artifact in items]
    return ArtifactPage(items=made, next=following)


def _page(items: Sequence[Row[Any]], following: str | None) -> Response:
    page = AssetPage(items=[AssetOut.model_validate(row) for row in items], next=following)
    return Response(page.model_dump_json(), media_type="application/json")


def _forget(current: Installation, where: Place, upload_id: UUID) -> None:
    # What came to nothing has changed nothing.
    audit.follow(None)
    with suppress(AutomatorError):
        uploads.remove(current, where, upload_id)


def _created(current: Installation, where: Place, asset_id: UUID, run_id: UUID) -> AssetCreated:
    with current.tenant_scope(where) as session:
        return AssetCreated(
            asset=AssetOut.model_validate(asset_views.get(session, asset_id)),
            run=RunOut.model_validate(runs.get(session, run_id)),
        )
