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

    `transition` leads into it; from `transition_start` to `transition_end` both shots are seen, or
    neither: a cut and the film's beginning have none. `score` tells how sure it is that a shot
    begins here, 0 to 1.
    """

    start: float = Field(ge=0)
    end: float
    transition: Transition
    transition_start: float | None = None
    transition_end: float | None = None
    score: float = Field(default=1.0, ge=0, le=1)

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.start

    @property
    def transition_seconds(self) -> float:
        """How long the transition takes that leads into it; 0 for a cut."""
        begin, end = self.transition_start, self.transition_end
        return 0.0 if begin is None or end is None else end - begin

    @property
    def clear_start(self) -> float:
        """When the transition that leads into it is over."""
        return min(self.end, max(self.start, self.transition_end or 0.0))


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

    @property
    def transitions(self) -> tuple[tuple[float, float], ...]:
        """From when to when shots change, in seconds; a cut begins and ends at once."""
        return tuple(
            (
                one.start if one.transition_start is None else one.transition_start,
                one.start if one.transition_end is None else one.transition_end,
            )
            for one in self.shots[1:]
        )

    def clear(self, shot: int) -> tuple[float, float]:
        """From when to when nothing but that shot is seen; the two meet where that is never."""
        one = self.shots[shot]
        after = self.shots[shot + 1] if shot + 1 < len(self.shots) else None
        end = one.end
        if after is not None and after.transition_start is not None:
            end = min(end, after.transition_start)
        return one.clear_start, max(one.clear_start, end)


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
