"""Artifacts, as the API sends them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.paging import Page


class ArtifactOut(BaseModel):
    """A file that was made of an asset; it never changes."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    asset_id: UUID
    run_id: UUID
    stage: str
    kind: str
    path: str
    mime: str
    bytes: int
    sha256: str
    attributes: dict[str, Any]
    created_at: datetime


class ArtifactPage(Page[ArtifactOut]):
    """Artifacts, in the order of their paths."""
