"""What the stage `moments` takes and gives: the parts of a film that stand for themselves."""

from itertools import pairwise
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from core.errors import Rejected
from pipeline.plan.types import Value
from pipeline.plan.words_types import Score

MOMENTS: Final = "moments"
"""The stage, and the kind of its artifact, a `Moments`."""
MOMENTS_FILE: Final = "moments.json"

LEAST_SECONDS: Final = 15.0
MOST_SECONDS: Final = 90.0
MOST_MOMENTS: Final = 12
_MAX_BYTES: Final = 8 << 20

Edge = Literal["film", "sentence", "sentence and shot", "shot", "pause"]
"""What a moment begins or ends with; `film` is the film's own beginning or end."""


class MomentsOptions(Value):
    """The film's length, the stage whose speech is listened to, and who saw its picture.

    `audio` is None where there is no sound; `names` are the brand's.
    """

    seconds: float = Field(gt=0)
    audio: str | None = None
    chunks: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    most: int = Field(default=MOST_MOMENTS, ge=1, le=100)


class Moment(Value):
    """A part of the film in seconds, how good it is and why; `text` is what is said in it."""

    begin: float = Field(ge=0)
    end: float
    begins_with: Edge
    ends_with: Edge
    score: Score
    text: str = ""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end - self.begin


class Moments(Value):
    """The best moments, best first; none overlap. `how` says by what they were told apart."""

    seconds: float
    how: str
    language: str | None = None
    moments: tuple[Moment, ...]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        ordered = sorted(self.moments, key=lambda one: one.begin)
        if any(one.end > other.begin for one, other in pairwise(ordered)):
            raise ValueError("moments overlap")
        if any(not 0 <= one.begin < one.end <= self.seconds + 1e-6 for one in ordered):
            raise ValueError("a moment is not in the film")
        return self


class MomentsResult(Value):
    """How many moments there are among how many candidates, and the best one's points."""

    moments: int
    candidates: int
    how: str
    best_points: int = 0
    loudness_heard: bool = False
    seconds: float = 0.0
    cpu_seconds: float = 0.0


def read(path: Path) -> Moments:
    """What the stage `moments` wrote; Rejected where the file is another."""
    if path.stat().st_size > _MAX_BYTES:
        raise Rejected(f"the list of moments has more than {_MAX_BYTES >> 20} MiB")
    try:
        return Moments.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise Rejected("the list of moments cannot be read", detail=str(error)[:2000]) from error
