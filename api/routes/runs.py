"""Runs: look at them, stop them, try them again."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api import problems
from api.access import needs
from api.context import PlaceDep, SessionDep
from api.idempotency import OnceDep
from api.paging import PagingDep, by_id, id_of
from api.routing import Router
from api.schemas.run import RunDetail, RunOut, RunPage, RunPatch, RunState, StageOut
from services import runs
from services.permissions import Action

router = Router(prefix="/runs", tags=["runs"])


@router.get("", responses=problems.documented(), openapi_extra=needs(Action.RUNS_READ))
def list_runs(
    session: SessionDep,
    where: PlaceDep,
    paging: PagingDep,
    state: RunState | None = None,
    asset: UUID | None = None,
    recipe: Annotated[str | None, Query(max_length=64, pattern=r"^[a-z0-9-]+$")] = None,
) -> RunPage:
    """The newest runs."""
    question = ("runs", where.tenant_id, state, asset, recipe)
    found = runs.latest(
        session,
        limit=paging.limit + 1,
        after=id_of(paging.after(*question)),
        state=state,
        asset_id=asset,
        recipe=recipe,
    )
    items, following = paging.cut(found, by_id, *question)
    return RunPage(items=[RunOut.model_validate(run) for run in items], next=following)


@router.get("/{run_id}", responses=problems.documented(404), openapi_extra=needs(Action.RUNS_READ))
def get_run(run_id: UUID, session: SessionDep) -> RunDetail:
    """A run and how far each of its stages is."""
    report = runs.report(session, run_id)
    stages = [StageOut.model_validate(stage) for stage in report.stages]
    return RunDetail(**RunOut.model_validate(report.run).model_dump(), stages=stages)


@router.patch(
    "/{run_id}", responses=problems.documented(404, 413), openapi_extra=needs(Action.RUNS_WRITE)
)
def change_run(run_id: UUID, changes: RunPatch, session: SessionDep) -> RunOut:
    """Give a run, and whatever of it is not done, another priority.

    It takes no If-Match: the one thing that can be changed is set, not derived from what was seen.
    """
    return RunOut.model_validate(runs.prioritise(session, run_id, changes.priority))


@router.post(
    "/{run_id}/cancel",
    response_model=RunOut,
    responses=problems.documented(404, 409, 413),
    openapi_extra=needs(Action.RUNS_WRITE),
)
def cancel_run(run_id: UUID, once: OnceDep) -> Response:
    """Stop a run; what it has begun is gone within two seconds."""
    return once(lambda session: RunOut.model_validate(runs.cancel(session, run_id)))


@router.post(
    "/{run_id}/retry",
    response_model=RunOut,
    responses=problems.documented(404, 409, 413),
    openapi_extra=needs(Action.RUNS_WRITE),
)
def retry_run(run_id: UUID, once: OnceDep) -> Response:
    """Try a run's failed and cancelled stages again."""
    return once(lambda session: RunOut.model_validate(runs.retry(session, run_id)))
