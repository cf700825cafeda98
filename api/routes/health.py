"""Whether the process is alive, and whether it can serve."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.context import InstallationDep
from services import health

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class Ready(BaseModel):
    """What this process reaches; `slots` by queue tells what the live workers serve."""

    database: bool
    broker: bool
    slots: dict[str, int]


@router.get("/healthz")
def alive() -> Alive:
    """Answer while the process lives."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Ready}})
def ready(current: InstallationDep, response: Response) -> Ready:
    """Answer 200 when the database and the broker answer."""
    report = health.check(current)
    if not (report.database and report.broker):
        response.status_code = 503
    return Ready(database=report.database, broker=report.broker, slots=report.slots)
