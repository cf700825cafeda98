"""Playback and publication, as the API sends them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Mp4Out(BaseModel):
    """The whole film in one file, to download or to post; bits a second."""

    model_config = ConfigDict(from_attributes=True)

    url: str
    width: int | None
    height: int | None
    bitrate: int | None
    bytes: int


class AddressesOut(BaseModel):
    """Where the parts of a package are; null for those that there are not.

    Without the setting PUBLIC_URL they begin with a slash: they are the API's own.
    """

    model_config = ConfigDict(from_attributes=True)

    hls: str | None = Field(description="The multivariant playlist, for players that speak HLS.")
    dash: str | None = Field(description="The MPD, for players that speak DASH.")
    mp4: list[Mp4Out]
    poster: str | None
    storyboard: str | None = Field(description="WebVTT that says where each small frame is.")


class PlaybackOut(BaseModel):
    """Addresses that play an asset, all of them until `expires_at`."""

    model_config = ConfigDict(from_attributes=True)

    asset_id: UUID
    run_id: UUID
    preview: bool = Field(description="Whether the final package is still being made.")
    addresses: AddressesOut
    expires_at: datetime


class SourceAddressOut(BaseModel):
    """Where the uploaded file can be downloaded until `expires_at`."""

    model_config = ConfigDict(from_attributes=True)

    url: str
    expires_at: datetime


class PublicationOut(BaseModel):
    """The stable address of a published asset; what is below it follows the current package."""

    model_config = ConfigDict(from_attributes=True)

    asset_id: UUID
    url: str
    addresses: AddressesOut


class EndedOut(BaseModel):
    """When nobody can see what was to be seen."""

    ends_at: datetime = Field(description="Until then an address may still open something.")
    cached_until: datetime = Field(
        description="Until then caches may show what they have: browsers their own, and those of"
        " content networks what was public."
    )
