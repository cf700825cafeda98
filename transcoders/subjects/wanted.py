"""What the child is asked for and what it answers: plain values that go through JSON.

No pydantic here: the child does without. Places and sizes are pixels of the picture, upright, as
large as the request says; frames are counted from the clip's beginning.
"""

import json
from dataclasses import asdict, dataclass
from typing import Literal

Seen = Literal["faces", "saliency", "whole"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is cut out for: so many pixels in the end."""

    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Request:
    """A clip's frames, every `step`th of them, as JPEGs one behind the other in `frames_path`.

    `cuts` are frames that begin a shot; `width` and `height` are the picture that is cut from.
    """

    frames_path: str
    step: int
    frames: int
    fps: float
    width: int
    height: int
    cuts: tuple[int, ...]
    shapes: tuple[Shape, ...]
    detector: str | None = None

    def to_json(self) -> str:
        """As the child reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Request":
        """The same, of plain values."""
        plain = json.loads(text)
        plain["cuts"] = tuple(plain["cuts"])
        plain["shapes"] = tuple(Shape(**one) for one in plain["shapes"])
        return cls(**plain)


@dataclass(frozen=True, slots=True)
class Window:
    """What is cut out over time: its size, and where its left and upper edges are.

    One number stands still. More are the control points of a uniform quadratic B-spline, `step`
    frames apart, the first at the piece's beginning: between them acceleration is constant.
    """

    width: int
    height: int
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """From `begin` to before `end`: one window, or two that stand one above the other."""

    begin: int
    end: int
    seen: Seen
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The pieces of each shape by its name, in order and without a gap; faces found; what ran."""

    paths: dict[str, tuple[Piece, ...]]
    samples: int
    faces: int
    tools: str

    @classmethod
    def from_plain(cls, plain: dict[str, object]) -> "Answer":
        """Of plain values, as JSON has them."""
        text = json.loads(json.dumps(plain))
        paths = {
            name: tuple(
                Piece(
                    **{
                        **piece,
                        "windows": tuple(
                            Window(**{**one, "x": tuple(one["x"]), "y": tuple(one["y"])})
                            for one in piece["windows"]
                        ),
                    }
                )
                for piece in pieces
            )
            for name, pieces in text["paths"].items()
        }
        return cls(**{**text, "paths": paths})
