"""What looks like its source passes, however hard it is; what does not, never."""

from pathlib import Path
from typing import Final

import pytest

from core.renditions import Grid, fitted
from tests.media_samples import CLIP, Sample
from tests.transcoders.packages import (
    Package,
    altered,
    ffmpeg,
    made,
    measured,
    rung,
)
from transcoders.comparison import Candidate, Window
from transcoders.quality import AT_QUALITY, Bar, Sampled, around_seam, costliest, judge, sample
from transcoders.sequences import OutputWrong
from transcoders.tools import get_tools
from transcoders.verification import verify

GRID: Final = Grid(rate="24/1", frames=120, gop_frames=48)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A film with movement and a cut, and what should be made of it."""
    folder = tmp_path_factory.mktemp("right")
    ffmpeg(
        "-ss", "2", "-i", CLIP, "-t", "5", "-vf", "scale=320:180", "-c:v", "libx264",
        "-preset", "superfast", "-crf", "12", "-g", "24", "-an", folder / "film.mp4",
    )  # fmt: skip
    return made(folder / "film.mp4", folder / "package")


def judged(package: Package, path: Path, window: Window, bar: Bar = AT_QUALITY) -> str:
    rendition = package.pictures[0].rendition
    candidate = Candidate(rendition, path)
    (found,) = sample(
        get_tools(),
        package.source,
        package.grid,
        window,
        [candidate],
        largest=(rendition.width, rendition.height),
        scratch=path.parent,
    )
    return judge(candidate, found, package.grid, window, bar)


FAULTS: Final = {
    "tpad=start=1:start_mode=clone": "the frames are late",
    "trim=start_frame=1,setpts=PTS-STARTPTS,tpad=stop=1:stop_mode=clone": "the frames are early",
    "lutyuv=u=0:v=0": "wrong colours",
    "lutyuv=u=128:v=128": "wrong colours",
    "scale=in_range=tv:out_range=pc": "wrong colours",
    "scale=in_range=pc:out_range=tv": "wrong colours",
    "scale=in_color_matrix=bt709:out_color_matrix=bt601": "wrong colours",
    "lutyuv=y=128:u=128:v=128": "another picture",
    "vflip": "another picture",
    "hflip": "another picture",
    "gblur=sigma=3": "VMAF",
}


@pytest.mark.parametrize("filters", FAULTS)
def test_a_wrong_picture_is_found(right: Package, tmp_path: Path, filters: str) -> None:
    wrong = altered(right, filters, tmp_path / "wrong.mp4")
    with pytest.raises(OutputWrong, match=rf"wrong\.mp4: at 2\.000 s: .*{FAULTS[filters]}"):
        judged(right, wrong.path, Window(48, 48, vmaf="VMAF" in FAULTS[filters]))


def test_the_right_picture_passes(right: Package, tmp_path: Path) -> None:
    same = altered(right, "null", tmp_path / "same.mp4")
    assert "in place and time; SSIM 0.9" in judged(right, same.path, Window(48, 48))


def test_a_frame_that_is_doubled_at_a_seam_is_found(right: Package, tmp_path: Path) -> None:
    late = altered(right, "loop=loop=1:size=1:start=47", tmp_path / "late.mp4")
    for boundary in (72, 96):
        with pytest.raises(OutputWrong, match="the frames are late"):
            judged(right, late.path, around_seam(right.grid, boundary))
    with pytest.raises(OutputWrong, match="the frames are late"):
        judged(right, late.path, around_seam(right.grid, 48))
    assert judged(right, late.path, Window(0, 40))


def test_a_file_that_cannot_be_decoded_is_our_fault(right: Package, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    whole = right.pictures[0].path.read_bytes()
    broken.write_bytes(whole[:2000] + bytes(len(whole) - 2000))
    with pytest.raises(OutputWrong, match=r"broken\.mp4"):
        judged(right, broken, Window(48, 48))


CONTENTS: Final = {
    # More noise than the peak rate has bits for: it looks bad, and nothing is wrong.
    "noise": "color=gray:size=320x180:rate=30:duration=3,noise=alls=100:allf=t+u",
    "cells": "life=size=320x180:rate=30:mold=10:ratio=0.3:seed=7,trim=duration=3",
    "black": "color=black:size=320x180:rate=30:duration=3",
    "slides": "testsrc2=size=320x180:rate=1:duration=4,fps=30",
    "fade": "smptebars=size=320x180:rate=30:duration=3,fade=in:0:60",
    "one frame": "testsrc2=size=320x180:rate=25:duration=0.04",
    "two frames": "testsrc2=size=320x180:rate=25:duration=0.08",
    "ten frames": "testsrc2=size=320x180:rate=25:duration=0.4",
    "a stamp": "testsrc2=size=16x10:rate=25:duration=1",
    "a ribbon": "testsrc2=size=640x24:rate=25:duration=1",
    "upright": "testsrc2=size=180x320:rate=60000/1001:duration=3",
}


@pytest.mark.parametrize("content", CONTENTS)
def test_hard_and_strange_contents_pass(content: str, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", CONTENTS[content], "-c:v", "libx264", "-preset", "ultrafast",
        "-crf", "10", "-pix_fmt", "yuv420p", film,
    )  # fmt: skip
    video = measured(film).probe.main_video
    assert video is not None
    package = made(film, tmp_path / "package", [rung(fitted(video.display_size, 180), 200_000)])
    (quality,) = verified(package, tmp_path)
    assert quality.sample_seconds == pytest.approx(min(2.0, package.grid.seconds), abs=0.02)


LONGER: Final = ("rotated.mov", "wide-pixels.mp4", "recording.webm", "old.avi", "ten-bit.mkv")
SOURCES: Final = (
    "interlaced.ts",
    "uneven.mp4",
    *(pytest.param(name, marks=pytest.mark.long) for name in LONGER),
)


@pytest.mark.parametrize("name", SOURCES)
def test_frames_are_paired_rightly_whatever_the_source(
    name: str, sample: Sample, tmp_path: Path
) -> None:
    film = sample(name)
    video = measured(film).probe.main_video
    assert video is not None
    package = made(film, tmp_path / "package", [rung(fitted(video.display_size, 180), 400_000)])
    (quality,) = verified(package, tmp_path)
    assert quality.ssim > 0.9
    # That they pass means something: one frame later they do not.
    late = altered(package, "tpad=start=1:start_mode=clone", tmp_path / "late.mp4")
    with pytest.raises(OutputWrong, match="the frames are late"):
        judged(package, late.path, Window(0, min(48, package.grid.frames), vmaf=False))


def test_hdr_is_held_against_what_it_is_as_sdr(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1", "-c:v", "libx265",
        "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params",
        "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", film,
    )  # fmt: skip
    package = made(film, tmp_path / "package")
    assert package.source.probe.video[0].hdr == "pq"
    assert [one.ssim > 0.9 for one in verified(package, tmp_path)] == [True, True]


def verified(package: Package, scratch: Path) -> tuple[Sampled, ...]:
    return verify(
        get_tools(), package.source, package.grid, package.pictures, package.sounds, scratch=scratch
    ).quality


def test_the_costliest_group_is_looked_at() -> None:
    assert costliest(GRID, [5, 9, 7], seekable=True) == Window(48, 48)
    assert costliest(GRID, [5, 7, 9], seekable=True) == Window(96, 24)


def test_what_cannot_be_sought_is_looked_at_early() -> None:
    grid = Grid(rate="24/1", frames=24 * 60, gop_frames=48)
    assert costliest(grid, [*range(30)], seekable=False) == Window(3 * 48, 48)


def test_a_seam_is_looked_at_from_both_sides_within_the_picture() -> None:
    assert around_seam(GRID, 48) == Window(39, 18, vmaf=False)
    assert around_seam(GRID, 118) == Window(109, 11, vmaf=False)
