"""Posters and storyboards: what ffmpeg is told, and the index that players read.

Inputs are our own encoders' outputs; they are opened as what they are and nothing else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

from core.renditions import Grid
from transcoders import windows
from transcoders.containers import Container
from transcoders.ffmpeg import input_arguments
from transcoders.tools import Tools
from transcoders.windows import Window

COLUMNS: Final = 10
ROWS: Final = 10
SHEET_TILES: Final = COLUMNS * ROWS
_MP4: Final = Container("video/mp4", "mov", "mov,mp4,m4a,3gp,3g2,mj2")
_MJPEG: Final = Container("video/x-motion-jpeg", "mjpeg", "mjpeg")

_AS_DECODED: Final = ("-fps_mode", "passthrough")
# Threads cut a picture into slices, and so decide its bytes.
_ONE_THREAD: Final = ("-threads", "1")
_JPEG: Final = (
    "-c:v", "mjpeg", "-color_range", "pc", *_ONE_THREAD,
    "-flags", "+bitexact", "-fflags", "+bitexact", "-f", "image2", "-update", "1",
)  # fmt: skip
_POSTER_QUALITY: Final = 3
# Made of JPEGs: finer than they were, it would only keep their errors.
_SHEET_QUALITY: Final = 4


@dataclass(frozen=True, slots=True)
class Place:
    """A chunk's file, and how many frames of it lie before the one that is meant."""

    path: Path
    offset: int


def look_around(
    tools: Tools, places: Sequence[tuple[Place, Window]], grid: Grid
) -> tuple[str, ...]:
    """The samples of several windows, one window after the other, on standard output.

    Each is `windows.FRAME_BYTES` long. A place's offset is that of its window's first frame.
    """
    inputs: list[str] = []
    chains: list[str] = []
    size = f"{windows.WIDTH}:{windows.HEIGHT}:flags=area"
    for number, (place, window) in enumerate(places):
        inputs += [*_seek(place, grid), *input_arguments(place.path, _MP4)]
        span = (window.count - 1) * window.stride + 1
        chains.append(
            f"[{number}:v:0]{_from(place, grid)},trim=end_frame={span},"
            f"select=not(mod(n\\,{window.stride})),"
            f"format=gray,split[a{number}][b{number}];"
            f"[a{number}]scale={size}[c{number}];[b{number}]sobel,scale={size}[d{number}];"
            f"[c{number}][d{number}]vstack,setsar=1[w{number}]"
        )
    joined = "".join(f"[w{number}]" for number in range(len(places)))
    chains.append(f"{joined}concat=n={len(places)}[out]")
    return (
        *_begin(tools), *inputs,
        "-filter_complex_threads", "1", "-filter_complex", ";".join(chains),
        "-map", "[out]", *_AS_DECODED, "-f", "rawvideo", "pipe:1",
    )  # fmt: skip


def frames(
    tools: Tools, places: Sequence[Place], grid: Grid, size: tuple[int, int], target: Path
) -> tuple[str, ...]:
    """Those very frames at `size`, one after the other, as RGB of 8 bits a channel."""
    inputs: list[str] = []
    chains: list[str] = []
    scale = f"scale={size[0]}:{size[1]}:flags=lanczos+accurate_rnd+full_chroma_int"
    for number, place in enumerate(places):
        inputs += [*_seek(place, grid), *input_arguments(place.path, _MP4)]
        chains.append(
            f"[{number}:v:0]{_from(place, grid)},trim=end_frame=1,"
            f"{scale}:in_color_matrix=bt709,format=rgb24,setsar=1[f{number}]"
        )
    joined = "".join(f"[f{number}]" for number in range(len(places)))
    chains.append(f"{joined}concat=n={len(places)}[out]")
    return (
        *_begin(tools), *inputs,
        "-filter_complex_threads", "1", "-filter_complex", ";".join(chains),
        "-map", "[out]", *_AS_DECODED, "-f", "rawvideo", str(target),
    )  # fmt: skip


def poster(
    tools: Tools, place: Place, grid: Grid, size: tuple[int, int], target: Path
) -> tuple[str, ...]:
    """That very frame as a JPEG of `size`."""
    # JPEG knows one matrix (JFIF: BT.601) and full range, and renditions are in BT.709. Without the
    # flags the way from one to the other makes pictures darker by two levels.
    colour = "+accurate_rnd+full_chroma_int:out_color_matrix=bt601:out_range=full"
    scale = f"scale={size[0]}:{size[1]}:flags=lanczos{colour},setsar=1,format=yuv420p"
    return (
        *_begin(tools),
        *_seek(place, grid), *input_arguments(place.path, _MP4),
        "-map", "0:v:0", "-frames:v", "1", *_AS_DECODED,
        "-vf", f"{_from(place, grid)},{scale}",
        "-q:v", str(_POSTER_QUALITY), *_JPEG, str(target),
    )  # fmt: skip


def sheet(tools: Tools, pictures: Path, count: int, target: Path) -> tuple[str, ...]:
    """Up to 100 JPEGs that follow each other in a file, as tiles of one."""
    columns, rows = layout(count)
    return (
        *_begin(tools),
        *_ONE_THREAD, *input_arguments(pictures, _MJPEG),
        "-map", "0:v:0", "-frames:v", "1",
        "-vf", f"tile={columns}x{rows},format=yuv420p",
        "-q:v", str(_SHEET_QUALITY), *_JPEG, str(target),
    )  # fmt: skip


def layout(count: int) -> tuple[int, int]:
    """Columns and rows of a sheet: no wider and no higher than its tiles need."""
    return min(count, COLUMNS), -(-count // COLUMNS)


def _begin(tools: Tools) -> tuple[str, ...]:
    # Standard output is for the samples: none of these runs long enough to tell how far it is.
    return (str(tools.ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y")


def _seek(place: Place, grid: Grid) -> tuple[str, ...]:
    """To the keyframe at or before a frame, on the file's own clock.

    ffmpeg's own exact seek would need a time that is no later than the frame's, and times are
    rounded: half a frame early, it would decode a whole group of pictures to reach a keyframe.
    """
    key = place.offset - place.offset % grid.gop_frames
    clock = ("-copyts", "-start_at_zero", "-noaccurate_seek")
    return (*_ONE_THREAD, *clock, "-ss", f"{float((key + Fraction(1, 2)) / grid.fps):.6f}")


def _from(place: Place, grid: Grid) -> str:
    """Drops what comes before a frame: by its time, wherever the seek has led to."""
    begin = float((place.offset - Fraction(1, 2)) / grid.fps)
    return f"select=gte(t\\,{begin:.6f})"


def split_jpegs(data: bytes) -> Iterator[bytes]:
    """The pictures of an MJPEG stream; what is cut short at its end is no picture.

    ITU-T T.81 B.1: segments tell their length, and within coded data 0xFF is followed by 0 or by a
    restart marker.
    """
    at = data.find(_BEGIN)
    while at >= 0:
        end = _end(data, at)
        if end is None:
            return
        yield data[at:end]
        at = data.find(_BEGIN, end)


_BEGIN: Final = b"\xff\xd8"
_SCAN, _END = 0xDA, 0xD9
_WITHIN_SCAN: Final = frozenset((0x00, *range(0xD0, 0xD8)))


def _end(data: bytes, begin: int) -> int | None:
    at = begin + len(_BEGIN)
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker != _SCAN:
            continue
        at = data.find(b"\xff", at)
        while 0 <= at < len(data) - 1 and data[at + 1] in _WITHIN_SCAN:
            at = data.find(b"\xff", at + 2)
        if not 0 <= at < len(data) - 1:
            return None
        if data[at + 1] == _END:
            return at + 2
    return None


def index(begins: Sequence[float], seconds: float, sheets: str, tile: tuple[int, int]) -> str:
    """WebVTT whose cues name a tile of a sheet each, in the form that players take.

    `begins` are the seconds at which the tiles' frames are shown; a tile stands from there to the
    next one, the first from the film's beginning and the last to its end. `sheets` is a pattern of
    names relative to the index, such as `sheet-{}.jpg`. https://www.w3.org/TR/media-frags/
    """
    width, height = tile
    times = [0.0, *begins[1:], seconds]
    lines = ["WEBVTT", ""]
    for number, (begin, end) in enumerate(pairwise(times)):
        row, column = divmod(number % SHEET_TILES, COLUMNS)
        name = sheets.format(number // SHEET_TILES)
        lines += [
            f"{_clock(begin)} --> {_clock(end)}",
            f"{name}#xywh={column * width},{row * height},{width},{height}",
            "",
        ]
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds / 1000:06.3f}"
