"""What networks draw over a tall video, as data: words and faces keep out of it.

Parts of the picture's height and width. Source K: general knowledge, unchecked; none of these
networks has a figure in its developers' documentation.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class SafeArea:
    """How much of each side is not free; `source` is where the figures are from."""

    top: float
    right: float
    bottom: float
    left: float
    source: str = "K, November 2026"


TALL: Final[dict[str, SafeArea]] = {
    # Meta's guide for advertisements in reels: 14% above, 35% below, 6% on each side.
    "instagram": SafeArea(0.14, 0.06, 0.35, 0.06),
    "facebook": SafeArea(0.14, 0.06, 0.35, 0.06),
    # Title and buttons of Shorts.
    "youtube": SafeArea(0.10, 0.13, 0.25, 0.04),
    "x": SafeArea(0.08, 0.10, 0.20, 0.04),
    "linkedin": SafeArea(0.08, 0.10, 0.25, 0.04),
}
"""Where a film fills the screen and buttons lie upon it."""

PLAIN: Final = SafeArea(0.05, 0.05, 0.05, 0.05, "EBU R 95: 5% on each side")
"""Where a film stands within a feed."""


def for_all(*, tall: bool) -> SafeArea:
    """What is free on every network."""
    if not tall:
        return PLAIN
    every = TALL.values()
    return SafeArea(
        top=max(one.top for one in every),
        right=max(one.right for one in every),
        bottom=max(one.bottom for one in every),
        left=max(one.left for one in every),
    )
