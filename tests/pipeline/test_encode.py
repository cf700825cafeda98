"""Chunks of one grid meet without a frame lost, doubled or changed: the frames say who they are."""

import subprocess
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import pytest

from core.errors import Rejected
from core.media import Probe
from core.renditions import Grid
from pipeline.plan.chunks import chunks, thumbnail_step
from pipeline.plan.ladder import full_ladder
from pipeline.plan.recipes import plan
from pipeline.plan.types import StageResult
from pipeline.plan.video import timing
from pipeline.plan.video_types import (
    AnalyseResult,
    EncodeOptions,
    EncodeResult,
    PackageOptions,
)
from pipeline.stages import encode, package
from pipeline.stages.context import StageContext, StageInput
from tests.media_samples import Sample
from transcoders.probe import probe as measure
from transcoders.tools import get_tools

SIDE: Final = 64
BLOCK: Final = 16
BITS: Final = (SIDE // BLOCK) ** 2
SECONDS: Final = 130


def numbered(count: int) -> Iterator[bytes]:
    """Grey frames of 64×64 whose sixteen blocks are the bits of their number."""
    for number in range(count):
        rows = b""
        for row in range(SIDE // BLOCK):
            bits = [number >> (row * 4 + column) & 1 for column in range(SIDE // BLOCK)]
            rows += b"".join(bytes([235 if bit else 16]) * BLOCK for bit in bits) * BLOCK
        yield rows


def numbers(film: Path) -> list[int]:
    """The numbers that a film's frames say, in the order in which they are shown."""
    argv = [
        str(get_tools().ffmpeg), "-v", "error", "-i", str(film), "-map", "0:v", "-fps_mode",
        "passthrough", "-vf", f"scale={SIDE}:{SIDE}", "-f", "rawvideo", "-pix_fmt", "gray", "-",
    ]  # fmt: skip
    raw = subprocess.run(argv, check=True, capture_output=True).stdout
    size = SIDE * SIDE
    return [_number(raw[at : at + size]) for at in range(0, len(raw), size)]


def _number(frame: bytes) -> int:
    middles = (
        frame[(row * BLOCK + BLOCK // 2) * SIDE + column * BLOCK + BLOCK // 2]
        for row in range(SIDE // BLOCK)
        for column in range(SIDE // BLOCK)
    )
    return sum((value > 128) << bit for bit, value in enumerate(middles))


def ffmpeg(*arguments: str | Path, given: bytes | None = None) -> None:
    argv = [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    if given is not None:
        argv.remove("-nostdin")
    subprocess.run(argv, check=True, input=given)


H264: Final = "-c:v libx264 -preset ultrafast -bf 2 -b_strategy 0 -g 250 -sc_threshold 0"
OPEN_HEVC: Final = (
    "-c:v libx265 -preset ultrafast -x265-params "
    "log-level=error:open-gop=1:keyint=120:min-keyint=120:bframes=4:b-adapt=0:scenecut=0"
)


UNEVEN: Final = "select='lt(mod(n\\,11)\\,8)',settb=1/90000"

# Encoded from numbered frames: the rate, and how.
ENCODED: Final = {
    "plain.mp4": ("24", H264),
    "ntsc.mkv": ("24000/1001", H264),
    "odd-rate.mp4": ("1199/50", H264),
    "open-gop.mp4": ("24", OPEN_HEVC),
    "open-gop.mkv": ("24", OPEN_HEVC),
    # Three of eleven frames are missing, as where a phone ran out of light.
    "uneven.mkv": ("24", f"-vf {UNEVEN} -fps_mode vfr {H264}"),
}
# Copied from one of those, {name}.
COPIED: Final = {
    # Begins between two keyframes: an edit list hides what comes before.
    "edited.mp4": "-ss 3.3 -i {plain.mp4} -c copy",
    "late-clock.mkv": "-i {plain.mp4} -c copy -output_ts_offset 7.04",
    "early-clock.mp4": "-i {plain.mp4} -c copy -output_ts_offset -0.5 -avoid_negative_ts disabled",
    # Sound that is not compressed, between the pictures, makes the file large.
    "heavy.mov": f"-i {{plain.mp4}} -f lavfi -i anoisesrc=d={SECONDS} -c:v copy -c:a pcm_s16le",
    "heavy.mkv": f"-i {{open-gop.mp4}} -f lavfi -i anoisesrc=d={SECONDS} -c:v copy -c:a pcm_s16le",
}


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Long films of numbered frames, each as another camera or editor would have written it."""
    folder = tmp_path_factory.mktemp("films")
    raw = b"".join(numbered(SECONDS * 24))

    def make(name: str) -> Path:
        target = folder / name
        if target.exists():
            return target
        if name in ENCODED:
            rate, words = ENCODED[name]
            ffmpeg(
                "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{SIDE}x{SIDE}", "-r", rate,
                "-i", "-", *words.split(), "-pix_fmt", "yuv420p", target, given=raw,
            )  # fmt: skip
            return target
        copied = COPIED[name].split()
        ffmpeg(*(make(word[1:-1]) if word[0] == "{" else word for word in copied), target)
        return target

    return make


def made(
    source: Path, probe: Probe, options: EncodeOptions, folder: Path
) -> tuple[StageResult, EncodeResult]:
    folder.mkdir(parents=True)
    video = probe.main_video
    assert video is not None
    analysis = AnalyseResult(ladder=full_ladder(video), encoders={"h264": "libx264"})
    context = StageContext(
        source=source,
        source_sha256="",
        scratch=folder,
        tools=get_tools(),
        inputs={"probe": StageInput(probe), "analyse": StageInput(analysis)},
    )
    result = encode.run(context, options)
    assert isinstance(result.value, EncodeResult)
    return result, result.value


def cut(source: Path) -> tuple[Probe, Grid, tuple[EncodeOptions, ...]]:
    probe = measure(source, get_tools())
    grid, hold = timing(probe)
    parts = chunks(
        probe,
        grid,
        work_seconds=0,
        thumbnail_every=thumbnail_step(grid),
        hold_frames=hold,
    )
    return probe, grid, parts


FILMS: Final = (
    "plain.mp4", "ntsc.mkv", "odd-rate.mp4", "open-gop.mp4", "open-gop.mkv", "uneven.mkv",
    "edited.mp4", "late-clock.mkv", "early-clock.mp4",
)  # fmt: skip


@pytest.mark.parametrize("name", FILMS)
def test_chunks_are_the_frames_of_the_whole(
    films: Callable[[str], Path], name: str, tmp_path: Path
) -> None:
    source = films(name)
    probe, grid, parts = cut(source)
    assert len(parts) == 2
    whole = parts[-1].model_copy(update={"begin": 0, "frames": grid.frames, "seek": None})
    _, undivided = made(source, probe, whole, tmp_path / "whole")
    expected = numbers(next((tmp_path / "whole").glob("*.mp4")))
    got: list[int] = []
    values = []
    for number, part in enumerate(parts):
        _, value = made(source, probe, part, tmp_path / str(number))
        values.append(value)
        frames = numbers(next((tmp_path / str(number)).glob("*.mp4")))
        assert len(frames) == part.frames == value.frames
        assert part.begin % grid.segment_frames == 0
        got += frames
    assert got == expected
    assert len(expected) == grid.frames
    assert [t.frame for v in values for t in v.thumbnails] == [
        t.frame for t in undivided.thumbnails
    ]
    assert [s.frame for v in values for s in v.scenes] == [s.frame for s in undivided.scenes]


@pytest.mark.parametrize("name", ["plain.mp4", "ntsc.mkv", "odd-rate.mp4", "open-gop.mp4"])
def test_a_constant_rate_keeps_every_frame_once(
    films: Callable[[str], Path], name: str, tmp_path: Path
) -> None:
    source = films(name)
    probe, _, parts = cut(source)
    whole = parts[0].model_copy(update={"frames": 480})
    made(source, probe, whole.model_copy(update={"begin": 0}), tmp_path / "0")
    assert numbers(next((tmp_path / "0").glob("*.mp4"))) == list(range(480))
    later = parts[1].model_copy(update={"frames": 240})
    made(source, probe, later, tmp_path / "1")
    first = parts[1].begin
    assert numbers(next((tmp_path / "1").glob("*.mp4"))) == list(range(first, first + 240))


def test_an_edit_list_hides_what_it_hides(films: Callable[[str], Path], tmp_path: Path) -> None:
    source = films("edited.mp4")
    probe, _, parts = cut(source)
    made(source, probe, parts[0].model_copy(update={"frames": 48}), tmp_path / "0")
    first = numbers(next((tmp_path / "0").glob("*.mp4")))
    assert first[0] in (79, 80)
    assert first == list(range(first[0], first[0] + 48))


def test_a_range_needs_only_its_own_bytes(films: Callable[[str], Path], tmp_path: Path) -> None:
    for name in ("heavy.mov", "heavy.mkv"):
        source = films(name)
        probe, _, parts = cut(source)
        for number, part in enumerate(parts):
            sparse = tmp_path / f"{number}-{name}"
            content = source.read_bytes()
            kept = 0
            with sparse.open("wb") as file:
                file.truncate(len(content))
                for piece in part.bytes:
                    end = len(content) if piece.end is None else piece.end
                    file.seek(piece.begin)
                    kept += file.write(content[piece.begin : end])
            assert kept < 0.75 * len(content)
            one, _ = made(source, probe, part, tmp_path / f"{name}-{number}-all")
            two, _ = made(sparse, probe, part, tmp_path / f"{name}-{number}-part")
            assert [a.path.read_bytes() for a in one.artifacts] == [
                a.path.read_bytes() for a in two.artifacts
            ]


def test_the_last_picture_is_held_while_sound_goes_on(sample: Sample, tmp_path: Path) -> None:
    source = sample("long-sound.mp4")
    probe, grid, parts = cut(source)
    assert (len(parts), round(grid.seconds, 1)) == (1, 4.0)
    _, value = made(source, probe, parts[0], tmp_path / "0")
    assert value.frames == grid.frames == round(4 * Fraction(grid.rate))


def test_a_picture_that_ends_far_too_early_is_refused(
    films: Callable[[str], Path], tmp_path: Path
) -> None:
    source = films("plain.mp4")
    probe, _, parts = cut(source)
    short = tmp_path / "short.mp4"
    ffmpeg("-i", source, "-t", "100", "-c", "copy", short)
    with pytest.raises(Rejected, match=r"says 130\.0 s of picture, and 10[0-9.]+ s could be read"):
        made(short, probe, parts[1], tmp_path / "0")


def test_thumbnails_and_cuts_are_told_with_their_frames(tmp_path: Path) -> None:
    source = tmp_path / "cut.mp4"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=2",
        "-f", "lavfi", "-i", "mandelbrot=size=640x360:rate=25", "-filter_complex",
        "[1:v]trim=duration=2,setpts=PTS-STARTPTS[b];[0:v][b]concat=n=2", "-c:v", "libx264",
        "-preset", "ultrafast", "-pix_fmt", "yuv420p", source,
    )  # fmt: skip
    probe, _, parts = cut(source)
    result, value = made(source, probe, parts[0], tmp_path / "0")
    assert [scene.frame for scene in value.scenes] == [50]
    assert [thumbnail.frame for thumbnail in value.thumbnails] == [0, 25, 50, 75]
    assert (value.thumbnail_width, value.thumbnail_height) == (320, 180)
    assert {a.name for a in result.artifacts} == {"360p.mp4", "240p.mp4", "thumbnails.mjpeg"}
    again, _ = made(source, probe, parts[0], tmp_path / "1")
    assert [a.path.read_bytes() for a in again.artifacts] == [
        a.path.read_bytes() for a in result.artifacts
    ]


def test_what_a_device_made_of_some_chunks_is_made_again(
    films: Callable[[str], Path], tmp_path: Path
) -> None:
    source = films("plain.mp4")
    probe, _, parts = cut(source)
    graph = plan("video", probe)
    options = graph["package"].options
    assert isinstance(options, PackageOptions)
    chunks_ = [made(source, probe, part, tmp_path / str(n)) for n, part in enumerate(parts)]
    # The first as another encoder would have left it: with parameter sets of its own.
    foreign = tmp_path / "foreign.mp4"
    (first, value), (second, other) = chunks_
    picture = next(one.path for one in first.artifacts if one.name.endswith(".mp4"))
    ffmpeg("-i", picture, "-c:v", "libx264", "-profile:v", "baseline", "-g", "48", foreign)
    foreign.replace(picture)
    analysis = AnalyseResult(ladder=full_ladder(probe.video[0]), encoders={"h264": "h264_nvenc"})
    value = value.model_copy(update={"encoders": {"h264": "h264_nvenc"}})
    scratch = tmp_path / "package"
    scratch.mkdir()
    context = StageContext(
        source=source,
        source_sha256="",
        scratch=scratch,
        tools=get_tools(),
        inputs={
            "probe": StageInput(probe),
            "analyse": StageInput(analysis),
            "encode.0": StageInput(value, {one.name: one.path for one in first.artifacts}),
            "encode.1": StageInput(other, {one.name: one.path for one in second.artifacts}),
        },
    )
    result = package.run(context, options)
    film = next(one.path for one in result.artifacts if one.kind == "mp4")
    assert numbers(film) == list(range(SECONDS * 24))
