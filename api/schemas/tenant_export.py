"""Exports of a tenant, as the API sends them."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.paging import Page
from api.schemas.examples import EXPORT, example
from api.schemas.run import RunState

_EXPORT: Final[dict[str, Any]] = {
    "id": EXPORT,
    "state": "done",
    "progress": 1.0,
    "rows": 48_213,
    "files": 1_904,
    "bytes": 48_602_336_256,
    "sha256": "c2a1905d7e4b3f68d09a5c1e7b2f4860a3d19e57c8b0f6241d7a93e5c6b8f012",
    "error": None,
    "created_at": "2026-03-09T18:00:00Z",
    "finished_at": "2026-03-09T18:12:40Z",
    "expires_at": "2026-03-16T18:12:40Z",
}


class TenantExportOut(BaseModel):
    """An archive of the tenant that is made, by a run of the same id."""

    model_config = ConfigDict(json_schema_extra=example(**_EXPORT))

    id: UUID = Field(description="Also the id of the run that makes it: cancel that.")
    state: RunState
    progress: float
    rows: int | None = Field(description="What it took in.")
    files: int | None
    bytes: int | None = Field(description="Of the archive itself.")
    sha256: str | None
    error: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None = Field(
        description="Until when it is kept, unless a newer one is ready before."
    )


class TenantExportDetail(TenantExportOut):
    """The same, and where the archive can be downloaded while it is there."""

    model_config = ConfigDict(
        json_schema_extra=example(
            **_EXPORT,
            url="https://automator.northlight.example/v1/media/THE-TOKEN-OF-THE-ADDRESS/archive.tar",
            url_expires_at="2026-03-09T19:12:40Z",
        )
    )

    url: str | None = Field(description="Signed: whoever has it can download all of the tenant.")
    url_expires_at: datetime | None = Field(description="Ask again for another.")


class TenantExportPage(Page[TenantExportOut]):
    """Exports, newest first."""
