"""Whether renditions look like their source: where that is looked at, and what is good enough."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from core.errors import Rejected
from core.process import CancelToken
from core.renditions import Grid
from transcoders import likeness
from transcoders.comparison import Candidate, Source, Window, compare
from transcoders.ffmpeg import Bounds, ToolFailed, execute
from transcoders.inspection import name_of
from transcoders.likeness import Likeness
from transcoders.sequences import OutputWrong
from transcoders.tools import Tools

BOUNDS: Final = Bounds(wall_seconds=1800, memory_bytes=6 << 30)

# Where a file cannot be sought, a window is reached by decoding all that comes before it.
_UNSOUGHT_SECONDS: Final = 8
# Frames looked at on either side of a seam, and one more, which has no neighbour to compare with.
_SEAM_FRAMES: Final = 8 + 1


@dataclass(frozen=True, slots=True)
class Bar:
    """The least SSIM and VMAF that a sample must have."""

    ssim: float
    vmaf: float


# All was measured on films, animation, grain, fades, slides, noise and cellular automata.
# Below its peak rate a picture is as good as its constant quality makes it: SSIM 0.90 to 1.00 and
# VMAF 89 to 98 at the usual one. At its peak rate the rate decides: full noise had 0.08 and 8.
AT_QUALITY: Final = Bar(ssim=0.70, vmaf=60.0)
AT_RATE: Final = Bar(ssim=0.0, vmaf=0.0)
# A sample with this part of what its peak rate allows is taken to be held by it.
_HELD: Final = 0.8

# The most that `Likeness.error` may be, and by how much more where SSIM is 0 and not 1: what a
# picture has lost of its structure takes some of its means along. Right pictures were off by at
# most 1.0 at an SSIM of 0.58 and above, cells and noise by 3.8 at 0.36 and 6.0 at 0.10; wrong
# matrices by 3.0 to 15, wrong ranges by 4.3 to 12, turned or colourless pictures by 13 and more.
_ERROR, _ERROR_UNLIKE = 2.5, 7.0

# Frames in their place lag by at most 0.40 (0.5 is what is left of noise) and are
# at least 0.94 times as near as their neighbours; frames one late lag by 0.68 to 1.02, and their
# neighbours are 0.03 to 0.76 times as far. At a fifteenth of the usual rate 0.70, and 0.79.
_LAG: Final = 0.6
_NEIGHBOUR_LAGGING: Final = 0.85
_NEIGHBOUR: Final = 0.5


@dataclass(frozen=True, slots=True)
class Sampled:
    """How close a rendition is to the source at its own size, in one sample."""

    rendition: str
    ssim: float
    vmaf: float
    at_seconds: float
    sample_seconds: float


def costliest(grid: Grid, group_bytes: Sequence[int], *, seekable: bool) -> Window:
    """The group of pictures with the most bytes, given those of each.

    It is neither black nor still, and a rate that is too low shows there first. Of a source that
    cannot be sought only the beginning is looked at.
    """
    reach = len(group_bytes)
    if not seekable:
        reach = max(1, int(_UNSOUGHT_SECONDS * grid.fps) // grid.gop_frames)
    within = list(group_bytes[:reach])
    begin = within.index(max(within)) * grid.gop_frames
    return Window(begin, min(grid.gop_frames, grid.frames - begin))


def around_seam(grid: Grid, boundary: int) -> Window:
    """A few frames on both sides of where two chunks meet."""
    begin = max(0, boundary - _SEAM_FRAMES)
    return Window(begin, min(grid.frames, boundary + _SEAM_FRAMES) - begin, vmaf=False)


def sample(
    tools: Tools,
    source: Source,
    grid: Grid,
    window: Window,
    candidates: Sequence[Candidate],
    *,
    largest: tuple[int, int],
    scratch: Path,
    scratch_bytes: int | None = None,
    cancel: CancelToken | None = None,
) -> list[Likeness]:
    """Compare renditions with the source, by way of a folder below `scratch`.

    `largest` is the size of the ladder's top.
    """
    with TemporaryDirectory(dir=scratch, prefix="comparison-") as folder:
        try:
            execute(
                compare(tools, source, grid, window, candidates, largest),
                bounds=replace(BOUNDS, scratch_bytes=scratch_bytes),
                scratch=Path(folder),
                cancel=cancel,
                on_stdout_line=_ignore,
            )
        except (Rejected, ToolFailed) as error:
            # The source was decoded before; what cannot be decoded is what was made of it.
            names = ", ".join(name_of(one.path) for one in candidates)
            reason = f"{names}: could not be compared with the source: {error}"
            raise OutputWrong(reason, detail=error.detail) from error
        return likeness.read(Path(folder), window, len(candidates))


def _ignore(line: str) -> None:
    """Progress of a few seconds, of which there is nothing to tell."""


def judge(
    candidate: Candidate, found: Likeness, grid: Grid, window: Window, bar: Bar = AT_RATE
) -> str:
    """What was found to hold, in a line. Raises OutputWrong where it is not good enough."""
    at = f"at {float(window.begin / grid.fps):.3f} s"
    numbers = f"SSIM {found.ssim:.4f}"
    numbers += f", VMAF {found.vmaf:.1f}" if found.vmaf is not None else ""
    fault = None
    if found.frames != window.frames:
        fault = f"{found.frames} of {window.frames} frames could be compared"
    elif found.neighbour < _NEIGHBOUR or (
        abs(found.lag) > _LAG and found.neighbour < _NEIGHBOUR_LAGGING
    ):
        fault = f"the frames are {'late' if found.lag > 0 else 'early'} (by {abs(found.lag):.2f})"
    elif found.error > _ERROR + _ERROR_UNLIKE * (1 - found.ssim):
        fault = f"another picture or wrong colours: off by {found.error:.1f} of 255"
    elif found.ssim < bar.ssim or (found.vmaf is not None and found.vmaf < bar.vmaf):
        fault = f"{numbers}: less than {bar.ssim} or {bar.vmaf}"
    if fault:
        raise OutputWrong(f"{name_of(candidate.path)}: {at}: {fault}", detail=repr(found))
    seconds = float(window.frames / grid.fps)
    return (
        f"{name_of(candidate.path)}: {at} for {seconds:.3f} s the source's picture in place and"
        f" time; {numbers}"
    )


def bar_of(candidate: Candidate, grid: Grid, window: Window, group_bytes: Sequence[int]) -> Bar:
    """What a sample of a whole group of pictures must reach, given the bytes that it took."""
    bits = 8 * group_bytes[window.begin // grid.gop_frames]
    allowed = candidate.rendition.peak_bitrate * float(window.frames / grid.fps)
    return AT_RATE if bits >= _HELD * allowed else AT_QUALITY
