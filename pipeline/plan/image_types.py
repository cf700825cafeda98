"""What the stages of the recipe `image` take and give: each goes through JSON."""

from typing import Final, Literal

from pydantic import Field

from pipeline.plan.types import Value

PROBE_IMAGE: Final = "probe_image"
IMAGE: Final = "image"


class ProbeImageOptions(Value):
    """Nothing: the bounds of what is accepted are the codecs' own."""


class ImageFormat(Value):
    """A format to write. `quality` is 0 to 100; `effort` is the encoder's own scale of speed."""

    name: Literal["avif", "webp", "jpeg"]
    quality: int
    effort: int = 0


class Shape(Value):
    """A crop: its aspect as people write it, and at most how large it is made; pixels."""

    name: str
    width: int
    height: int


class FocalPoint(Value):
    """A point of the upright picture, from its top left corner; 0 to 1."""

    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)


class ImageOptions(Value):
    """What is to be made. A given `focal_point` takes the place of the one that would be found.

    `background`, as `#rrggbb`, stands behind what is transparent, where a format cannot be.
    """

    widths: tuple[int, ...]
    formats: tuple[ImageFormat, ...]
    shapes: tuple[Shape, ...]
    shape_format: ImageFormat
    poster_width: int
    animation_width: int
    background: str = Field(default="#ffffff", pattern="^#[0-9a-f]{6}$")
    focal_point: FocalPoint | None = None


class FaceBox(Value):
    """A face that was found; parts of the upright picture, and the detector's score; 0 to 1."""

    left: float
    top: float
    width: float
    height: float
    score: float


class Colour(Value):
    """One of the colours that dominate, and its share of the picture; 0 to 1."""

    hex: str
    share: float


class Fit(Value):
    """What a network would show: the file for one of its places, or why none is fit for it."""

    network: str
    place: str
    path: str | None = None
    reason: str | None = None


class ImageResult(Value):
    """What became of a picture.

    `placeholder` is a ThumbHash in base64. `focal_point_by` says how the point was found: `given`,
    `faces`, `saliency`, or `centre` where nothing stands out. `notes` say what was changed or left
    out, and why, one line each.
    """

    width: int
    height: int
    focal_point: FocalPoint
    focal_point_by: Literal["given", "faces", "saliency", "centre"]
    faces: tuple[FaceBox, ...] = ()
    placeholder: str
    palette: tuple[Colour, ...]
    alpha: bool
    copyright: str | None = None
    networks: tuple[Fit, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
