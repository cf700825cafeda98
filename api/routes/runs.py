"""Runs: look at them, stop them, try them again."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from api.context import SessionDep
from api.problems import documented
from api.schemas.run import RunDetail, RunOut, RunPage, StageOut
from services import runs

router = APIRouter(prefix="/runs", tags=["runs"])

State = Literal["running", "cancelling", "done", "failed", "cancelled"]


@router.get("")
def list_runs(
    session: SessionDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: UUID | None = None,
    state: State | None = None,
) -> RunPage:
    """The newest runs."""
    found = runs.latest(session, limit=limit, before=before, state=state)
    following = found[-1].id if len(found) == limit else None
    return RunPage(items=[RunOut.model_validate(run) for run in found], next=following)


@router.get("/{run_id}", responses=documented(404))
def get_run(run_id: UUID, session: SessionDep) -> RunDetail:
    """A run and how far each of its stages is."""
    report = runs.report(session, run_id)
    stages = [StageOut.model_validate(stage) for stage in report.stages]
    return RunDetail(**RunOut.model_validate(report.run).model_dump(), stages=stages)


@router.post("/{run_id}/cancel", responses=documented(404, 409))
def cancel_run(run_id: UUID, session: SessionDep) -> RunOut:
    """Stop a run; what it has begun is gone within two seconds."""
    return RunOut.model_validate(runs.cancel(session, run_id))


@router.post("/{run_id}/retry", responses=documented(404, 409))
def retry_run(run_id: UUID, session: SessionDep) -> RunOut:
    """Try a run's failed and cancelled stages again."""
    return RunOut.model_validate(runs.retry(session, run_id))
