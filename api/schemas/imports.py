"""Imports, as the API takes and sends them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.paging import Page
from api.schemas.examples import FILM, IMPORT, example
from api.schemas.run import RunState
from core.addresses import URL_LENGTH


class ImportCreate(BaseModel):
    """A file to fetch."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            url="https://files.northlight.example/spring-roast.mp4", name=FILM, recipe="video"
        ),
    )

    url: str = Field(
        min_length=1,
        max_length=URL_LENGTH,
        description="http or https, with no user's name. Its query is never shown again.",
    )
    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=1024,
        description="What the asset is called; else what the server calls it.",
    )
    recipe: str | None = Field(default=None, description="Else the one for files of its kind.")
    brand_id: UUID | None = Field(default=None, description="Else the default one.")


class ImportOut(BaseModel):
    """A file that is fetched, by a run of the same id; once it is there, so are asset and run."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=IMPORT,
            source="https://files.northlight.example/spring-roast.mp4",
            name=FILM,
            recipe="video",
            state="running",
            progress=0.42,
            asset_id=None,
            run_id=None,
            error=None,
            created_at="2026-03-01T10:00:00Z",
            finished_at=None,
        )
    )

    id: UUID = Field(description="Also the id of the run that fetches it: cancel and retry that.")
    source: str = Field(description="Where the file is, without the query.")
    name: str | None
    recipe: str | None
    brand_id: UUID | None = Field(description="The brand that was named; null is the default one.")
    state: RunState
    progress: float
    asset_id: UUID | None
    run_id: UUID | None = Field(description="The run on the asset.")
    error: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None


class ImportPage(Page[ImportOut]):
    """Imports, newest first."""
