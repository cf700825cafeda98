"""A cheap look at a source: what short samples cost to encode, and what smaller sizes would lose.

A sample is decoded once. All of it is encoded small, with the encoder, preset and quality of the
ladder and no peak; its first frames are encoded at the top rung's size, too, since noise and fine
texture cost bits there that no small size tells of. A few of its frames are made smaller and large
again: what that changes is the detail that a smaller top rung would lack.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import ffmpeg
from ffmpeg.dag.nodes import OutputStream
from ffmpeg.streams.video import VideoStream as Picture

from core.media import Probe, VideoStream
from core.renditions import Grid, Rendition
from transcoders.commands import DECODER_THREADS, begin_arguments
from transcoders.containers import Container
from transcoders.encoders import output_options, software
from transcoders.ffmpeg import input_arguments
from transcoders.picture import INPUT, of_source, on_grid, scaled, to_sdr
from transcoders.tools import Tools

SMALL: Final = "small.packets"
TOP: Final = "top.packets"

# Frames of a sample whose detail is looked at, and the side of the blocks that it is counted in:
# a letter of small print fills one.
DETAIL_FRAMES: Final = 3
BLOCK: Final = 16
# Differences are far below 255: they are stored times eight.
_GAIN: Final = 8
# So few blocks may differ by more: one in a thousand is eight of a 1080p picture.
_QUANTILE: Final = 0.999
# Past the keyframe's time by less than a frame: a time that was rounded down would miss it.
_JUST_SECONDS: Final = 0.0005


@dataclass(frozen=True, slots=True)
class Sample:
    """The first frames from the keyframe at or before `seek`, in seconds.

    So nothing is decoded that is not looked at. `top_frames` are encoded at the top's size, too.
    """

    seek: float
    frames: int
    top_frames: int = 0


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a look is made with: the small size, the top, and what is held against it."""

    small: Rendition
    top: Rendition
    smaller: tuple[Rendition, ...] = ()


def look(
    tools: Tools,
    source: Path,
    container: Container,
    probe: Probe,
    grid: Grid,
    sample: Sample,
    sizes: Sizes,
) -> tuple[str, ...]:
    """The command; what it finds goes to files where it runs, and is read by the functions below.

    Of HDR only the small size is made: what is mapped to SDR last costs the least.
    """
    video = probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    graph = _graph(of_source(probe, video), video, grid, sample, sizes)
    return (
        *begin_arguments(tools),
        "-threads", str(DECODER_THREADS), "-copyts", "-start_at_zero",
        "-noaccurate_seek", "-ss", f"{sample.seek + _JUST_SECONDS:.6f}",
        *input_arguments(source, container, probe=probe),
        *graph[graph.index(INPUT) + 1 :],
    )  # fmt: skip


def _graph(
    picture: Picture, video: VideoStream, grid: Grid, sample: Sample, sizes: Sizes
) -> list[str]:
    # From frame 0 on, the first frame would be repeated for all the time before it.
    picture = on_grid(picture, video, grid, begin=1, end=grid.frames)
    picture = picture.trim(end_frame=sample.frames)
    size = (sizes.small.width, sizes.small.height)
    if video.hdr:
        small = scaled(to_sdr(picture, video, size), video, size)
        return _encoded(small, SMALL, sizes.small, grid, sample.frames).compile()
    count = 1 + bool(sizes.smaller) + bool(sample.top_frames)
    legs = picture.split(outputs=count)
    small = scaled(legs.video(0), video, size)
    outputs = [_encoded(small, SMALL, sizes.small, grid, sample.frames)]
    if sizes.smaller:
        outputs += _losses(legs.video(1), sample, sizes)
    if sample.top_frames:
        top = scaled(legs.video(count - 1), video, (sizes.top.width, sizes.top.height))
        outputs.append(_encoded(top, TOP, sizes.top, grid, sample.top_frames))
    return ffmpeg.merge_outputs(*outputs).compile()


def _encoded(
    picture: Picture, name: str, rendition: Rendition, grid: Grid, frames: int
) -> OutputStream:
    """Encoded as the ladder is, but for the peak; only the packets' sizes are kept."""
    options = output_options(software(rendition.codec), rendition, grid)
    for bound in ("maxrate", "bufsize", "tag:v"):
        options.pop(bound)
    kept = {"fps_mode": "passthrough", "frames:v": frames, **options, "f": "framecrc"}
    return picture.output(filename=name, extra_options=kept)


def _losses(picture: Picture, sample: Sample, sizes: Sizes) -> list[OutputStream]:
    """What each smaller size would lose: its likeness, and the mean difference of each block."""
    width, height = sizes.top.width, sizes.top.height
    step = max(1, -(-sample.frames // DETAIL_FRAMES))
    picture = picture.select(expr=f"not(mod(n,{step}))").video(0)
    # Luma alone, as it is: other ways to grey would stretch its range.
    large = picture.scale(w=str(width), h=str(height), flags="bicubic").format(pix_fmts="yuv420p")
    luma = large.extractplanes(planes="y")
    legs = luma.video(0).split(outputs=3 * len(sizes.smaller))
    outputs = []
    for number, rendition in enumerate(sizes.smaller):
        again = (
            legs.video(3 * number)
            .scale(w=str(rendition.width), h=str(rendition.height), flags="lanczos")
            .scale(w=str(width), h=str(height), flags="lanczos")
            .split(outputs=2)
        )
        alike = legs.video(3 * number + 1).ssim(again.video(0), stats_file=_ssim(rendition))
        apart = (
            legs.video(3 * number + 2)
            .blend(again.video(1), all_mode="difference")
            .lut(y=f"min(255,val*{_GAIN})")
            .scale(w=str(-(-width // BLOCK)), h=str(-(-height // BLOCK)), flags="area")
        )
        outputs.append(_passed(alike, "-", "null"))
        outputs.append(_passed(apart, _blocks(rendition), "rawvideo"))
    return outputs


def _passed(picture: Picture, name: str, form: str) -> OutputStream:
    return picture.output(filename=name, extra_options={"fps_mode": "passthrough", "f": form})


def _ssim(rendition: Rendition) -> str:
    return f"{rendition.name}.ssim"


def _blocks(rendition: Rendition) -> str:
    return f"{rendition.name}.blocks"


@dataclass(frozen=True, slots=True)
class Loss:
    """What a smaller size would lose of the top's picture.

    `ssim` is luma's, 0 to 1, of the worst frame; `blurred` is the mean difference, 0 to 32 of 255,
    within the worst blocks, so that one line of print counts though all else is plain.
    """

    ssim: float
    blurred: float


def loss(folder: Path, rendition: Rendition) -> Loss | None:
    """What the look found of one smaller size; None where no frame was there."""
    text, blocks = (folder / _ssim(rendition), folder / _blocks(rendition))
    values = [float(found) for found in _SSIM_Y.findall(text.read_text())]
    differences = sorted(blocks.read_bytes())
    if not values or not differences:
        return None
    worst = differences[min(len(differences) - 1, int(len(differences) * _QUANTILE))]
    return Loss(ssim=min(values), blurred=worst / _GAIN)


_SSIM_Y: Final = re.compile(r"\bY:([0-9.]+)")


def sizes_of(packets: Iterable[str]) -> tuple[int, ...]:
    """Bytes of each encoded frame, in the order in which they are shown, as framecrc lists them."""
    found = []
    for line in packets:
        if not line.startswith("#"):
            _, _, shown, _, size, *_ = line.split(",")
            found.append((int(shown), int(size)))
    return tuple(size for _, size in sorted(found))


def bitrate(sizes: Sequence[int], grid: Grid) -> float:
    """Bits a second of whole groups of pictures like that part of one, which has their keyframe."""
    key, *others = sizes
    mean = sum(others) / len(others) if others else 0.0
    return float((key + mean * (grid.gop_frames - 1)) * 8 * grid.fps / grid.gop_frames)
