"""Runs and their stages, as the API takes and sends them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.paging import Page
from api.schemas.examples import ASSET, RAN, READY, RUN, example

Priority = Literal["interactive", "batch"]
RunState = Literal["running", "cancelling", "done", "failed", "cancelled"]


class StageOut(BaseModel):
    """One stage of a run; `progress` is from 0 to 1."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            name="encode.0",
            state="done",
            queue="media",
            attempt=1,
            failures=0,
            progress=1.0,
            started_at=RAN,
            finished_at=READY,
            error=None,
        ),
    )

    name: str
    state: str
    queue: str
    attempt: int
    failures: int
    progress: float
    started_at: datetime | None
    finished_at: datetime | None
    error: dict[str, Any] | None


class StageList(BaseModel):
    """A run's stages, in the order in which they were planned."""

    items: list[StageOut]


class RunOut(BaseModel):
    """One recipe at work on one asset."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=RUN,
            asset_id=ASSET,
            recipe="video",
            priority="interactive",
            state="done",
            created_at=RAN,
            finished_at=READY,
        ),
    )

    id: UUID
    asset_id: UUID | None
    recipe: str
    priority: Priority
    state: RunState
    created_at: datetime
    finished_at: datetime | None


class RunDetail(RunOut):
    """A run with its stages."""

    stages: list[StageOut]


class RunPage(Page[RunOut]):
    """Runs, newest first."""


class RunCreate(BaseModel):
    """Another run on an asset."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=example(recipe="video", priority="batch")
    )

    recipe: str | None = Field(
        default=None, max_length=64, description="The one called like the file's kind if left out."
    )
    priority: Priority = "interactive"


class RunPatch(BaseModel):
    """What is to change of a run (RFC 7396)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(priority="batch"))

    priority: Priority = Field(description="`batch` gives way to `interactive`.")
