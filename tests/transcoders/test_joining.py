"""Joining parts: the times of every frame, what is refused, and how much is copied."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.renditions import Codec, Grid, Rendition
from transcoders import joining
from transcoders.joining import Job, NotOnGrid, Part, PartsDiffer
from transcoders.tools import get_tools

Encode = Callable[..., Path]
SIZE = 64
# Frames that are reordered, in closed groups of ten: what real chunks have.
H264 = "-c:v libx264 -preset veryfast -bf 3 -g 10 -keyint_min 10 -sc_threshold 0 -threads 1"
CODECS = {
    "h264": H264,
    "hevc": "-c:v libx265 -preset ultrafast -tag:v hvc1 -x265-params "
    "log-level=none:keyint=10:min-keyint=10:scenecut=0:open-gop=0:bframes=3",
    "av1": "-c:v libsvtav1 -preset 12 -g 10",
}


@pytest.fixture(scope="module")
def encode(tmp_path_factory: pytest.TempPathFactory) -> Encode:
    """Makes a file of some frames, the first being number `begin`: each is as light as its number.

    Light repeats after 14 frames, which tells a frame from its neighbours.
    """
    folder = tmp_path_factory.mktemp("parts")

    def make(rate: str, begin: int, frames: int, arguments: str = H264, size: int = SIZE) -> Path:
        path = folder / f"{abs(hash((rate, begin, frames, arguments, size)))} it's.mp4"
        if not path.exists():
            picture = f"color=black:size={size}x{size}:rate={rate}"
            light = f"geq=lum='30+mod(N+{begin},14)*14':cb=128:cr=128,format=yuv420p"
            subprocess.run(
                [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture,
                 "-vf", light, "-frames:v", str(frames), *arguments.split(), str(path)],
                check=True, capture_output=True,
            )  # fmt: skip
        return path

    return make


def rendition(codec: Codec = "h264", size: int = SIZE) -> Rendition:
    return Rendition(
        name="tiny", rung=size, width=size, height=size, crf=21, peak_bitrate=1, codec=codec
    )


def run(jobs: list[Job], folder: Path) -> None:
    command = joining.join(get_tools(), jobs, folder)
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def times(path: Path) -> tuple[list[Fraction], list[Fraction]]:
    """When frames are shown and decoded, in seconds, as ffprobe reads them in order of storage."""
    told = subprocess.run(
        [str(get_tools().ffprobe), "-v", "error", "-select_streams", "v", "-show_entries",
         "packet=pts,dts:stream=time_base", "-of", "csv=p=0", str(path)],
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    base = Fraction(told.pop())
    rows = [tuple(int(value) * base for value in row.split(",")[:2]) for row in told]
    return [row[0] for row in rows], [row[1] for row in rows]


def light(path: Path) -> list[int]:
    """The numbers of the frames that are seen, modulo 14."""
    seen = subprocess.run(
        [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-xerror", "-i", str(path),
         "-map", "0:v", "-vf", "scale=1:1", "-fps_mode", "passthrough",
         "-pix_fmt", "gray", "-f", "rawvideo", "-"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    # Limited range to full: 16 is 0, 235 is 255.
    return [round(((value * 219 / 255 + 16) - 30) / 14) for value in seen]


def joined(encode: Encode, rate: str, lengths: list[int], folder: Path, codec: Codec) -> Path:
    grid = Grid(rate=rate, frames=sum(lengths), gop_frames=10)
    begins = [sum(lengths[:number]) for number in range(len(lengths))]
    paths = [
        encode(rate, begin, length, CODECS[codec])
        for begin, length in zip(begins, lengths, strict=True)
    ]
    job = Job(joining.read_parts(rendition(codec), paths, lengths, grid), folder / "whole.mp4")
    run([job], folder)
    assert joining.check(job, grid).frames == grid.frames
    return job.target


def sizes(path: Path) -> list[int]:
    """Bytes of each frame in order of storage."""
    told = subprocess.run(
        [str(get_tools().ffprobe), "-v", "error", "-select_streams", "v", "-show_entries",
         "packet=size", "-of", "csv=p=0", str(path)],
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    return [int(row) for row in told]


@pytest.mark.parametrize("codec", CODECS)
def test_every_frame_is_there_once_and_in_its_place(
    encode: Encode, tmp_path: Path, codec: Codec
) -> None:
    whole = joined(encode, "24000/1001", [20, 30, 1], tmp_path, codec)
    assert light(whole) == [number % 14 for number in range(51)]
    shown, _ = times(whole)
    assert sorted(shown) == [number * Fraction(1001, 24000) for number in range(51)]
    # Copied as it is: nothing was put into any frame.
    parts = [(0, 20), (20, 30), (50, 1)]
    copied = [sizes(encode("24000/1001", *part, CODECS[codec])) for part in parts]
    assert sizes(whole) == [size for part in copied for size in part]


@given(
    rate=st.fractions(min_value=1, max_value=60, max_denominator=1001),
    lengths=st.lists(st.sampled_from([1, 2, 10, 20]), min_size=1, max_size=4),
)
@example(rate=Fraction(60000, 1001), lengths=[10, 10, 10, 7])
@example(rate=Fraction(1199, 40), lengths=[20, 3])
@example(rate=Fraction(1), lengths=[1])
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_frames_of_any_rate_are_shown_and_decoded_at_exactly_equal_distances(
    encode: Encode, tmp_path: Path, rate: Fraction, lengths: list[int]
) -> None:
    name = f"{rate.numerator}/{rate.denominator}"
    shown, decoded = times(joined(encode, name, lengths, tmp_path, "h264"))
    assert sorted(shown) == [number / rate for number in range(sum(lengths))]
    assert decoded == [decoded[0] + number / rate for number in range(sum(lengths))]
    assert all(first <= second for first, second in zip(decoded, shown, strict=True))


@given(
    rate=st.fractions(min_value=1, max_value=60, max_denominator=5005),
    lengths=st.lists(st.integers(1, 4000), min_size=1, max_size=240),
)
def test_rounding_never_reaches_half_a_frame_however_long_the_film(
    rate: Fraction, lengths: list[int]
) -> None:
    scale = rate.numerator
    while scale < 10_000:
        scale *= 2
    frame = int(scale / rate)
    part = Part(Path("/a"), "avc1", b"", SIZE, SIZE, scale, frame, 0, 2)
    parts = [replace(part, frames=length) for length in lengths]
    begin, told = 0, joining.listed(parts).splitlines()[2::2]
    at = Fraction(0)
    for length, line in zip(lengths, told, strict=True):
        # ffmpeg adds these up in microseconds, and then counts in ticks from there.
        ticks = round(at * scale)
        assert round(Fraction(ticks, frame)) == begin
        assert abs(ticks - begin * frame) <= frame // 100 + 1
        at += Fraction(line.removeprefix("duration "))
        begin += length


def test_a_hundred_parts_do_not_drift(encode: Encode, tmp_path: Path) -> None:
    rate = Fraction(60000, 1001)
    path = encode("60000/1001", 0, 7)
    grid = Grid(rate="60000/1001", frames=700, gop_frames=10)
    parts = joining.read_parts(rendition(), [path] * 100, [7] * 100, grid)
    run([Job(parts, tmp_path / "whole.mp4")], tmp_path)
    assert sorted(times(tmp_path / "whole.mp4")[0]) == [number / rate for number in range(700)]


def test_many_files_are_made_at_once_and_the_same_each_time(encode: Encode, tmp_path: Path) -> None:
    grid = Grid(rate="25/1", frames=20, gop_frames=10)
    made = []
    for attempt in ("first", "second"):
        folder = tmp_path / attempt
        folder.mkdir()
        jobs = []
        for size in (64, 32):
            paths = [encode("25/1", begin, 10, size=size) for begin in (0, 10)]
            parts = joining.read_parts(rendition(size=size), paths, [10, 10], grid)
            jobs.append(Job(parts, folder / f"{size}.mp4"))
        run(jobs, folder)
        made.append([(folder / f"{size}.mp4").read_bytes() for size in (64, 32)])
    assert made[0] == made[1]


def test_an_mp4_has_its_index_first_and_keeps_its_sound_in_time(
    encode: Encode, tmp_path: Path
) -> None:
    sound = tmp_path / "audio.m4a"
    click = "aevalsrc='if(between(t,1,1.001),0.8,0)':s=48000:d=2"
    subprocess.run([str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-f", "lavfi", "-i", click,
                    "-c:a", "aac", str(sound)], check=True)  # fmt: skip
    grid = Grid(rate="25/1", frames=50, gop_frames=10)
    paths = [encode("25/1", begin, 25) for begin in (0, 25)]
    parts = joining.read_parts(rendition(), paths, [25, 25], grid)
    job = Job(parts, tmp_path / "film.mp4", sound, "fra")
    run([job], tmp_path)
    data = job.target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    # The room that was kept for the index is not much larger than it.
    assert data.index(b"mdat") < joining.index_bytes(job) + 100 < 16_000
    heard = subprocess.run(
        [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-i", str(job.target), "-map", "0:a",
         "-ac", "1", "-f", "s16le", "-"], check=True, capture_output=True,
    ).stdout  # fmt: skip
    loud = next(
        at for at in range(0, len(heard), 2)
        if abs(int.from_bytes(heard[at : at + 2], "little", signed=True)) > 8000
    )  # fmt: skip
    assert loud / 2 / 48000 == pytest.approx(1.0, abs=0.002)
    told = subprocess.run([str(get_tools().ffprobe), "-v", "error", "-select_streams", "a",
                           "-show_entries", "stream_tags=language", "-of", "csv=p=0",
                           str(job.target)], check=True, capture_output=True).stdout  # fmt: skip
    assert told.strip() == b"fra"


def test_a_part_of_another_encoder_is_named(encode: Encode) -> None:
    grid = Grid(rate="25/1", frames=30, gop_frames=10)
    paths = [
        encode("25/1", 0, 10),
        encode("25/1", 10, 10, H264.replace("-bf 3", "-bf 0 -coder vlc")),
        encode("25/1", 20, 10),
    ]
    with pytest.raises(PartsDiffer, match="part 1 of tiny were encoded otherwise") as caught:
        joining.read_parts(rendition(), paths, [10, 10, 10], grid)
    assert (caught.value.rendition, caught.value.parts) == ("tiny", (1,))


@pytest.mark.parametrize(("codec", "size"), [("hevc", 64), ("h264", 32)])
def test_a_part_of_another_codec_or_size_than_planned_is_named(
    encode: Encode, codec: Codec, size: int
) -> None:
    grid = Grid(rate="25/1", frames=10, gop_frames=10)
    with pytest.raises(PartsDiffer, match="part 0 of tiny have another codec or size"):
        joining.read_parts(rendition(codec, size), [encode("25/1", 0, 10)], [10], grid)


@pytest.mark.parametrize(
    ("rate", "frames", "told", "line"),
    [
        ("25/1", 10, 11, "part 0 of tiny has 10 frames, not 11"),
        ("25/1", 9, 9, "tiny has 9 frames, not 10"),
        ("30/1", 10, 10, "frames a second, not 25/1"),
    ],
)
def test_frames_that_lack_or_last_otherwise_are_told(
    encode: Encode, rate: str, frames: int, told: int, line: str
) -> None:
    grid = Grid(rate="25/1", frames=10, gop_frames=10)
    with pytest.raises(NotOnGrid, match=line):
        joining.read_parts(rendition(), [encode(rate, 0, frames)], [told], grid)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("-output_ts_offset 0.04", "the edit list does more than to begin later"),
        ("-use_editlist 0", "not at the times of the grid"),
        ("-bsf:v setts=pts=PTS+gte(N\\,5)*512:dts=DTS+gte(N\\,5)*512", "do not last equally long"),
        ("-movflags +empty_moov+frag_keyframe", "do not last equally long"),
    ],
)
def test_a_part_whose_frames_are_elsewhere_is_refused(
    encode: Encode, tmp_path: Path, arguments: str, line: str
) -> None:
    moved = tmp_path / "moved.mp4"
    subprocess.run([str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-i",
                    str(encode("25/1", 0, 10)), "-c", "copy", *arguments.split(), str(moved)],
                   check=True)  # fmt: skip
    with pytest.raises(NotOnGrid, match=line):
        joining.read_part(moved, Grid(rate="25/1", frames=10, gop_frames=10))


@pytest.mark.parametrize("cut", [0, 7, 100, 900])
def test_a_part_that_was_cut_short_is_refused(encode: Encode, tmp_path: Path, cut: int) -> None:
    short = tmp_path / "short.mp4"
    short.write_bytes(encode("25/1", 0, 10).read_bytes()[:cut])
    with pytest.raises(NotOnGrid, match=r"short\.mp4 cannot be joined"):
        joining.read_part(short, Grid(rate="25/1", frames=10, gop_frames=10))


def test_a_whole_that_lacks_frames_is_refused(encode: Encode) -> None:
    grid = Grid(rate="25/1", frames=20, gop_frames=10)
    paths = [encode("25/1", begin, 10) for begin in (0, 10)]
    parts = joining.read_parts(rendition(), paths, [10, 10], grid)
    with pytest.raises(NotOnGrid, match="has 10 frames, not 20"):
        joining.check(Job(parts, paths[0]), grid)
