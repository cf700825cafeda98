"""What the child is asked for and what it answers: plain values that go through JSON."""

import json
from dataclasses import asdict, dataclass

from transcoders.images.wanted import Crop, Face


@dataclass(frozen=True, slots=True)
class Shape(Crop):
    """A shape, how large a file of it may be, and where networks lay nothing over it.

    `safe` is left, top, right and bottom of what stays free, 0 to 1; `lines` the most of a title.
    """

    most_bytes: int
    safe: tuple[float, float, float, float]
    lines: int


@dataclass(frozen=True, slots=True)
class Brand:
    """What a title looks like; colours are #rrggbb, None where the brand has none."""

    title: str
    text: str | None = None
    plate: str | None = None


@dataclass(frozen=True, slots=True)
class Frames:
    """RGB pictures of one size that follow each other in a file."""

    path: str
    width: int
    height: int
    count: int


@dataclass(frozen=True, slots=True)
class Request:
    """Without `folder` frames are judged; with it each frame is cut to every shape named for it.

    `wanted` says for each shape which frames become its thumbnails, the best first.
    """

    frames: Frames
    shapes: tuple[Shape, ...]
    detector: str | None = None
    folder: str | None = None
    wanted: tuple[tuple[int, ...], ...] = ()
    brand: Brand | None = None
    font: str | None = None

    def to_json(self) -> str:
        """As the child reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Request":
        """The same, of plain values."""
        plain = json.loads(text)
        return cls(
            frames=Frames(**plain["frames"]),
            shapes=tuple(Shape(**{**one, "safe": tuple(one["safe"])}) for one in plain["shapes"]),
            detector=plain["detector"],
            folder=plain["folder"],
            wanted=tuple(tuple(one) for one in plain["wanted"]),
            brand=Brand(**plain["brand"]) if plain["brand"] else None,
            font=plain["font"],
        )


@dataclass(frozen=True, slots=True)
class Fit:
    """How a frame sits in a shape: the part of what stands out that is kept, 0 to 1.

    `whole` tells that no face is cut at an edge.
    """

    shape: str
    kept: float
    whole: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What is in a frame. Measures are 0 to 1; `mark` is a perceptual hash of 64 bits in hex.

    `subject` is the part of the picture that the subject takes, `room` how calm its calmest side.
    """

    luma: float
    clipped: float
    contrast: float
    sharpness: float
    colour: float
    subject: float
    subject_by: str
    room: float
    mark: str
    faces: tuple[Face, ...]
    fits: tuple[Fit, ...]


@dataclass(frozen=True, slots=True)
class Titled:
    """How a title was set: over what (`picture`, `shade` or `plate`), and its least contrast.

    Contrast is that of WCAG 2, 1 to 21, against the pixels under the letters: all but the worst
    hundredth of them have it. `box` is where the letters are, 0 to 1.
    """

    over: str
    contrast: float
    size: int
    lines: tuple[str, ...]
    box: tuple[float, float, float, float]
    colour: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that was written into the folder. `place` counts from the best of its shape, 1."""

    name: str
    role: str
    shape: str
    place: int
    frame: int
    mime: str
    codec: str
    width: int
    height: int
    titled: Titled | None = None
