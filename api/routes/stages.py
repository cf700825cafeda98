"""Stages of a run: look at them, stop one, try one again."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Response

from api import problems
from api.access import needs
from api.context import SessionDep
from api.idempotency import OnceDep
from api.routing import Router
from api.schemas.run import StageList, StageOut
from services import stages
from services.permissions import Action

router = Router(prefix="/runs/{run_id}/stages", tags=["runs"])

Name = Annotated[str, Path(max_length=100, pattern=r"^[a-z0-9][a-z0-9._-]*$")]


@router.get("", responses=problems.documented(404), openapi_extra=needs(Action.RUNS_READ))
def list_stages(run_id: UUID, session: SessionDep) -> StageList:
    """A run's stages, all of them, in the order in which they were planned."""
    found = stages.all_of(session, run_id)
    return StageList(items=[StageOut.model_validate(stage) for stage in found])


@router.get("/{name}", responses=problems.documented(404), openapi_extra=needs(Action.RUNS_READ))
def get_stage(run_id: UUID, name: Name, session: SessionDep) -> StageOut:
    """One stage of a run."""
    return StageOut.model_validate(stages.get(session, run_id, name))


@router.post(
    "/{name}/retry",
    response_model=StageOut,
    responses=problems.documented(404, 409, 413),
    openapi_extra=needs(Action.RUNS_WRITE),
)
def retry_stage(run_id: UUID, name: Name, once: OnceDep) -> Response:
    """Try a failed or cancelled stage again, and what was cancelled behind it."""
    return once(lambda session: StageOut.model_validate(stages.retry(session, run_id, name)))


@router.post(
    "/{name}/cancel",
    response_model=StageOut,
    responses=problems.documented(404, 409, 413),
    openapi_extra=needs(Action.RUNS_WRITE),
)
def cancel_stage(run_id: UUID, name: Name, once: OnceDep) -> Response:
    """Stop one stage; the rest of the run goes on, without what needs this one."""
    return once(lambda session: StageOut.model_validate(stages.cancel(session, run_id, name)))
