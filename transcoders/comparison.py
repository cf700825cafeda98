"""What was made of a picture beside the picture itself, frame by frame: the command, the numbers.

One process decodes a window of the source once, takes it through the same filters as the encoder
did, and holds every rendition against it at that rendition's own size. Frames are paired by their
numbers in the grid, so that a rendition that is late by one is compared with the wrong frames, and
shows it. `transcoders.likeness` reads what it leaves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import ffmpeg
from ffmpeg.dag.nodes import OutputStream
from ffmpeg.streams.video import VideoStream as Picture
from ffmpeg_core.common.schema import StreamType

from core.media import Probe
from core.renditions import Grid, Rendition, fitted
from transcoders.commands import begin_arguments
from transcoders.containers import Container
from transcoders.ffmpeg import input_arguments
from transcoders.picture import INPUT, of_source, on_grid, scaled, smaller, to_sdr
from transcoders.tools import Tools

# Sizes, in pixels, to compare pictures at where what coding does to them is mostly gone: times at
# the first (its long side), what they show and its colours at the second.
_SMALL_SIDE: Final = 160
_TINY_SIZE: Final = (8, 8)
# Neither SSIM nor VMAF is defined for less: smaller pictures are enlarged, pixel by pixel.
_LEAST_SIDE: Final = 32

# Files of these have a table of their keyframes, or a reader that finds them in order.
_INDEXED: Final = ("mov", "matroska")
# Decoding begins this long before a window: past what an open group leaves without references.
_RUN_IN_SECONDS: Final = 1.0
# Past the keyframe's time by less than a frame: a time that was rounded down would miss it.
_JUST_SECONDS: Final = 0.0005

_DECODER_THREADS: Final = 2
_VMAF_THREADS: Final = 2
# VMAF sees about this many frames of a window: its mean over a third of them differs by 0.1, and
# it costs as much as all the rest together. Above 1080p each of them costs four times as much.
_VMAF_FRAMES: Final = 20
_VMAF_FRAMES_LARGE: Final = 7
_LARGE_SHORT_SIDE: Final = 1080
# Each model is for a viewer at 1.5 to 3 heights of a screen of that size.
_MODEL, _MODEL_4K = "version=vmaf_v0.6.1", "version=vmaf_4k_v0.6.1"
_4K_SHORT_SIDE: Final = 2160


@dataclass(frozen=True, slots=True)
class Source:
    """What everything was made of."""

    path: Path
    container: Container
    probe: Probe

    @property
    def seekable(self) -> bool:
        """Whether a time can be reached without reading all that comes before it."""
        return self.probe.index is not None or self.container.demuxer in _INDEXED


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rendition's file; its first frame has time 0, and `begin` of a window is a keyframe."""

    rendition: Rendition
    path: Path


@dataclass(frozen=True, slots=True)
class Window:
    """Frames of the grid from `begin`; with `vmaf`, VMAF is measured, too."""

    begin: int
    frames: int
    vmaf: bool = True

    @property
    def end(self) -> int:
        """The first frame that is not of it."""
        return self.begin + self.frames


def compare(
    tools: Tools,
    source: Source,
    grid: Grid,
    window: Window,
    candidates: Sequence[Candidate],
    largest: tuple[int, int],
) -> tuple[str, ...]:
    """The command; what it finds goes to files where it runs, and is read by `likeness.read`.

    `largest` is the size of the ladder's top, which all others were made from.
    """
    graph = _graph(source.probe, grid, window, candidates, largest)
    seeks = {INPUT: _seek_source(source, grid, window)}
    inputs = {INPUT: input_arguments(source.path, source.container)}
    for number, candidate in enumerate(candidates):
        seeks[_made(number)] = _seek_made(grid, window)
        inputs[_made(number)] = input_arguments(candidate.path)
    argv = [*begin_arguments(tools), "-copyts", "-start_at_zero"]
    words = iter(graph[1:])
    for word in words:
        if word == "-i":
            name = next(words)
            argv += ["-threads", str(_DECODER_THREADS), *seeks[name], *inputs[name]]
        else:
            argv.append(word)
    return tuple(argv)


def _seek_source(source: Source, grid: Grid, window: Window) -> tuple[str, ...]:
    """To a keyframe well before the window, where the file can be sought; else to nothing."""
    latest = float(window.begin / grid.fps) - _RUN_IN_SECONDS
    if latest <= 0 or not source.seekable:
        return ()
    if source.probe.index:
        before = [one.seconds for one in source.probe.index.points if one.seconds <= latest]
        latest = before[-1] + _JUST_SECONDS if before else 0.0
    return ("-noaccurate_seek", "-ss", f"{latest:.6f}")


def _seek_made(grid: Grid, window: Window) -> tuple[str, ...]:
    """To the keyframe of the group that the window begins in.

    The middle of that group is what is asked for: readers of fragments count in decoding time,
    which lags behind by a few frames, and would fall back to the group before.
    """
    keyframe = window.begin // grid.gop_frames * grid.gop_frames
    middle = Fraction(min(grid.gop_frames, grid.frames - keyframe), 2)
    return ("-noaccurate_seek", "-ss", f"{float((keyframe + middle) / grid.fps):.6f}")


def _made(number: int) -> str:
    return f"made{number}"


def _graph(
    probe: Probe,
    grid: Grid,
    window: Window,
    candidates: Sequence[Candidate],
    largest: tuple[int, int],
) -> list[str]:
    video = probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    picture = on_grid(
        of_source(probe, video),
        video,
        grid,
        begin=window.begin,
        end=window.end,
        # As the encoder did, which holds the last frame of a picture that ends early.
        hold_frames=grid.frames,
    )
    sizes = [(one.rendition.width, one.rendition.height) for one in candidates]
    if video.hdr:
        picture = to_sdr(picture, video, largest)
    # Colours out of range are cut off there, and all that is smaller has the means of what is left.
    legs = scaled(picture, video, largest).split(outputs=len(candidates) + 1)
    small_size = _no_more_than(largest, _SMALL_SIDE)
    # Of one or two frames none has a neighbour on both sides.
    timed = window.frames > _NEIGHBOURS
    copies = len(candidates) * (4 if timed else 2) + (2 if timed else 0)
    small = _scaled_down(legs.video(len(candidates)), small_size).split(outputs=copies)
    references = (small.video(copy) for copy in range(copies))
    outputs = [_change(references, window)] if timed else []
    for number, candidate in enumerate(candidates):
        made = ffmpeg.input(_made(number)).video_stream(0)
        made = made.settb(expr=f"1/({grid.rate})").trim(start_pts=window.begin, end_pts=window.end)
        reference = smaller(legs.video(number), sizes[number])
        made = _alike(made, reference, number, candidate.rendition, window)
        made = _scaled_down(made, small_size)
        outputs += _nearness(made, references, number, window, timed=timed)
    return ffmpeg.merge_outputs(*outputs).compile()


_NEIGHBOURS: Final = 2


def _no_more_than(size: tuple[int, int], side: int) -> tuple[int, int]:
    """An even size of that shape, no larger, whose long side has `side` pixels."""
    short = max(2, round(min(size) * side / max(size)))
    return fitted(size, min(short, *size))


def _scaled_down(picture: Picture, size: tuple[int, int]) -> Picture:
    width, height = size
    # Each point the mean of all that it stands for: noise goes, and nothing is left out.
    return picture.scale(w=str(width), h=str(height), flags="area")


def _alike(
    made: Picture, reference: Picture, number: int, rendition: Rendition, window: Window
) -> Picture:
    """SSIM and VMAF at the rendition's own size; gives its picture on."""
    least = min(rendition.width, rendition.height)
    if least < _LEAST_SIDE:
        factor = -(-_LEAST_SIDE // least)
        size = {"w": f"iw*{factor}", "h": f"ih*{factor}", "flags": "neighbor"}
        made, reference = made.scale(**size), reference.scale(**size)  # type: ignore[arg-type]
    if not window.vmaf:
        return made.ssim(reference, stats_file=f"{number}.ssim", shortest=True)
    two = reference.split(outputs=2)
    return made.ssim(two.video(0), stats_file=f"{number}.ssim", shortest=True).vfilter(
        two.video(1),
        name="libvmaf",
        input_typings=(StreamType.video, StreamType.video),
        model=_MODEL_4K if least >= _4K_SHORT_SIDE else _MODEL,
        n_threads=_VMAF_THREADS,
        n_subsample=_subsample(window.frames, least),
        log_fmt="json",
        log_path=f"{number}.vmaf",
        shortest=True,
    )


def _subsample(frames: int, short_side: int) -> int:
    """Every how many frames VMAF looks at one."""
    wanted = _VMAF_FRAMES_LARGE if short_side > _LARGE_SHORT_SIDE else _VMAF_FRAMES
    step = max(1, frames // wanted)
    # Odd: of every two frames one is coded with more care, and a mean needs both kinds.
    return step - 1 + step % 2


def _nearness(
    made: Picture, references: Iterator[Picture], number: int, window: Window, *, timed: bool
) -> list[OutputStream]:
    """How far from the frame, from it when tiny, from the one before, from the one after."""
    made = made.psnr(next(references), stats_file=f"{number}.now", shortest=True)
    if not timed:
        return [_when_tiny(made, next(references), number)]
    two = made.split(outputs=2)
    outputs = [_when_tiny(two.video(0), next(references), number)]
    inner = two.video(1).trim(start_pts=window.begin + 1, end_pts=window.end - 1)
    before, after = _moved(next(references), 1), _moved(next(references), -1)
    inner = inner.psnr(before, stats_file=f"{number}.before", shortest=True)
    inner = inner.psnr(after, stats_file=f"{number}.after", shortest=True)
    return [*outputs, _nowhere(inner)]


def _when_tiny(made: Picture, reference: Picture, number: int) -> OutputStream:
    made, reference = _scaled_down(made, _TINY_SIZE), _scaled_down(reference, _TINY_SIZE)
    return _nowhere(made.psnr(reference, stats_file=f"{number}.tiny", shortest=True))


def _change(references: Iterator[Picture], window: Window) -> OutputStream:
    """How far each frame of the source is from the one before it."""
    frame = next(references).trim(start_pts=window.begin + 1)
    before = _moved(next(references), 1)
    return _nowhere(frame.psnr(before, stats_file="change", shortest=True))


def _moved(picture: Picture, frames: int) -> Picture:
    return picture.setpts(expr=f"PTS{frames:+d}")


def _nowhere(picture: Picture) -> OutputStream:
    return picture.output(filename="-", extra_options={"fps_mode": "passthrough", "f": "null"})
