"""Shaka Packager: pictures and tracks of sound as CMAF for HLS and DASH, one file each.

A file is a header, an index, and a fragment for each group of pictures, so that every keyframe can
be reached. The index names every fragment, not the segments of three that HLS offers: ffmpeg skips
those that no index names once it has sought. The program reads and writes names below one folder
only, because its descriptors know no escape for commas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from core.errors import Retryable
from core.process import CancelToken, Completed, DiskFull, run
from core.renditions import Grid
from transcoders import fragments
from transcoders.ffmpeg import Bounds, ToolFailed
from transcoders.presentation import Media
from transcoders.tools import Tools

MANIFEST: Final = "manifest.mpd"
BOUNDS: Final = Bounds(wall_seconds=12 * 3600.0, memory_bytes=4 << 30)


@dataclass(frozen=True, slots=True)
class Picture:
    """A rendition: the file that is read, and the file that is made of it."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Sound:
    """A track; `label` tells it from others of its language, `language` is a tag (BCP 47)."""

    source: str
    target: str
    label: str
    language: str | None = None
    main: bool = False


def package(
    tools: Tools, pictures: Sequence[Picture], sounds: Sequence[Sound], grid: Grid, manifest: str
) -> tuple[str, ...]:
    """The command. Names are relative to the folder that it runs in, where it may write."""
    return (
        str(tools.packager),
        *(f"in={one.source},stream=video,out={one.target}" for one in pictures),
        *(_descriptor(one) for one in sounds),
        "--segment_duration", _seconds(grid, grid.gop_frames),
        "--mpd_output", manifest,
        "--temp_dir", ".",
        # Dates of creation are 0: equal media is equal bytes. With several threads the order of
        # ids would be chance, and buffers between threads cost four times the copying itself.
        "--use_fake_clock_for_muxer", "--single_threaded", "--io_cache_size", "0",
        "--quiet",
    )  # fmt: skip


def _descriptor(sound: Sound) -> str:
    language = f",lang={sound.language}" if sound.language else ""
    role = "main" if sound.main else "alternate"
    return (
        f"in={sound.source},stream=audio,out={sound.target}"
        f"{language},roles={role},dash_label={sound.label}"
    )


def _seconds(grid: Grid, frames: int) -> str:
    """How long that many frames last.

    The packager rounds it down to ticks and begins a fragment at the first keyframe whose time is
    another multiple of it: one tick too few begins to matter after 10,000 fragments.
    """
    return f"{float(frames / grid.fps):.9f}"


def execute(
    argv: Sequence[str],
    *,
    folder: Path,
    scratch_bytes: int | None = None,
    cancel: CancelToken | None = None,
) -> Completed:
    """Run the packager in a folder to success.

    Raises ToolFailed where the input is at fault, DiskFull and Retryable else.
    """
    done = run(
        argv,
        limits=replace(BOUNDS, scratch_bytes=scratch_bytes).limits(),
        cwd=folder,
        cancel=cancel,
        scratch=folder,
        scratch_bytes=scratch_bytes,
    )
    if done.returncode != 0:
        raise failure(done)
    return done


def failure(done: Completed) -> Retryable:
    """The error for a run that did not return 0."""
    tail = done.stderr_tail
    lines = [line.partition("] ")[2] for line in tail.splitlines() if line.startswith("E")]
    said = next(reversed(lines), f"it ended with {done.returncode}")
    if "Failed to write" in tail:
        return DiskFull("the disk takes no more", detail=tail)
    reason = f"packaging failed: {said[:200]}"
    if done.returncode < 0 or "Cannot open file" in tail:
        return Retryable(reason, detail=tail)
    return ToolFailed(reason, detail=tail)


def read_picture(folder: Path, name: str, codecs: Mapping[str, str], grid: Grid) -> Media:
    """What became of a rendition; ToolFailed where it is not on the grid."""
    media = read_sound(folder, name, codecs)
    ticks = [span.ticks for span in media.index.fragments]
    if ticks != _ticks(grid, media.index.timescale):
        raise ToolFailed(f"the keyframes of {name} are not {grid.gop_frames} frames apart")
    return media


def read_sound(folder: Path, name: str, codecs: Mapping[str, str]) -> Media:
    """What became of a track; ToolFailed where it is incomplete. `codecs` are by file name."""
    uri = f"{name}.mp4"
    try:
        return Media(uri, codecs[uri], fragments.read(folder / uri))
    except (KeyError, ValueError, FileNotFoundError) as error:
        raise ToolFailed(f"{name} was not packaged: {error}") from error


def _ticks(grid: Grid, timescale: int) -> list[Fraction]:
    """How long each group of pictures lasts; the last has the rest."""
    whole, rest = divmod(grid.frames, grid.gop_frames)
    frames = [grid.gop_frames] * whole + [rest] * (rest > 0)
    return [count / grid.fps * timescale for count in frames]
