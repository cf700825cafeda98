"""Playback and publication, as the API sends them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.examples import ASSET, RUN, example

_MEDIA = "https://automator.northlight.example/v1/media/THE-TOKEN-OF-THE-ADDRESS"
_PUBLIC = (
    "https://automator.northlight.example/v1/public/"
    "5f3c9a1e7c424b8d9d0a2e6b1f8c4a73-c0a8f5d1e6b94f2783d1a45e9b7c6f20"
)


class Mp4Out(BaseModel):
    """The whole film in one file, to download or to post; bits a second."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            url=f"{_MEDIA}/mp4/1080p.mp4",
            width=1920,
            height=1080,
            bitrate=4_800_000,
            bytes=37_440_512,
        ),
    )

    url: str
    width: int | None
    height: int | None
    bitrate: int | None
    bytes: int


class PictureOut(BaseModel):
    """One of the files that a picture became."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            url=f"{_MEDIA}/image/1280.avif",
            role="variant",
            shape=None,
            mime="image/avif",
            width=1280,
            height=853,
            bytes=84_112,
        ),
    )

    url: str
    role: str | None = Field(description="`variant`, `crop` or `animation`.")
    shape: str | None = Field(description="The aspect that a crop was cut to, such as 4:5.")
    mime: str
    width: int | None
    height: int | None
    bytes: int


class AddressesOut(BaseModel):
    """Where the parts of a package are; null for those that there are not.

    Without the setting PUBLIC_URL they begin with a slash: they are the API's own.
    """

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            hls=f"{_MEDIA}/stream/master.m3u8",
            dash=f"{_MEDIA}/stream/manifest.mpd",
            poster=f"{_MEDIA}/poster.jpg",
            storyboard=f"{_MEDIA}/storyboard/storyboard.vtt",
        ),
    )

    hls: str | None = Field(description="The multivariant playlist, for players that speak HLS.")
    dash: str | None = Field(description="The MPD, for players that speak DASH.")
    mp4: list[Mp4Out]
    poster: str | None
    storyboard: str | None = Field(description="WebVTT that says where each small frame is.")
    images: list[PictureOut] = Field(
        default_factory=list, description="Of a picture: its sizes, formats and crops."
    )


class PlaybackOut(BaseModel):
    """Addresses that play an asset, all of them until `expires_at`."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            asset_id=ASSET,
            run_id=RUN,
            preview=False,
            expires_at="2026-03-09T15:03:14Z",
        ),
    )

    asset_id: UUID
    run_id: UUID
    preview: bool = Field(description="Whether the final package is still being made.")
    addresses: AddressesOut
    expires_at: datetime


class SourceAddressOut(BaseModel):
    """Where the uploaded file can be downloaded until `expires_at`."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(url=f"{_MEDIA}/source", expires_at="2026-03-09T15:03:14Z"),
    )

    url: str
    expires_at: datetime


class PublicationOut(BaseModel):
    """The stable address of a published asset; what is below it follows the current package."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            asset_id=ASSET,
            url=_PUBLIC,
            addresses={
                "hls": f"{_PUBLIC}/stream/master.m3u8",
                "dash": f"{_PUBLIC}/stream/manifest.mpd",
                "mp4": [],
                "poster": f"{_PUBLIC}/poster.jpg",
                "storyboard": f"{_PUBLIC}/storyboard/storyboard.vtt",
            },
        ),
    )

    asset_id: UUID
    url: str
    addresses: AddressesOut


class EndedOut(BaseModel):
    """When nobody can see what was to be seen."""

    model_config = ConfigDict(
        json_schema_extra=example(
            ends_at="2026-03-09T09:02:17Z", cached_until="2026-03-09T15:03:14Z"
        )
    )

    ends_at: datetime = Field(description="Until then an address may still open something.")
    cached_until: datetime = Field(
        description="Until then caches may show what they have: browsers their own, and those of"
        " content networks what was public."
    )
