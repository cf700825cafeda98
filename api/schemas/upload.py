"""Uploads, as the API sends them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.examples import ASSET, FILM, FILM_BYTES, RUN, SIGNED_IN, example


class UploadOut(BaseModel):
    """A file on its way in; once its run is there, so is the asset, whose id is the upload's."""

    id: UUID
    name: str
    bytes: int
    offset: int
    run_id: UUID | None
    brand_id: UUID | None = Field(description="The brand that was named; null is the default one.")
    direct: bool
    created_at: datetime
    expires_at: datetime
    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=ASSET,
            name=FILM,
            bytes=FILM_BYTES,
            offset=FILM_BYTES,
            run_id=RUN,
            direct=False,
            created_at=SIGNED_IN,
            expires_at="2026-03-10T08:55:00Z",
        ),
    )
