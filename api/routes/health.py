"""Whether the process is alive, and whether it can serve."""

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.access import PUBLIC
from api.context import WatchDep, watched
from api.routing import Router
from api.schemas.examples import example

router = Router(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class Ready(BaseModel):
    """What this process reaches."""

    model_config = ConfigDict(
        json_schema_extra=example(
            database=True,
            migrated=True,
            broker=True,
            storage=True,
            room=True,
            slots={"media": 2, "light": 4},
        )
    )

    database: bool
    migrated: bool = Field(description="The database is at this release's revision, or a later.")
    broker: bool
    storage: bool = Field(description="It takes files.")
    room: bool = Field(description="Uploads are taken in: free space is above the reserve.")
    slots: dict[str, int] = Field(description="By queue, those of the live workers.")


@router.get("/healthz", openapi_extra=PUBLIC)
async def get_liveness() -> Alive:
    """Answer while the process lives."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Ready}}, openapi_extra=PUBLIC)
async def get_readiness(request: Request, watch: WatchDep, response: Response) -> Ready:
    """Answer 200 when database, broker and storage do, within two seconds in any case.

    Without room it is 200: what is there can be played, and be removed.
    """
    report = await watched(request, watch.health)
    if not report.ready:
        response.status_code = 503
    return Ready(
        database=report.database,
        migrated=report.migrated,
        broker=report.broker,
        storage=report.storage,
        room=report.room,
        slots=report.slots,
    )
