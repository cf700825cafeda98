"""From a source's picture to frames of a grid: upright, progressive, SDR, of a constant rate."""

from typing import Final

import ffmpeg
from ffmpeg.streams.video import VideoStream as Picture

from core.media import Probe, VideoStream
from core.renditions import Grid

# SDR's reference white within HDR (ITU-R BT.2408), and the usual brightest white of 1,000 nits.
_REFERENCE_WHITE_NITS: Final = 203
_PEAK: Final = 5.0
# Where a file does not say, its size does (ITU-R BT.709 for HD, BT.601 below).
_HD_LINES: Final = 720


INPUT: Final = "source"
"""Stands for the input in a compiled graph: its options come from `transcoders.ffmpeg`."""

_PICTURES: Final = ("video", "cover")


def of_source(probe: Probe, video: VideoStream) -> Picture:
    """That picture of the source, where a graph begins."""
    # A graph counts pictures only, and covers and unknown ones among them.
    pictures = [one.index for one in probe.video]
    pictures += [one.index for one in probe.other if one.kind in _PICTURES]
    before = sum(index < video.index for index in pictures)
    return Picture(node=ffmpeg.input(INPUT).node, index=before)


def on_grid(
    picture: Picture,
    video: VideoStream,
    grid: Grid,
    *,
    begin: int,
    end: int,
    hold_frames: int = 0,
) -> Picture:
    """Frames `begin` to `end` (exclusive) of the grid; a frame's pts is its number.

    The input's clock must be the source's own, from its beginning, and must come from a keyframe
    before `begin`. `hold_frames` repeats the last frame where the picture ends early.
    """
    if video.interlaced:
        picture = picture.bwdif(mode="send_frame")
    # Without a first time the filter counts from zero on its own clock, so that every range of the
    # grid chooses the same source frames; a first time shifts how the others are rounded.
    picture = picture.fps(fps=grid.rate, start_time=0.0 if begin == 0 else None)
    if hold_frames:
        picture = picture.tpad(stop=hold_frames, stop_mode="clone")
    return picture.trim(start_pts=begin, end_pts=end)


def to_sdr(picture: Picture, video: VideoStream, size: tuple[int, int]) -> Picture:
    """HDR as SDR at `size`, the largest that is wanted: all that follows is done in floats.

    Up to three quarters of SDR's white everything keeps its brightness; what is brighter, up to
    `_PEAK` times that white, is pressed into the rest.
    """
    width, height = size
    return (
        # Many files say what is HDR about them and leave out the rest.
        picture.setparams(
            range="pc" if video.color_range == "pc" else "tv",
            color_primaries="bt2020",
            color_trc="smpte2084" if video.hdr == "pq" else "arib-std-b67",
            colorspace="bt2020nc",
        )
        .zscale(w=str(width), h=str(height), transfer="linear", npl=_REFERENCE_WHITE_NITS)
        .format(pix_fmts="gbrpf32le")
        .zscale(primaries="709")
        .tonemap(tonemap="mobius", param=0.75, peak=_PEAK, desat=0)
        .zscale(transfer="709", matrix="709", out_range="limited")
        .format(pix_fmts="yuv420p")
    )


def scaled(picture: Picture, video: VideoStream, size: tuple[int, int]) -> Picture:
    """The picture at one size, with square pixels, 8 bits and BT.709, and tagged so."""
    width, height = size
    return (
        picture.scale(
            w=str(width),
            h=str(height),
            flags="bicubic",
            in_color_matrix="bt709" if video.hdr else _matrix(video),
            out_color_matrix="bt709",
            out_range="tv",
        )
        .setsar(sar="1")
        .format(pix_fmts="yuv420p")
        # Encoders write these into the stream; an unset one would be passed on as unknown.
        .setparams(range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709")
    )


def smaller(picture: Picture, size: tuple[int, int]) -> Picture:
    """A picture that was `scaled`, at a smaller size.

    What is left of it after each step is as sharp as it was in the step before: from rung to rung
    costs half as much as each from the source, and the lowest looks no worse.
    """
    width, height = size
    return picture.scale(w=str(width), h=str(height), flags="lanczos").setsar(sar="1")


def _matrix(video: VideoStream) -> str:
    known = {
        "bt709": "bt709",
        "smpte170m": "smpte170m",
        "bt470bg": "bt470bg",
        "bt2020nc": "bt2020",
        "smpte240m": "smpte240m",
        "fcc": "fcc",
    }
    found = known.get(video.color_space or "")
    if found:
        return found
    return "bt709" if video.display_size[1] >= _HD_LINES else "smpte170m"
