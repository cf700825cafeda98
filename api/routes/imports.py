"""Imports: have a file fetched from the web."""

from uuid import UUID

from fastapi import Response
from sqlalchemy.orm import Session

from api import problems
from api.access import needs
from api.conditions import LOCATED
from api.context import InstallationDep, PlaceDep, SessionDep
from api.idempotency import OnceDep
from api.paging import PagingDep, by_id, id_of
from api.routing import Router
from api.schemas.imports import ImportCreate, ImportOut, ImportPage
from services import imports
from services.imports import ImportReport
from services.permissions import Action

router = Router(prefix="/imports", tags=["imports"])


@router.post(
    "",
    status_code=202,
    response_model=ImportOut,
    responses={
        202: LOCATED,
        **problems.documented("quota_exceeded", "rejected", 409, 413, 429, 507),
    },
    openapi_extra=needs(Action.IMPORTS_WRITE),
)
def create_import(
    wanted: ImportCreate, current: InstallationDep, where: PlaceDep, once: OnceDep
) -> Response:
    """Begin to fetch a file; it becomes an asset with a run on it."""

    def create(session: Session) -> Response:
        location = imports.check(current, url=wanted.url, recipe=wanted.recipe)
        report = imports.begin(
            session,
            where,
            current.settings,
            location,
            url=wanted.url,
            name=wanted.name,
            recipe=wanted.recipe,
            brand_id=wanted.brand_id,
        )
        headers = {"Location": f"/v1/imports/{report.row.id}"}
        body = _shown(report).model_dump_json()
        return Response(body, 202, headers, media_type="application/json")

    return once(create)


@router.get("", openapi_extra=needs(Action.RUNS_READ))
def list_imports(session: SessionDep, where: PlaceDep, paging: PagingDep) -> ImportPage:
    """The newest imports."""
    question = ("imports", where.tenant_id)
    found = imports.latest(session, limit=paging.limit + 1, before=id_of(paging.after(*question)))
    items, following = paging.cut(found, lambda report: by_id(report.row), *question)
    return ImportPage(items=[_shown(report) for report in items], next=following)


@router.get(
    "/{import_id}", responses=problems.documented(404), openapi_extra=needs(Action.RUNS_READ)
)
def get_import(import_id: UUID, session: SessionDep) -> ImportOut:
    """An import, and how far it is."""
    return _shown(imports.get(session, import_id))


def _shown(report: ImportReport) -> ImportOut:
    row, run, stage = report.row, report.run, report.stage
    return ImportOut(
        id=row.id,
        source=row.source,
        name=row.name,
        recipe=row.recipe,
        brand_id=row.brand_id,
        state=run.state,
        progress=stage.progress,
        asset_id=row.asset_id,
        run_id=row.asset_run_id,
        error=stage.error,
        created_at=row.created_at,
        finished_at=run.finished_at,
    )
