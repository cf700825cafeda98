"""Assets, as the API takes and sends them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.paging import Page
from api.schemas.examples import ASSET, BRAND_ID, FILM, FILM_BYTES, FILM_SHA256, UPLOADED, example
from api.schemas.run import RunOut
from core.errors import Rejected
from services import library
from services.asset_views import State
from services.assets import NAME_LENGTH


class AssetOut(BaseModel):
    """An uploaded file; `media` is what probing found, once it has."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=ASSET,
            brand_id=BRAND_ID,
            name=FILM,
            kind="video",
            mime="video/mp4",
            bytes=FILM_BYTES,
            sha256=FILM_SHA256,
            tags=["spring", "shop"],
            version=3,
            state="ready",
            media={
                "container": "mp4",
                "mime": "video/mp4",
                "bytes": FILM_BYTES,
                "duration_seconds": 62.4,
                "video": [
                    {
                        "index": 0,
                        "codec": "h264",
                        "width": 1920,
                        "height": 1080,
                        "frame_rate": "25/1",
                    }
                ],
                "audio": [{"index": 1, "codec": "aac", "channels": 2, "sample_rate": 48_000}],
            },
            duplicate_of=None,
            created_at=UPLOADED,
            trashed_at=None,
        ),
    )

    id: UUID
    name: str
    kind: str
    mime: str
    bytes: int
    sha256: str
    tags: list[str]
    brand_id: UUID
    version: int = Field(description="Counts the changes that people make; part of the ETag.")
    state: State = Field(description="What the newest run makes of it; `uploaded` without one.")
    media: dict[str, Any] | None
    duplicate_of: UUID | None = Field(
        description="The oldest asset with the same content, where that is another one."
    )
    created_at: datetime
    trashed_at: datetime | None = Field(description="Thirty days later, it is removed for good.")


class AssetPage(Page[AssetOut]):
    """Assets, newest first."""


class AssetCreated(BaseModel):
    """What an upload began."""

    asset: AssetOut
    run: RunOut


def _name(name: str | None) -> str:
    if name is None:
        raise ValueError("an asset has a name: it cannot be removed")
    try:
        return library.checked_name(name)
    except Rejected as error:
        raise ValueError(str(error)) from None


def _tags(tags: list[str] | None) -> list[str]:
    try:
        return library.checked_tags(tags or [])
    except Rejected as error:
        raise ValueError(str(error)) from None


def _brand(brand_id: UUID | None) -> UUID:
    if brand_id is None:
        raise ValueError("an asset belongs to a brand: name another one")
    return brand_id


class AssetPatch(BaseModel):
    """What is to change (RFC 7396): what is left out stays, and null takes the tags away."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=example(name=FILM, tags=["spring", "shop"])
    )

    name: Annotated[str | None, AfterValidator(_name)] = Field(
        default=None, description=f"1 to {NAME_LENGTH} characters, none of them / or \\."
    )
    tags: Annotated[list[str] | None, AfterValidator(_tags)] = Field(
        default=None,
        max_length=1000,
        description=f"At most {library.TAGS} of at most {library.TAG_LENGTH} characters each;"
        " trimmed, in Unicode's NFC, each once however it is capitalised.",
    )
    brand_id: Annotated[UUID | None, AfterValidator(_brand)] = Field(
        default=None, description="Moves it to another brand."
    )
