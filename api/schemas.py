"""What the API sends; field names are part of its contract."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class AssetOut(BaseModel):
    """An uploaded file; `media` is what probing found, once it has."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    kind: str
    mime: str
    bytes: int
    sha256: str
    media: dict[str, Any] | None
    created_at: datetime


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


class AssetCreated(BaseModel):
    """What an upload began."""

    asset: AssetOut
    run: RunOut


class RunPage(BaseModel):
    """Runs, newest first; `next` continues after the last."""

    items: list[RunOut]
    next: UUID | None


class UploadOut(BaseModel):
    """A file on its way in; once its run is there, so is the asset, whose id is the upload's."""

    id: UUID
    name: str
    bytes: int
    offset: int
    run_id: UUID | None
    created_at: datetime
    expires_at: datetime
    model_config = ConfigDict(from_attributes=True)
