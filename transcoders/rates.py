"""Frames a second as the frames themselves tell, since what headers say of it is often wrong."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import fmean, median
from typing import Final

# Above this a time base was mistaken for a rate (1000 and 90000 are common).
FASTEST: Final = 300
# Below this it is slides: no rate to encode at.
SLOWEST: Final = 5

# Times in milliseconds are off by half of one at either end of a frame.
_ROUNDING_SECONDS: Final = 0.00111
# Of the frames: so many that are alike give the rate.
_MOSTLY: Final = 0.8
_SAME_SECONDS: Final = 1e-6
_SAME_RATE: Final = Fraction(1, 4000)
_STANDARD_RATES: Final = tuple(
    Fraction(*rate)
    for rate in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1),
                 (60000, 1001), (60, 1), (100, 1), (120000, 1001), (120, 1))
)  # fmt: skip


def rate_of(runs: Iterable[Sequence[float]], told: Fraction | None) -> tuple[Fraction | None, bool]:
    """Frames a second, and whether all frames last equally long, from runs of their times.

    Of a variable rate it is that of most frames. `told` is the rate that the file itself names: it
    or a standard one is meant where it is as good as equal.
    """
    steps = [b - a for times in runs for a, b in pairwise(times) if b - a > _SAME_SECONDS]
    if not steps:
        return _plausible(told, constant=True)
    frame = _usual(steps)
    constant = all(abs(step - frame) <= _tolerance(frame) for step in steps)
    measured = Fraction(1 / frame)
    # The mean of few steps is only as good as the rounding of its ends.
    doubt = _SAME_RATE + Fraction(_ROUNDING_SECONDS / (len(steps) * frame))
    meant = sorted(_STANDARD_RATES, key=lambda rate: (rate != told, abs(rate - measured)))
    near = (rate for rate in [*meant, told] if rate and abs(rate - measured) / measured <= doubt)
    rate = next(near, measured.limit_denominator(1001))
    return _plausible(rate, constant=constant)


def _plausible(rate: Fraction | None, *, constant: bool) -> tuple[Fraction | None, bool]:
    """No rate where a time base was mistaken for one; none to rely on where hardly anything moves.

    A player that is given one frame in many seconds has nowhere to start or to seek to.
    """
    if rate is None or not 0 < rate <= FASTEST:
        return None, False
    return rate, constant and rate >= SLOWEST


def _usual(steps: Sequence[float]) -> float:
    """Seconds that a frame lasts, but for pauses, drops and hiccups."""
    middle = median(steps)
    alike = [step for step in steps if abs(step - middle) <= _tolerance(middle)]
    if len(alike) < _MOSTLY * len(steps):
        alike = [step for step in steps if middle / 2 < step < middle * 1.75]
    return fmean(alike or [middle])


def _tolerance(frame: float) -> float:
    return max(_ROUNDING_SECONDS, frame / 50)


def on_grid(keyframes: Sequence[tuple[float, int]], rate: Fraction) -> bool:
    """Whether keyframes all over the file are whole numbers of frames apart."""
    frame = float(1 / rate)
    tolerance = max(2 * _ROUNDING_SECONDS, frame / 20)
    gaps = (time - keyframes[0][0] for time, _ in keyframes)
    return all(abs(gap - round(gap / frame) * frame) <= tolerance for gap in gaps)
