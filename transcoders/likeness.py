"""How alike what was made of a picture and the picture itself are, from a comparison's numbers."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import Retryable
from transcoders.comparison import Window

# Less change than this between frames, as a squared error: nothing moves that could be late.
_STILL: Final = 2.0
# A fault that comes in the middle of a window must not hide in the mean over all of it.
_PART_FRAMES: Final = 8


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike a rendition and the source are within a window of `frames`.

    `ssim` is luma's mean. `error` is the root of the mean squared error of the worst plane among
    luma and chroma, 0 to 255, of pictures so small that only the picture's make-up is left.
    `lag` is by how many frames the rendition lags behind (negative: is ahead), in parts of the
    change between neighbouring frames: 0 where it does not, 1 where each frame is the one before.
    `neighbour` is how far it is at worst from a frame's neighbour, in parts of how far it is from
    the frame itself, as squared errors over a few frames: below 1 the neighbour is nearer.
    """

    frames: int
    ssim: float
    error: float
    lag: float = 0.0
    neighbour: float = 1.0
    vmaf: float | None = None


def read(folder: Path, window: Window, candidates: int) -> list[Likeness]:
    """What a comparison found, in the order of its candidates, from the files that it left."""
    change = _column(folder / "change", "mse_y")
    return [_likeness(folder, number, window, change) for number in range(candidates)]


def _likeness(folder: Path, number: int, window: Window, change: Sequence[float]) -> Likeness:
    ssim = _column(folder / f"{number}.ssim", "Y")
    tiny = [_column(folder / f"{number}.tiny", f"mse_{plane}") for plane in "yuv"]
    now, before, after = (
        _column(folder / f"{number}.{when}", "mse_y") for when in ("now", "before", "after")
    )
    now = now[1:-1]
    return Likeness(
        frames=len(ssim),
        ssim=round(_mean(ssim), 5),
        error=round(max(_mean(plane) for plane in tiny) ** 0.5, 3),
        lag=round(_lag(now, before, after, change), 3),
        neighbour=round(min(_nearest(now, before), _nearest(now, after)), 3),
        vmaf=_vmaf(folder / f"{number}.vmaf") if window.vmaf else None,
    )


def _lag(
    now: Sequence[float], before: Sequence[float], after: Sequence[float], change: Sequence[float]
) -> float:
    """The part of a rendition's error that lies along the change to the neighbouring frame.

    With e the error and d that change, it is e·d/d·d, where e·d = (|e|² + |d|² - |e - d|²) / 2.
    What coding takes away of noise alone makes at most 0.5 of it, on either side.
    """
    parts = []
    for neighbour, changes in ((before, change[:-1]), (after, change[1:])):
        moved = sum(changes)
        if not now or moved < _STILL * len(now):
            return 0.0
        parts.append((sum(now) + moved - sum(neighbour)) / (2 * moved))
    late, early = parts
    return late if late >= early else -early


def _nearest(now: Sequence[float], neighbour: Sequence[float]) -> float:
    parts = range(0, len(now), _PART_FRAMES)
    return min(
        (
            (_mean(neighbour[at : at + _PART_FRAMES]) + _STILL / 4)
            / (_mean(now[at : at + _PART_FRAMES]) + _STILL / 4)
            for at in parts
        ),
        default=1.0,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _column(path: Path, name: str) -> list[float]:
    """One number of each line of a file such as `n:1 mse_avg:0.10 mse_y:0.12 …`."""
    if not path.exists():
        return []
    word = re.compile(rf"(?:^| ){name}:(\S+)")
    with path.open() as lines:
        return [float(found[1]) for line in lines if (found := word.search(line))]


def _vmaf(path: Path) -> float:
    try:
        found = json.loads(path.read_text())["pooled_metrics"]["vmaf"]["mean"]
    except (OSError, ValueError, KeyError) as error:
        raise Retryable("VMAF could not be measured", detail=str(error)) from error
    return round(float(found), 2)
