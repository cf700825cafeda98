"""Uploads, as the API sends them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class UploadOut(BaseModel):
    """A file on its way in; once its run is there, so is the asset, whose id is the upload's."""

    id: UUID
    name: str
    bytes: int
    offset: int
    run_id: UUID | None
    direct: bool
    created_at: datetime
    expires_at: datetime
    model_config = ConfigDict(from_attributes=True)
