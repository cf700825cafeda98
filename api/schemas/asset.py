"""Assets, as the API sends them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.schemas.run import RunOut


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


class AssetCreated(BaseModel):
    """What an upload began."""

    asset: AssetOut
    run: RunOut
