"""What the child is asked for and what it answers: plain values that go through JSON.

No pydantic here: importing it would take the child longer than most pictures do.
"""

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a format is written. `quality` 0 to 100; `effort` is the encoder's own scale."""

    format: str
    quality: int
    effort: int = 0


@dataclass(frozen=True, slots=True)
class Crop:
    """A shape that a network shows: at most this large, and cut out where the shape differs."""

    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that is to be made of one picture.

    `focal` is a point of the upright picture, each coordinate 0 to 1; None lets it be found.
    `background` stands behind what is transparent, where a format has no transparency.
    """

    widths: tuple[int, ...]
    encodings: tuple[Encoding, ...]
    crops: tuple[Crop, ...]
    crop_encodings: tuple[Encoding, ...]
    poster_width: int
    animation_width: int
    background: tuple[int, int, int] = (255, 255, 255)
    focal: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the child; without `work` only what is in the file."""

    source: str
    mime: str
    folder: str
    work: Work | None = None
    detector: str | None = None

    def to_json(self) -> str:
        """As the child reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Request":
        """The same, of plain values."""
        plain = json.loads(text)
        work = plain["work"]
        if work is not None:
            work = Work(
                widths=tuple(work["widths"]),
                encodings=tuple(Encoding(**one) for one in work["encodings"]),
                crops=tuple(Crop(**one) for one in work["crops"]),
                crop_encodings=tuple(Encoding(**one) for one in work["crop_encodings"]),
                poster_width=work["poster_width"],
                animation_width=work["animation_width"],
                background=tuple(work["background"]),
                focal=tuple(work["focal"]) if work["focal"] else None,
            )
        return cls(**{**plain, "work": work})


@dataclass(frozen=True, slots=True)
class File:
    """A file that was written into the folder."""

    name: str
    role: str
    rendition: str
    mime: str
    codec: str
    width: int
    height: int
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """A face in the upright picture; coordinates and sizes 0 to 1, as is the detector's score."""

    left: float
    top: float
    width: float
    height: float
    score: float


@dataclass(frozen=True, slots=True)
class Focus:
    """The point that every crop keeps; `found_by` is given, faces, saliency or centre."""

    x: float
    y: float
    found_by: str
    faces: tuple[Face, ...] = ()


@dataclass(slots=True)
class Made:
    """What became of a picture; state: filled while the work goes on."""

    files: list[File] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    focus: Focus | None = None
    placeholder: str = ""
    palette: list[tuple[str, float]] = field(default_factory=list)
    tools: str = ""
