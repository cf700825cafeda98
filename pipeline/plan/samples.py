"""Where to look at a source before its ladder is decided, within what a look may cost. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from core.media import Probe, SeekPoint
from core.renditions import Grid, Rendition
from pipeline.plan.ladder import estimated_seconds
from pipeline.plan.video import timing

# Of the time that the whole ladder is expected to take; with the verification it stays below 20 %.
LOOK_SHARE: Final = 0.08
# A second each, or less where there is little to do; one alone may have hit a fade.
SAMPLE_SECONDS: Final = (1.0, 0.5)
LEAST_SAMPLES: Final = 2
MOST_SAMPLES: Final = 8
# Enough of a group of pictures to tell how the top compares with the small size.
_TOP_SECONDS: Final = 0.4
_MOST_TOPS: Final = 2
# More samples of a short clip would only see the same again.
_SECONDS_A_SAMPLE: Final = 15
# What two cores do in a second, and what a process costs to start: docs/benchmarks.md.
_DECODED_PIXELS: Final = 300e6
_TOP_PIXELS: Final = 60e6
_START_SECONDS: Final = 0.12
_SMALL_SIDE: Final = 360
_SHORT_GOP_SECONDS: Final = 2.0
# The busiest part is looked at where it is this much busier than the whole.
_BUSY: Final = 1.5


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look: so many frames from the keyframe at or before `seek`, in seconds.

    `top_frames` of them are to be encoded at the top's size, too.
    """

    seek: float
    frames: int
    top_frames: int = 0


def first_codec(ladder: Sequence[Rendition]) -> tuple[Rendition, ...]:
    """The rungs that are looked at; those of other codecs share their fate."""
    return tuple(one for one in ladder if one.codec == ladder[0].codec)


def small_size(ladder: Sequence[Rendition]) -> Rendition:
    """The rendition that samples are encoded as: the largest of at most 360 lines."""
    rungs = first_codec(ladder)
    return next((one for one in rungs if one.rung <= _SMALL_SIDE), rungs[-1])


def places(probe: Probe, grid: Grid, ladder: Sequence[Rendition]) -> tuple[Place, ...]:
    """Where to look, spread over the picture; nowhere where that would cost too much of the work.

    Only the picture counts, not frames that are held while sound goes on.
    """
    video = probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    seconds = float((grid.frames - timing(probe)[1]) / grid.fps)
    wanted = min(MOST_SAMPLES, max(LEAST_SAMPLES, int(seconds / _SECONDS_A_SAMPLE)))
    # Samples begin at keyframes: nearer together than those are, two would be the same.
    wanted = min(wanted, int(seconds / (video.longest_gop_seconds or _SHORT_GOP_SECONDS)))
    budget = LOOK_SHARE * estimated_seconds(grid, ladder)
    for length in SAMPLE_SECONDS:
        frames = max(1, round(grid.fps * length))
        each = _START_SECONDS + frames * video.width * video.height / _DECODED_PIXELS
        count = min(wanted, int(budget / each))
        if count >= LEAST_SAMPLES and seconds >= count * length:
            break
    else:
        return ()
    found = [Place(seek, frames) for seek in _seeks(probe, seconds, count)]
    top, top_frames = ladder[0], min(frames, round(grid.fps * _TOP_SECONDS))
    if video.hdr is None and top != small_size(ladder):
        left = budget - len(found) * each
        fit = int(left / (top_frames * top.width * top.height / _TOP_PIXELS))
        for number in _spread(len(found), min(fit, _MOST_TOPS)):
            found[number] = replace(found[number], top_frames=top_frames)
    return tuple(found)


def _spread(count: int, wanted: int) -> list[int]:
    """That many of a row, from its middle to both ends."""
    return [count * (2 * number + 1) // (2 * wanted) for number in range(wanted)]


def _seeks(probe: Probe, seconds: float, count: int) -> list[float]:
    """Spread evenly, and one of them where the file has the most bytes if that stands out."""
    seeks = [seconds * (2 * number + 1) / (2 * count) for number in range(count)]
    index = probe.index
    if index is not None and index.ordered:
        busiest = _busiest([one for one in index.points if one.seconds < seconds])
        if busiest is not None:
            nearest = min(seeks, key=lambda seek: abs(seek - busiest.seconds))
            seeks[seeks.index(nearest)] = busiest.seconds
    return seeks


def _busiest(points: Sequence[SeekPoint]) -> SeekPoint | None:
    """The keyframe before the most bytes a second; None where none stands out."""
    rates = [
        ((two.offset - one.offset) / (two.seconds - one.seconds), one)
        for one, two in pairwise(points)
        if two.seconds > one.seconds
    ]
    if not rates:
        return None
    first, last = points[0], points[-1]
    mean = (last.offset - first.offset) / (last.seconds - first.seconds)
    rate, busiest = max(rates, key=lambda found: found[0])
    return busiest if rate > _BUSY * mean else None
