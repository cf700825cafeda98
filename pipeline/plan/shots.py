"""Where one shot of a film ends and the next begins: options, result, and the file that says so."""

from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Final, Self

from pydantic import Field, ValidationError, model_validator

from core.errors import Rejected
from core.renditions import Grid
from pipeline.plan.types import Value

SHOTS: Final = "shots"
SHOTS_FILE: Final = "shots.json"
# A flicker of two days.
_MAX_BYTES: Final = 256 << 20


class Transition(StrEnum):
    """How a shot begins. A fade leads through a picture of one colour, mostly black."""

    NONE = "none"
    CUT = "cut"
    DISSOLVE = "dissolve"
    FADE = "fade"


class ShotsOptions(Value):
    """The film's frames, and the stages that made its parts, in order."""

    grid: Grid
    chunks: tuple[str, ...]


class Shot(Value):
    """From `start` to before `end`, in seconds of the film as it is played.

    `transition` leads into it and `transition_seconds` long both shots are seen, around `start`;
    a cut has none. `score` tells how sure it is that a shot begins here, 0 to 1.
    """

    start: float = Field(ge=0)
    end: float
    transition: Transition
    transition_seconds: float = Field(default=0.0, ge=0)
    score: float = Field(default=1.0, ge=0, le=1)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start

    @property
    def clear_start(self) -> float:
        """When the transition that leads into it is over."""
        return min(self.end, self.start + self.transition_seconds / 2)


class Shots(Value):
    """All shots of a film, in order and without a gap: the first begins at 0, the last at its end.

    `made_by` says by what means they were found.
    """

    seconds: float = Field(gt=0)
    frame_rate: str
    made_by: str
    shots: tuple[Shot, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _cover_the_film(self) -> Self:
        if self.shots[0].start != 0 or self.shots[-1].end != self.seconds:
            raise ValueError("the shots do not cover the film")
        if any(one.end != two.start for one, two in pairwise(self.shots)):
            raise ValueError("the shots do not meet")
        if any(one.end <= one.start for one in self.shots):
            raise ValueError("a shot is over before it begins")
        return self

    @property
    def cuts(self) -> tuple[float, ...]:
        """When shots change, in seconds."""
        return tuple(one.start for one in self.shots[1:])


class ShotsResult(Value):
    """How many shots there are, and how many begin in which way."""

    shots: int
    transitions: dict[Transition, int]
    longest_seconds: float
    made_by: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0


def read(path: Path) -> Shots:
    """What the stage `shots` wrote; Rejected where the file is another."""
    if path.stat().st_size > _MAX_BYTES:
        raise Rejected(f"the list of shots has more than {_MAX_BYTES >> 20} MiB")
    try:
        return Shots.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise Rejected("the list of shots cannot be read", detail=str(error)[:2000]) from error
