"""The frames around a candidate for a poster: which of them is sharp, and in no transition.

A dissolve or a fade is linear in time: its middle frame is the mean of those around it, point by
point. A movement is not: the mean of two places is a double picture. So the part of the change that
a straight line does not explain tells one from the other. Measured on films and on dissolves made
of them, over 0.4 s: 0.01 to 0.13 within transitions, 0.17 to 1.2 within movements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# What is looked at of each frame: luma, and below it the strength of edges, both this size.
WIDTH, HEIGHT = 96, 54
FRAME_BYTES: Final = 2 * WIDTH * HEIGHT

_SAMPLES_A_SECOND: Final = 15
_REACH_SECONDS: Final = 0.5
_REACH_SAMPLES: Final = 6
# Samples to the frames that a frame is compared with, about 0.2 s before and after it.
_APART: Final = 3

_LINEAR: Final = 0.15
# Mean change of luma over about 0.4 s: below the first nothing happens that could show.
_STILL, _LIVELY = 4.0, 20.0
# What a sample must gain in sharpness to be taken in place of its neighbour nearer the middle.
_NEARNESS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Window:
    """Samples of the grid: `count` frames from `begin`, `stride` apart; `middle` counts samples."""

    begin: int
    stride: int
    count: int
    middle: int

    def frame(self, sample: int) -> int:
        """A sample's number in the grid."""
        return self.begin + sample * self.stride


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame of a window; `change` is the mean change of luma around it, 0 to 255.

    `blended` tells that it is within a fade or a dissolve, `lively` that so much moves that there
    may be one.
    """

    frame: int
    sharpness: float
    change: float
    blended: bool

    @property
    def lively(self) -> bool:
        """So much moves around it that it may be within a transition after all."""
        return self.change > _LIVELY


def around(frame: int, bounds: tuple[int, int], fps: float) -> Window:
    """Up to half a second on both sides, within `bounds` (the first frame, and past the last)."""
    stride = max(1, round(fps / _SAMPLES_A_SECOND))
    reach = min(_REACH_SAMPLES, round(_REACH_SECONDS * fps / stride))
    before = min(reach, (frame - bounds[0]) // stride)
    after = min(reach, (bounds[1] - 1 - frame) // stride)
    return Window(frame - before * stride, stride, before + 1 + after, before)


def best(window: Window, samples: Sequence[bytes]) -> Moment:
    """The sharpest of a window's frames that are within no transition, as near as may be.

    Frames too near the window's ends to be compared are taken only where there are no others.
    """
    inner = range(_APART, window.count - _APART) or range(window.count)
    moments = {sample: _moment(window, samples, sample) for sample in inner}

    def order(sample: int) -> tuple[bool, float, int]:
        far = abs(sample - window.middle)
        return moments[sample].blended, -moments[sample].sharpness * (1 - _NEARNESS * far), far

    return moments[min(moments, key=order)]


def _moment(window: Window, samples: Sequence[bytes], sample: int) -> Moment:
    size = WIDTH * HEIGHT
    apart = min(_APART, sample, window.count - 1 - sample)
    change = blended = 0.0
    if apart:
        one, here, two = (samples[sample + by][:size] for by in (-apart, 0, apart))
        change = sum(abs(a - b) for a, b in zip(one, two, strict=True)) / size
        bent = sum(abs(2 * m - a - b) for a, m, b in zip(one, here, two, strict=True)) / 2 / size
        blended = change > _STILL and bent < _LINEAR * change
    return Moment(
        frame=window.frame(sample),
        sharpness=sum(samples[sample][size:]) / size,
        change=change,
        blended=bool(blended),
    )
