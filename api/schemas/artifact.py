"""Artifacts, as the API sends them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.paging import Page
from api.schemas.examples import ARTIFACT, ASSET, READY, RUN, example


class ArtifactOut(BaseModel):
    """A file that was made of an asset; it never changes."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=ARTIFACT,
            asset_id=ASSET,
            run_id=RUN,
            stage="pictures",
            kind="poster",
            path="poster.jpg",
            mime="image/jpeg",
            bytes=148_213,
            sha256="41c7e0b95d2f8a6310e9b4d7f25c8a13960bde74f1a8c2035d6e9b7f40a1c8d2",
            attributes={"width": 1920, "height": 1080},
            created_at=READY,
        ),
    )

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
