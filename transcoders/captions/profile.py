"""The rules of captions as data: how much fits, how fast it may be read, how long it stays.

Line lengths are columns: a full-width character takes two. Durations, 42 columns, 2 lines, 20
characters a second and 2 frames are those of Netflix's general Timed Text Style Guide; so are the
lengths of Chinese, Japanese and Korean lines. Their reading speeds are those of captions that hold
all that is said (SDH); those of subtitles that abridge it are lower.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import Final

from core.errors import Rejected

_MIN_COLUMNS: Final = 8


@dataclass(frozen=True, slots=True)
class Profile:
    """The limits of one language at one frame rate; times are seconds unless they say frames."""

    rate: Fraction = Fraction(25)
    columns: int = 42
    lines: int = 2
    speed: float = 20.0
    """Characters a second, spaces included, at most."""
    min_seconds: float = 0.833
    max_seconds: float = 7.0
    gap_frames: int = 2
    close_seconds: float = 0.5
    """Gaps that are shorter than this are closed, but for `gap_frames`."""
    early_seconds: float = 0.25
    """How long before its first word a cue may begin where it could not be read otherwise."""
    linger_seconds: float = 0.4
    """How long it stays after its last word where nothing follows."""
    pause_seconds: float = 2.0
    """No cue goes on over a longer silence."""
    shot_seconds: float = 0.25
    """What is this near to a cut of the picture begins or ends with it."""

    def __post_init__(self) -> None:
        sane = (
            self.columns >= _MIN_COLUMNS
            and self.lines in (1, 2)
            and self.rate > 0
            and self.speed > 0
            and self.gap_frames >= 0
            and 0 < self.min_seconds <= self.max_seconds
            and min(self.close_seconds, self.early_seconds, self.linger_seconds) >= 0
        )
        if not sane:
            raise Rejected("the rules for captions contradict themselves", detail=repr(self))

    @property
    def min_frames(self) -> int:
        """The shortest duration, in frames; a rounding of 1 ms is no difference."""
        return ceil((Fraction(str(self.min_seconds)) - Fraction(1, 1000)) * self.rate)

    @property
    def max_frames(self) -> int:
        """The longest duration, in frames."""
        return floor(Fraction(str(self.max_seconds)) * self.rate)

    def frames(self, seconds: float) -> int:
        """The nearest frame to a time."""
        return round(Fraction(seconds) * self.rate)

    def reading_frames(self, characters: int) -> int:
        """How many frames it takes to read that much."""
        return ceil(Fraction(characters) / Fraction(str(self.speed)) * self.rate)


# Columns, and characters a second, by language.
_LIMITS: Final = {"ja": (32, 7.0), "zh": (32, 11.0), "yue": (32, 11.0), "ko": (32, 14.0)}


def profile_for(language: str, rate: Fraction = Fraction(25)) -> Profile:
    """The usual rules for a language (BCP 47) at a frame rate."""
    usual = Profile(rate=rate)
    limits = _LIMITS.get(language.partition("-")[0].lower())
    return replace(usual, columns=limits[0], speed=limits[1]) if limits else usual
