"""Direct uploads, as the API takes and sends them."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.schemas.examples import FILM, FILM_BYTES, FILM_SHA256, example
from api.schemas.upload import UploadOut
from services.direct_uploads import PIECE_BYTES

_Origin = Annotated[
    str, StringConstraints(max_length=300, pattern=r"^https?://[A-Za-z0-9.\-\[\]:]{1,280}$")
]
_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")]
_Crc32c = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{6}==$")]


class DirectUploadCreate(BaseModel):
    """A file that is to be sent to the bucket."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            name=FILM, bytes=FILM_BYTES, recipe="video", origin="https://studio.northlight.example"
        ),
    )

    name: str = Field(min_length=1, max_length=1024)
    bytes: int = Field(ge=1)
    recipe: str | None = Field(default=None, max_length=64)
    brand_id: UUID | None = Field(default=None, description="Else the default one.")
    origin: _Origin | None = Field(
        default=None, description="Of the page that sends it, where a browser does."
    )


class DirectUploadOut(BaseModel):
    """Where to send a file: a secret, with which anybody may send these bytes and no others."""

    model_config = ConfigDict(
        json_schema_extra=example(
            address="https://storage.googleapis.com/upload/storage/v1/b/media/o?uploadType=resumable&upload_id=THE-SESSION",
            method="PUT",
            headers={"Content-Type": "application/octet-stream"},
            piece_bytes=PIECE_BYTES,
        )
    )

    upload: UploadOut
    address: str = Field(description="A resumable session of Google Cloud Storage, for a week.")
    method: str = "PUT"
    headers: dict[str, str] = Field(
        default={"Content-Type": "application/octet-stream"}, description="To be sent with it."
    )
    piece_bytes: int = Field(
        default=PIECE_BYTES, description="All pieces but the last have a multiple of so many bytes."
    )


class DirectUploadEnd(BaseModel):
    """What was sent; what is said here is held against what has come."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=example(sha256=FILM_SHA256, crc32c="AAAAAA==")
    )

    sha256: _Sha256 | None = Field(default=None, description="In hexadecimal.")
    crc32c: _Crc32c | None = Field(
        default=None, description="Four bytes, the highest first, in base64."
    )
