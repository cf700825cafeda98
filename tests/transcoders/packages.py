"""Small packages for tests, made by the product's own commands, right and wrong ones."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.renditions import Codec, Grid, Rendition, grid_of
from transcoders import encode, packaging
from transcoders.comparison import Source
from transcoders.containers import recognised
from transcoders.encoders import Encoder, software
from transcoders.inspection import PictureFile, SoundFile
from transcoders.probe import probe
from transcoders.tools import get_tools


def rung(size: tuple[int, int], peak_bitrate: int, *, progressive: bool = False) -> Rendition:
    width, height = size
    side = min(size)
    return Rendition(
        name=f"{side}p", rung=side, width=width, height=height, crf=21,
        peak_bitrate=peak_bitrate, progressive=progressive,
    )  # fmt: skip


LADDER: Final = (rung((320, 180), 400_000, progressive=True), rung((214, 120), 200_000))


@dataclass(frozen=True, slots=True)
class Package:
    """A source and what was made of it."""

    source: Source
    grid: Grid
    pictures: tuple[PictureFile, ...]
    sounds: tuple[SoundFile, ...]


def ffmpeg(*arguments: str | Path, folder: Path | None = None) -> None:
    argv = [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(argv, check=True, cwd=folder)


def measured(path: Path) -> Source:
    return Source(path, recognised(path), probe(path, get_tools()))


def whole_grid(source: Source) -> Grid:
    video = source.probe.main_video
    assert video is not None
    return grid_of(video, video.duration_seconds or source.probe.duration_seconds)


def encoded(source: Source, grid: Grid, folder: Path, ladder: Sequence[Rendition] = LADDER) -> None:
    """Leaves `<rendition>.mp4` in a folder."""
    part = encode.Part(grid=grid, begin=0, frames=grid.frames, thumbnail_every=10**6)
    chosen: dict[Codec, Encoder] = {"h264": software("h264")}
    argv = encode.encode(
        get_tools(), source.path, source.container, source.probe, part, ladder, chosen
    )
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(argv, check=True, cwd=folder, stdout=subprocess.DEVNULL)


def packaged(
    source: Source, grid: Grid, folder: Path, ladder: Sequence[Rendition] = LADDER
) -> Package:
    """The encoded files of a folder as a package below it, with sound where the source has it."""
    (folder / "mp4").mkdir()
    (folder / "stream").mkdir()
    sounds = []
    if source.probe.audio:
        ffmpeg(
            "-i", source.path, "-vn", "-c:a", "aac", "-ar", "48000", "-ac", "2",
            "-af", f"apad,atrim=end={grid.seconds}", folder / "audio.m4a",
        )  # fmt: skip
        sounds = [packaging.Sound("audio.m4a", "stream/audio.mp4", "sound", main=True)]
    pictures = [packaging.Picture(f"{one.name}.mp4", f"stream/{one.name}.mp4") for one in ladder]
    argv = packaging.package(get_tools(), pictures, sounds, grid, "stream/manifest.mpd")
    subprocess.run(argv, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    files = []
    for one in ladder:
        files.append(PictureFile(one, folder / f"stream/{one.name}.mp4"))
        if one.progressive:
            path = folder / f"mp4/{one.name}.mp4"
            beside = ("-i", folder / "audio.m4a") if sounds else ()
            ffmpeg(
                "-i", folder / f"{one.name}.mp4", *beside, "-c", "copy",
                "-movflags", "+faststart", path,
            )  # fmt: skip
            files.append(PictureFile(one, path, progressive=True, tracks=len(sounds)))
    heard = tuple(SoundFile(folder / one.target) for one in sounds)
    return Package(source, grid, tuple(files), heard)


def made(path: Path, folder: Path, ladder: Sequence[Rendition] = LADDER) -> Package:
    """A package of a film as it should be."""
    source = measured(path)
    grid = whole_grid(source)
    encoded(source, grid, folder, ladder)
    return packaged(source, grid, folder, ladder)


def altered(package: Package, filters: str, target: Path) -> PictureFile:
    """The first rendition once more, in fragments, its picture changed on the way."""
    first = package.pictures[0]
    plain = target.with_suffix(".plain.mp4")
    ffmpeg(
        "-i", first.path, "-vf", f"{filters},{_TAGGED}", "-frames:v", str(package.grid.frames),
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-threads", "2",
        "-g", str(package.grid.gop_frames), "-keyint_min", str(package.grid.gop_frames),
        "-sc_threshold", "0", "-flags", "+cgop", plain,
    )  # fmt: skip
    pictures = [packaging.Picture(plain.name, target.name)]
    argv = packaging.package(get_tools(), pictures, [], package.grid, f"{target.stem}.mpd")
    subprocess.run(argv, check=True, cwd=target.parent, stdout=subprocess.DEVNULL)
    return PictureFile(first.rendition, target)


_TAGGED: Final = (
    "format=yuv420p,setsar=1,"
    "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
)
