"""A look at a source, on real pictures: what it costs to encode, and what smaller sizes lose."""

import subprocess
from pathlib import Path

import pytest

from core.errors import Rejected
from core.media import Probe
from core.renditions import Grid, Rendition, grid_of
from pipeline.plan.ladder import full_ladder
from tests.media_samples import CLIP, Sample
from transcoders import complexity
from transcoders.containers import recognised
from transcoders.ffmpeg import Bounds, ToolFailed, execute
from transcoders.probe import probe
from transcoders.tools import get_tools

BOUNDS = Bounds(wall_seconds=60, memory_bytes=4 << 30)
FIFTIETHS = Grid(rate="50/1", frames=500, gop_frames=100)


def ffmpeg(*words: str | Path) -> None:
    argv = [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y", *map(str, words)]
    subprocess.run(argv, check=True)


def known(source: Path) -> tuple[Probe, Grid, tuple[Rendition, ...]]:
    found = probe(source, get_tools())
    video = found.main_video
    assert video is not None
    return found, grid_of(video, found.duration_seconds), full_ladder(video)


def look(source: Path, sample: complexity.Sample, folder: Path) -> complexity.Sizes:
    """Looks at a source; the sizes that were looked at."""
    found, grid, ladder = known(source)
    small = next((one for one in ladder if one.rung <= 360), ladder[-1])
    sizes = complexity.Sizes(small, ladder[0], tuple(one for one in ladder[1:] if one.rung >= 360))
    folder.mkdir()
    command = complexity.look(get_tools(), source, recognised(source), found, grid, sample, sizes)
    execute(command, bounds=BOUNDS, scratch=folder)
    return sizes


def sizes_in(path: Path) -> tuple[int, ...]:
    with path.open() as lines:
        return complexity.sizes_of(lines)


def test_packets_are_put_in_the_order_in_which_they_are_shown() -> None:
    lines = [
        "#software: Lavf\n",
        "#tb 0: 1/25\n",
        "0, -2, 75, 1, 9000, 0x1c2d3e4f\n",
        "0, -1, 79, 1, 700, 0x1c2d3e4f, S=1, 8\n",
        "0, 0, 76, 1, 60, 0x1c2d3e4f\n",
    ]
    assert complexity.sizes_of(lines) == (9000, 60, 700)


@pytest.mark.parametrize(
    ("sizes", "bits"),
    [
        # A group of 100 frames at 50 a second lasts 2 s: half its bits are a second's.
        ((5000,), 5000 * 8 / 2),
        ((5000, 10, 30), (5000 + 99 * 20) * 8 / 2),
        ((5000, *[20] * 99), (5000 + 99 * 20) * 8 / 2),
    ],
)
def test_a_part_of_a_group_stands_for_the_whole_of_it(sizes: tuple[int, ...], bits: float) -> None:
    assert complexity.bitrate(sizes, FIFTIETHS) == pytest.approx(bits)


def test_a_look_foretells_what_an_encode_takes(tmp_path: Path) -> None:
    sample = complexity.Sample(seek=12.0, frames=24, top_frames=10)
    sizes = look(CLIP, sample, tmp_path / "look")
    small, top = (sizes_in(tmp_path / "look" / n) for n in (complexity.SMALL, complexity.TOP))
    assert (len(small), len(top)) == (24, 10)
    _, grid, _ = known(CLIP)
    foretold = complexity.bitrate(small, grid)
    ratio = sum(top) / sum(small[:10])
    made = {}
    for one in (sizes.small, sizes.top):
        target = tmp_path / f"{one.name}.h264"
        ffmpeg(
            "-ss", "12", "-t", "4", "-i", CLIP, "-an", "-vf", f"scale={one.width}:{one.height}",
            "-c:v", "libx264", "-preset", "veryfast", "-crf", str(one.crf), "-g", "48",
            "-sc_threshold", "0", target,
        )  # fmt: skip
        made[one.name] = target.stat().st_size * 8 / 4
    assert foretold == pytest.approx(made[sizes.small.name], rel=0.3)
    assert foretold * ratio == pytest.approx(made[sizes.top.name], rel=0.3)


def test_detail_that_is_there_is_lost_and_detail_that_is_not_is_not(tmp_path: Path) -> None:
    enlarged = tmp_path / "enlarged.mp4"
    ffmpeg(
        "-ss", "12", "-t", "2", "-i", CLIP, "-an", "-vf", "scale=854:480,scale=1280:720",
        "-c:v", "libx264", "-preset", "ultrafast", "-crf", "14", enlarged,
    )  # fmt: skip
    found = {}
    for source, at in ((CLIP, 12.5), (enlarged, 0.5)):
        folder = tmp_path / source.stem
        sizes = look(source, complexity.Sample(seek=at, frames=12), folder)
        lost = [complexity.loss(folder, one) for one in sizes.smaller]
        found[source] = {one.name: loss for one, loss in zip(sizes.smaller, lost, strict=True)}
    real, blown_up = found[CLIP]["480p"], found[enlarged]["480p"]
    assert real is not None
    assert blown_up is not None
    assert real.blurred > 4 > 3 > blown_up.blurred
    assert blown_up.ssim > max(real.ssim, 0.9965)
    smaller = found[enlarged]["360p"]
    assert smaller is not None
    assert smaller.blurred > 3.5


def test_one_line_of_print_on_a_plain_picture_is_a_loss(tmp_path: Path) -> None:
    stroke = "drawbox=w=2:h=16:color=black:t=fill"
    line = ",".join(f"{stroke}:x={200 + 5 * number}:y=300" for number in range(60))
    slide = tmp_path / "slide.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", f"color=white:s=1280x720:r=25:d=2,{line}", "-c:v", "libx264",
        "-preset", "ultrafast", "-crf", "10", slide,
    )  # fmt: skip
    sizes = look(slide, complexity.Sample(seek=0.5, frames=12), tmp_path / "look")
    lost = complexity.loss(tmp_path / "look", sizes.smaller[0])
    assert sizes.smaller[0].name == "480p"
    assert lost is not None
    # Most of the picture is plain, so that its mean hardly changes; the line is what is lost.
    assert lost.ssim > 0.98
    assert lost.blurred > 10


@pytest.mark.parametrize("name", ["interlaced.ts", "uneven.mp4", "ten-bit.mkv", "rotated.mov"])
def test_sources_of_all_kinds_can_be_looked_at(sample: Sample, tmp_path: Path, name: str) -> None:
    source = sample(name)
    sizes = look(source, complexity.Sample(seek=1.5, frames=15, top_frames=5), tmp_path / "look")
    assert len(sizes_in(tmp_path / "look" / complexity.SMALL)) == 15
    assert len(sizes_in(tmp_path / "look" / complexity.TOP)) == 5
    assert all(complexity.loss(tmp_path / "look", one) for one in sizes.smaller)


def test_of_hdr_the_small_size_is_looked_at(sample: Sample, tmp_path: Path) -> None:
    sample_ = complexity.Sample(seek=0.2, frames=10)
    look(sample("pq.mp4"), sample_, tmp_path / "look")
    assert len(sizes_in(tmp_path / "look" / complexity.SMALL)) == 10


def test_a_look_past_the_last_keyframe_sees_what_is_left(sample: Sample, tmp_path: Path) -> None:
    look(sample("silent.mp4"), complexity.Sample(seek=3.5, frames=60), tmp_path / "look")
    assert len(sizes_in(tmp_path / "look" / complexity.SMALL)) == 30


def test_a_look_at_a_damaged_part_fails(sample: Sample, tmp_path: Path) -> None:
    whole = sample("silent.mp4").read_bytes()
    begin = whole.index(b"mdat") + 4
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(whole[:begin] + bytes(len(whole) - begin - 20_000) + whole[-20_000:])
    folder = tmp_path / "look"
    with pytest.raises((Rejected, ToolFailed)):
        look(damaged, complexity.Sample(seek=1.5, frames=15), folder)
