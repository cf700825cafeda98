"""A steady path through where a subject was seen: one convex problem, solved as a whole.

Minimise what the subject is off by beyond comfort, plus a little for every move (which keeps the
camera still where it can be), with acceleration and place bounded. Solved by ADMM (Boyd et al.
2011); then drawn together by as much as makes the bounds hold exactly. In the child: numpy.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

_Line = npt.NDArray[np.float64]

_ROUNDS: Final = 600
_RHO: Final = 1.0
_RELAXED: Final = 1.6
# Within comfort the middle is a little better than the edge: a camera that rests is not off.
_PULL: Final = 0.08


@dataclass(frozen=True, slots=True)
class Bounds:
    """All in one unit of length, such as windows; acceleration is per sample squared."""

    low: float
    high: float
    acceleration: float
    comfort: float
    move_cost: float = 0.5


def steady(seen: _Line, weights: _Line, bounds: Bounds) -> _Line:
    """A path of as many samples: one number where it can stand still, exactly within bounds.

    `seen` is where the middle of the window would be best; `weights` are 0 where nobody knows.
    """
    known = weights > 0
    if not known.any() or bounds.high <= bounds.low:
        middle = float(np.clip(np.median(seen[known]), bounds.low, bounds.high)) if known.any() \
            else (bounds.low + bounds.high) / 2  # fmt: skip
        return np.array([middle])
    wanted = np.clip(_filled(seen, known), bounds.low, bounds.high)
    still = _hold(wanted[known], weights[known], bounds)
    if still is not None or len(wanted) < 4:
        return np.array([still if still is not None else float(np.median(wanted[known]))])
    return _within(_solved(wanted, weights, bounds), bounds)


def _filled(seen: _Line, known: npt.NDArray[np.bool_]) -> _Line:
    places = np.arange(len(seen))
    return np.interp(places, places[known], seen[known])


def _hold(seen: _Line, weights: _Line, bounds: Bounds) -> float | None:
    """Where one place is comfortable for nearly all of the time, that place."""
    order = np.argsort(seen)
    mass = np.cumsum(weights[order]) / weights.sum()
    # A single false face must not move a camera.
    low, middle, high = (
        float(seen[order[min(len(seen) - 1, int(np.searchsorted(mass, part)))]])
        for part in (0.03, 0.5, 0.97)
    )
    if high - low > 2 * bounds.comfort:
        return None
    return float(
        np.clip(
            min(max(middle, high - bounds.comfort), low + bounds.comfort), bounds.low, bounds.high
        )
    )


def _solved(wanted: _Line, weights: _Line, bounds: Bounds) -> _Line:
    count = len(wanted)
    one = np.eye(count)
    first, second = np.diff(one, axis=0), np.diff(one, n=2, axis=0)
    # Rows of one size, so that each constraint is heard alike.
    rows = np.vstack([one, first, second, one])
    solve = np.linalg.inv(rows.T @ rows)
    cuts = np.cumsum([count, count - 1, count - 2])
    limit = weights / _RHO
    place: _Line = wanted.copy()
    z, u = rows @ wanted, np.zeros(len(rows))
    for _ in range(_ROUNDS):
        place = solve @ (rows.T @ (z - u))
        seen = _RELAXED * (rows @ place) + (1 - _RELAXED) * z
        told = seen + u
        near, move, bend, inside = np.split(told, cuts)
        z = np.concatenate(
            [
                wanted + _outside(near - wanted, bounds.comfort, limit),
                np.sign(move) * np.maximum(np.abs(move) - bounds.move_cost / _RHO, 0.0),
                np.clip(bend, -bounds.acceleration, bounds.acceleration),
                np.clip(inside, bounds.low, bounds.high),
            ]
        )
        u = told - z
    return place


def _outside(off: _Line, comfort: float, limit: _Line) -> _Line:
    """The proximal step of a weight times max(|off| - comfort, 0), and a little of |off|."""
    size = np.maximum(np.abs(off) - _PULL * limit, 0.0)
    size = size - np.minimum(np.maximum(size - comfort, 0.0), limit)
    pulled: _Line = np.sign(off) * size
    return pulled


def _within(place: _Line, bounds: Bounds) -> _Line:
    """Drawn together around one place until nothing is out of bounds; a straight line stays."""
    bend = float(np.abs(np.diff(place, n=2)).max())
    part = min(1.0, bounds.acceleration / bend) if bend > 0 else 1.0
    middle = float(np.clip(np.median(place), bounds.low, bounds.high))
    drawn = middle + part * (place - middle)
    high = (bounds.high - middle) / max(float(drawn.max()) - middle, 1e-12)
    low = (middle - bounds.low) / max(middle - float(drawn.min()), 1e-12)
    inside: _Line = middle + max(0.0, min(1.0, high, low)) * (drawn - middle)
    return inside
