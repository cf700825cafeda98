"""What ffmpeg makes of a clip's windows: the pixels that the path says, and no others."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.renditions import Grid, Rendition
from pipeline.plan import safe_areas
from pipeline.plan.caption_types import CaptionLook
from pipeline.plan.clip_types import SHAPES, ClipShape
from pipeline.stages.clips import caption_style
from transcoders import clips
from transcoders.captions import Word, ass, captioned, profile_for
from transcoders.captions.burning import burn_in
from transcoders.clips import Cut, Source
from transcoders.containers import recognised
from transcoders.ffmpeg import Bounds, execute
from transcoders.probe import probe
from transcoders.subjects.splines import at
from transcoders.subjects.wanted import Piece, Window
from transcoders.tools import get_tools

STEP = 5
WIDTH, HEIGHT = 220, 64


@pytest.fixture(scope="module")
def ramp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture in which each column's brightness says which it is."""
    path = tmp_path_factory.mktemp("ramp") / "ramp.mp4"
    drawn = f"color=black:size={WIDTH}x{HEIGHT}:rate=25:duration=4,format=yuv420p"
    ramp = "geq=lum='16+X':cb=128:cr=128"
    subprocess.run(
        [
            str(get_tools().ffmpeg), "-v", "error", "-f", "lavfi", "-i", f"{drawn},{ramp}",
            "-c:v", "libx264", "-qp", "1", "-preset", "ultrafast", "-g", "25", str(path),
        ],
        check=True,
    )  # fmt: skip
    return path


def source(path: Path, begin: int, end: int) -> Source:
    measured = probe(path, get_tools())
    grid = Grid(rate="25/1", frames=100, gop_frames=50)
    return Source(path, recognised(path), measured, grid, begin, end, (WIDTH, HEIGHT))


def rendered(
    where: Source, pieces: Sequence[Piece], size: tuple[int, int], folder: Path
) -> np.ndarray:
    """The luma of every frame that comes out."""
    rendition = Rendition(
        name="x", rung=64, width=size[0], height=size[1], crf=4, peak_bitrate=9_000_000
    )
    cut = Cut(rendition, tuple(pieces), None, folder / "made.mp4")
    command, graph = clips.render(get_tools(), where, [cut], None, STEP)
    (folder / clips.GRAPH).write_text(graph)
    execute(command, bounds=Bounds(wall_seconds=60, memory_bytes=4 << 30), scratch=folder)
    raw = subprocess.run(
        [str(get_tools().ffmpeg), "-v", "error", "-i", str(cut.target), "-f", "rawvideo",
         "-pix_fmt", "gray", "-vf", "extractplanes=y", "-"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0]).astype(float)


def columns(frames: np.ndarray) -> np.ndarray:
    """Which column of the source the middle of each frame shows; matrices round one level down."""
    width = frames.shape[2]
    found: np.ndarray = frames[:, 4:-4, width // 2 - 1 : width // 2 + 1].mean(axis=(1, 2)) - 15
    return found


def test_a_moving_window_shows_at_each_frame_what_its_path_says(ramp: Path, tmp_path: Path) -> None:
    points = (20.0, 21.0, 25.0, 34.0, 48.0, 66.0, 84.0, 100.0, 112.0, 118.0, 120.0)
    moving = Piece(0, 51, "faces", (Window(36, 64, points, (0.0,)),))
    still = Piece(51, 60, "faces", (Window(36, 64, (150.0,), (0.0,)),))
    frames = rendered(source(ramp, 30, 90), [moving, still], (72, 128), tmp_path)
    assert len(frames) == 60
    middle = 36 / 2 - 0.5
    wanted = [at(points, n, STEP) + middle for n in range(51)] + [150 + middle] * 9
    assert np.abs(columns(frames) - wanted).max() < 0.6
    # What moves by less than a pixel of the source is seen to move by less.
    assert np.abs(np.diff(columns(frames)[:51], n=2)).max() < 1.3


def test_two_windows_stand_one_above_the_other_and_only_while_they_should(
    ramp: Path, tmp_path: Path
) -> None:
    one = Piece(0, 10, "faces", (Window(36, 64, (90.0,), (0.0,)),))
    half = (Window(36, 32, (10.0,), (0.0,)), Window(36, 32, (170.0,), (0.0,)))
    frames = rendered(source(ramp, 0, 20), [one, Piece(10, 20, "faces", half)], (72, 128), tmp_path)
    upper, lower = columns(frames[:, :64]), columns(frames[:, 64:])
    assert upper[:10] == pytest.approx(107.5, abs=0.6)
    assert lower[:10] == pytest.approx(107.5, abs=0.6)
    assert upper[10:] == pytest.approx(27.5, abs=0.6)
    assert lower[10:] == pytest.approx(187.5, abs=0.6)


def test_frames_are_looked_at_five_times_a_second_and_not_larger_than_they_are(
    ramp: Path, tmp_path: Path
) -> None:
    command = clips.looked_at(get_tools(), source(ramp, 30, 81))
    execute(command, bounds=Bounds(wall_seconds=60, memory_bytes=4 << 30), scratch=tmp_path)
    data = (tmp_path / clips.FRAMES).read_bytes()
    assert data.count(b"\xff\xd8\xff") == 11
    assert clips.look_size((1920, 1080)) == (640, 360)
    assert clips.look_size((64, 64)) == (64, 64)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_captions_are_drawn_within_what_is_free_on_every_network(
    shape: str, tmp_path: Path
) -> None:
    size = SHAPES[shape][-1]
    look = caption_style(ClipShape(name=shape, size=size, enlarged=1.0), CaptionLook())
    words = "Incomprehensibilities notwithstanding, wonderful caption makers write whole lines."
    timed = [Word(w, n * 0.5, n * 0.5 + 0.4) for n, w in enumerate(words.split())]
    cues = captioned(timed, "en", replace(profile_for("en"), columns=look.columns))
    script = tmp_path / "captions.ass"
    script.write_text(ass.karaoke(cues, look), "utf-8")
    raw = subprocess.run(
        [str(get_tools().ffmpeg), "-v", "error", "-f", "lavfi", "-i",
         f"color=black:size={size.width}x{size.height}:rate=2:duration=4",
         "-vf", burn_in(script), "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    drawn = np.frombuffer(raw, np.uint8).reshape(-1, size.height, size.width).max(axis=0) > 60
    rows, across = np.nonzero(drawn)
    assert len(rows) > 500
    free = safe_areas.for_all(tall=shape == "9:16")
    assert rows.min() >= free.top * size.height
    assert rows.max() <= (1 - free.bottom) * size.height + 1
    assert across.min() >= free.left * size.width - 1
    assert across.max() <= (1 - free.right) * size.width + 1
