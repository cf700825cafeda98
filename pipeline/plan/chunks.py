"""Cutting a long video into ranges of its grid that many workers may encode at once."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Final

from core.media import Probe, SeekIndex, SeekPoint
from core.renditions import Grid
from pipeline.plan.video_types import ByteRange, EncodeOptions

# Long enough that what each begins with (a start, a run-in, an empty lookahead) is a hundredth of
# it; short enough that a lost worker costs little, and that many workers find something to do: an
# encoder that gives equal bytes uses one core for the largest rung, however many there are.
CHUNK_WORK_SECONDS: Final = 15
# The run-in and an encoder's buffer are parts of a chunk's length, whatever its size.
LEAST_CHUNK_SECONDS: Final = 12
MOST_CHUNK_SECONDS: Final = 60
MOST_CHUNKS: Final = 240
# The last of them become shorter, down to this much work: workers end at about the same time.
_LAST: Final = 4
_LAST_WORK_SECONDS: Final = 5

# Decoding begins this long before the first frame that is wanted: past the pictures that a
# keyframe of an open group leaves without their references, and past any reordering.
RUN_IN_SECONDS: Final = 1.0
# Pictures that are shown before the end may be stored a little behind it.
RUN_OUT_SECONDS: Final = 2.0
_HEADER_BYTES: Final = 16
# Containers round, and a picture may end a little before the file says: its last frame is held.
_MISSING_SECONDS, _MISSING_PART, _MOST_MISSING_SECONDS = 1.5, 0.03, 5.0
# The first frame of a picture that begins later would have to be held over several chunks.
_LATEST_BEGIN_SECONDS: Final = 1.0


def chunks(
    probe: Probe, grid: Grid, *, work_seconds: float, thumbnail_every: int, hold_frames: int = 0
) -> tuple[EncodeOptions, ...]:
    """The whole grid in ranges of whole segments; one range where the source cannot be cut.

    `work_seconds` is how long two cores take for all of it, `thumbnail_every` a number of frames:
    each range has a thumbnail.
    """
    video = probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    held = hold_frames + _tolerated(grid)
    whole = EncodeOptions(
        grid=grid,
        begin=0,
        frames=grid.frames,
        thumbnail_every=thumbnail_every,
        hold_frames=held,
    )
    index = probe.index
    late = video.start_seconds - probe.start_seconds > _LATEST_BEGIN_SECONDS
    bounds = _bounds(grid, work_seconds, thumbnail_every)
    if index is None or late or bounds == [0, grid.frames]:
        return (whole,)
    cut = []
    for begin, end in pairwise(bounds):
        seek = seek_before(index.points, float(begin / grid.fps) - RUN_IN_SECONDS)
        until = float(end / grid.fps) + RUN_OUT_SECONDS
        cut.append(
            whole.model_copy(
                update={
                    "begin": begin,
                    "frames": end - begin,
                    "hold_frames": held if end == grid.frames else hold_frames,
                    "seek": seek.seconds if seek else None,
                    "bytes": _bytes(index, seek, until),
                }
            )
        )
    return tuple(cut)


def _tolerated(grid: Grid) -> int:
    """Frames that may be missing at the end of the whole picture."""
    seconds = max(_MISSING_SECONDS, min(grid.seconds * _MISSING_PART, _MOST_MISSING_SECONDS))
    return round(seconds * grid.fps)


def _bounds(grid: Grid, work_seconds: float, thumbnail_every: int) -> list[int]:
    """Frames at which chunks begin, and the end of the last."""
    wanted = int(max(grid.seconds / MOST_CHUNK_SECONDS, work_seconds / CHUNK_WORK_SECONDS))
    # The last segment may be cut short, and so is not counted.
    left = grid.frames // grid.segment_frames
    least_frames = max(LEAST_CHUNK_SECONDS * grid.fps, Fraction(thumbnail_every))
    least = ceil(least_frames / grid.segment_frames)
    if wanted < 2 or left < 2 * least:
        return [0, grid.frames]
    each = max(least, ceil(left / min(wanted, MOST_CHUNKS)))
    light = ceil(_LAST_WORK_SECONDS / work_seconds * left) if work_seconds else left
    bounds = [0]
    while left:
        pieces = max(ceil(left / each), min(_LAST, left // light))
        length = ceil(left / max(1, min(pieces, left // least)))
        left -= length
        bounds.append(bounds[-1] + length * grid.segment_frames)
    return [*bounds[:-1], grid.frames]


def seek_before(points: Sequence[SeekPoint], seconds: float) -> SeekPoint | None:
    """The last keyframe at or before that; None where the very beginning is meant."""
    before = [point for point in points if point.seconds <= seconds]
    return before[-1] if before else None


def _bytes(index: SeekIndex, seek: SeekPoint | None, until: float) -> tuple[ByteRange, ...]:
    """What is needed of the file: its index before and behind the media, and its own part."""
    if not index.ordered:
        return (ByteRange(begin=0, end=None),)
    begin = seek.offset if seek else index.begin
    after = next((point.offset for point in index.points if point.seconds >= until), index.end)
    ranges = (
        ByteRange(begin=0, end=index.begin + _HEADER_BYTES),
        ByteRange(begin=begin, end=after),
        ByteRange(begin=index.end, end=None),
    )
    return tuple(part for part in ranges if part.end is None or part.end > part.begin)


# Of a film of up to an hour.
_THUMBNAILS: Final = 120
# Shorter than any chunk, so that each has one.
_LONGEST_STEP_SECONDS: Final = 30


def thumbnail_step(grid: Grid) -> int:
    """Every how many frames a small picture is kept: at most one a second."""
    a_second = max(1, round(grid.fps))
    seconds = max(1, -(-Fraction(grid.frames, a_second) // _THUMBNAILS))
    return int(a_second * min(seconds, _LONGEST_STEP_SECONDS))
