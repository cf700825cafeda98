"""Stages of a run: looked at, tried again, stopped."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound
from models.run import StageRun
from services import runs

_NO: Final = {
    "cancelling": "the run is being cancelled: wait until it has ended",
    "needs": "a stage that this one needs is not done: try that one again",
}


def all_of(session: Session, run_id: UUID) -> Sequence[StageRun]:
    """A run's stages in the order in which they were planned; NotFound for an unknown run."""
    runs.get(session, run_id)
    return session.scalars(
        select(StageRun).where(StageRun.run_id == run_id).order_by(StageRun.id)
    ).all()


def get(session: Session, run_id: UUID, name: str) -> StageRun:
    """One stage of a run of the tenant; NotFound otherwise."""
    query = select(StageRun).where(StageRun.run_id == run_id, StageRun.name == name)
    found = session.scalar(query.execution_options(populate_existing=True))
    if found is None:
        raise NotFound("there is no such stage")
    return found


def retry(session: Session, run_id: UUID, name: str) -> StageRun:
    """Give a failed or cancelled stage a fresh start, and what was cancelled behind it.

    Raises NotFound, and Conflict where the stage or its run cannot go on.
    """
    runs.hold_asset(session, run_id)
    said = _tell(session, "SELECT cell.retry_stage(:run, :name)", run_id, name)
    stage = get(session, run_id, name)
    if said != "retried":
        raise Conflict(_NO.get(said, f"the stage has nothing to retry: it is {stage.state}"))
    return stage


def cancel(session: Session, run_id: UUID, name: str) -> StageRun:
    """Stop one stage; the rest of its run goes on. Raises NotFound, Conflict for one that ended."""
    said = _tell(session, "SELECT cell.cancel_stage(:run, :name)", run_id, name)
    stage = get(session, run_id, name)
    if said == "state":
        raise Conflict(f"the stage has already ended: it is {stage.state}")
    return stage


def _tell(session: Session, statement: str, run_id: UUID, name: str) -> str:
    said = session.scalar(text(statement), {"run": run_id, "name": name})
    if said == "unknown":
        raise NotFound("there is no such stage")
    return str(said)
