"""Runs and their stages, as the API sends them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class StageOut(BaseModel):
    """One stage of a run; `progress` is from 0 to 1."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    state: str
    queue: str
    attempt: int
    failures: int
    progress: float
    started_at: datetime | None
    finished_at: datetime | None
    error: dict[str, Any] | None


class RunOut(BaseModel):
    """One recipe at work on one asset."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    asset_id: UUID | None
    recipe: str
    state: str
    created_at: datetime
    finished_at: datetime | None


class RunDetail(RunOut):
    """A run with its stages."""

    stages: list[StageOut]


class RunPage(BaseModel):
    """Runs, newest first; `next` continues after the last."""

    items: list[RunOut]
    next: UUID | None
