"""Exports: all of a tenant as one archive, for its owners."""

import time
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
from api.schemas.tenant_export import TenantExportDetail, TenantExportOut, TenantExportPage
from services import export_runs
from services.export_runs import ExportReport
from services.permissions import Action

router = Router(prefix="/tenant/exports", tags=["tenants"])


@router.post(
    "",
    status_code=202,
    response_model=TenantExportOut,
    responses={202: LOCATED, **problems.documented(403, 409, 429)},
    openapi_extra=needs(Action.TENANT_EXPORT),
)
def create_tenant_export(where: PlaceDep, once: OnceDep) -> Response:
    """Have an archive of the tenant made, while it goes on working; its owners are told by mail.

    One is made at a time, three a day. It is kept for seven days, or until the next is ready.
    """

    def create(session: Session) -> Response:
        report = export_runs.begin(session, where)
        headers = {"Location": f"/v1/tenant/exports/{report.run.id}"}
        body = TenantExportOut.model_validate(_shown(report)).model_dump_json()
        return Response(body, 202, headers, media_type="application/json")

    return once(create)


@router.get("", openapi_extra=needs(Action.TENANT_EXPORT), responses=problems.documented(403))
def list_tenant_exports(
    session: SessionDep, where: PlaceDep, paging: PagingDep
) -> TenantExportPage:
    """The newest exports."""
    question = ("tenant_exports", where.tenant_id)
    before = id_of(paging.after(*question))
    found = export_runs.latest(session, limit=paging.limit + 1, before=before)
    items, following = paging.cut(found, lambda report: by_id(report.run), *question)
    shown = [TenantExportOut.model_validate(_shown(report)) for report in items]
    return TenantExportPage(items=shown, next=following)


@router.get(
    "/{export_id}",
    responses=problems.documented(403, 404),
    openapi_extra=needs(Action.TENANT_EXPORT),
)
def get_tenant_export(
    export_id: UUID, session: SessionDep, current: InstallationDep, where: PlaceDep
) -> TenantExportDetail:
    """An export, how far it is, and where its archive can be downloaded."""
    report = export_runs.get(session, export_id)
    found = export_runs.address(session, current.settings, where, export_id, now=time.time())
    url, until = found if found is not None else (None, None)
    return TenantExportDetail.model_validate(
        {**_shown(report), "url": url, "url_expires_at": until}
    )


def _shown(report: ExportReport) -> dict[str, object]:
    run, stage, made = report.run, report.stage, report.made
    return {
        "id": run.id,
        "state": run.state,
        "progress": stage.progress,
        "rows": made.rows if made is not None else None,
        "files": made.files if made is not None else None,
        "bytes": made.bytes if made is not None else None,
        "sha256": made.sha256 if made is not None else None,
        "error": stage.error,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
        "expires_at": report.expires_at,
    }
