"""Imports: have a file fetched from the web."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api import problems
from api.context import InstallationDep, PlaceDep, SessionDep
from api.schemas.imports import ImportIn, ImportOut, ImportPage
from services import imports
from services.imports import ImportReport

router = APIRouter(prefix="/imports", tags=["imports"])


@router.post("", status_code=202, responses=problems.documented(429, 507))
def create_import(
    wanted: ImportIn, current: InstallationDep, where: PlaceDep, response: Response
) -> ImportOut:
    """Begin to fetch a file; it becomes an asset with a run on it."""
    report = imports.create(current, where, url=wanted.url, name=wanted.name, recipe=wanted.recipe)
    response.headers["Location"] = f"/v1/imports/{report.row.id}"
    return _shown(report)


@router.get("")
def list_imports(
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: UUID | None = None,
) -> ImportPage:
    """The newest imports."""
    found = imports.latest(session, limit=limit, before=before)
    following = found[-1].row.id if len(found) == limit else None
    return ImportPage(items=[_shown(report) for report in found], next=following)


@router.get("/{import_id}", responses=problems.documented(404))
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
        state=run.state,
        progress=stage.progress,
        asset_id=row.asset_id,
        run_id=row.asset_run_id,
        error=stage.error,
        created_at=row.created_at,
        finished_at=run.finished_at,
    )
