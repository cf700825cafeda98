"""What the child is asked for and what it answers: plain values that go through JSON."""

from dataclasses import dataclass
from typing import Final, Literal

WIDTH, HEIGHT = 32, 18
FRAME_BYTES: Final = 3 * WIDTH * HEIGHT
"""Luma and both chroma planes, each whole."""


@dataclass(frozen=True, slots=True)
class Change:
    """A shot begins at `frame`; from `begin` to `end` both are seen. `score` is 0.5 to 1."""

    frame: int
    begin: int
    end: int
    kind: Literal["cut", "dissolve", "fade"]
    score: float
