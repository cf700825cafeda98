"""Facts about a picture, as measured: the words that planning and transcoding share."""

from pydantic import BaseModel, ConfigDict


class ImageProbe(BaseModel):
    """What is in the file of a picture. Sizes in pixels; times in seconds.

    `width` and `height` are as seen, upright. `container` is the format's name. `frames` is above 1
    for what moves, and then `duration_seconds` is how long it takes to show them once.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    container: str
    mime: str
    bytes: int
    width: int
    height: int
    orientation: int = 1
    """The tag of EXIF, 1 to 8: how the stored pixels must be turned to be upright."""
    mode: str
    """Pillow's name of the stored pixels: `RGB`, `CMYK`, `I;16`, …"""
    alpha: bool = False
    frames: int = 1
    duration_seconds: float | None = None
    progressive: bool = False
    profile: str | None = None
    """The name of the embedded colour profile."""
    copyright: str | None = None
    artist: str | None = None
    content_credentials: bool = False
    """Whether the file carries a C2PA manifest."""
