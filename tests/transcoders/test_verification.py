"""Every packet of every file is held against the plan."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cancellation import CancelToken
from core.errors import Cancelled, Rejected, Retryable
from core.renditions import Grid
from tests.media_samples import CLIP
from tests.transcoders.packages import Package, altered, ffmpeg, made
from transcoders import boxes
from transcoders.inspection import (
    PictureFile,
    SoundFile,
    inspect_picture,
    inspect_sound,
)
from transcoders.sequences import FrameSequence, OutputWrong, SoundSequence
from transcoders.tools import get_tools
from transcoders.verification import Verified, verify

GRID: Final = Grid(rate="30000/1001", frames=150, gop_frames=60)
TICKS: Final = 1001


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A film with sound, and what should be made of it: 120 frames in groups of 48."""
    folder = tmp_path_factory.mktemp("right")
    ffmpeg(
        "-ss", "2", "-i", CLIP, "-t", "5", "-vf", "scale=320:180", "-c:v", "libx264",
        "-preset", "superfast", "-crf", "12", "-c:a", "copy", folder / "film.mp4",
    )  # fmt: skip
    return made(folder / "film.mp4", folder / "package")


def verified(package: Package, scratch: Path, **changes: object) -> Verified:
    values = {"sounds": package.sounds, "scratch": scratch, **changes}
    pictures = values.pop("pictures", package.pictures)
    return verify(get_tools(), package.source, package.grid, pictures, **values)  # type: ignore[arg-type]


def test_a_right_package_passes_and_says_what_held(right: Package, tmp_path: Path) -> None:
    progress: list[float] = []
    found = verified(right, tmp_path, boundaries=(48, 96), progress=progress.append)
    assert [(one.rendition, one.ssim > 0.9, one.vmaf > 80) for one in found.quality] == [
        ("180p", True, True),
        ("120p", True, True),
    ]
    assert {one.sample_seconds for one in found.quality} == {2.0}
    assert [line.partition(": ")[0] for line in found.checks] == [
        "stream/180p.mp4", "stream/120p.mp4", "mp4/180p.mp4", "stream/audio.mp4",
        "stream/180p.mp4", "stream/120p.mp4", "stream/120p.mp4", "stream/120p.mp4",
    ]  # fmt: skip
    assert "120 frames at 24/1 a second, none lost or doubled" in found.checks[0]
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert 0 < found.quality_seconds < found.seconds
    assert list(tmp_path.iterdir()) == []


def test_a_progressive_file_alone_is_measured_itself(right: Package, tmp_path: Path) -> None:
    alone = [one for one in right.pictures if one.progressive]
    assert [one.rendition for one in verified(right, tmp_path, pictures=alone).quality] == ["180p"]


def test_a_wrong_output_is_worth_another_try_and_no_fault_of_the_input() -> None:
    assert issubclass(OutputWrong, Retryable)
    assert not issubclass(OutputWrong, Rejected)


def test_a_cancel_stops_it(right: Package, tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        verified(right, tmp_path, cancel=cancel)


COPY: Final = "-i {mp4} -map 0 -c copy"
FIRST: Final = "-movflags +faststart"
# What is done to a progressive MP4, and what is said of it.
FAULTS: Final = {
    f"{COPY}": "index does not come before its media",
    f"{COPY} -bsf:v noise=drop=eq(n\\,30) {FIRST}": "frame",
    f"-display_rotation:v 90 {COPY} {FIRST}": "turned by",
    f"{COPY} -aspect 4:3 {FIRST}": "pixels are not square",
    f"{COPY} -color_range:v pc {FIRST}": "yuvj420p|color_range",
    f"{COPY} -colorspace:v smpte170m {FIRST}": "its color_space is smpte170m, not bt709",
    f"-itsscale 2 {COPY} {FIRST}": "12.00000 frames a second, not 24/1",
    f"-itsoffset 0.5 {COPY} {FIRST}": "picture begins at 0.5",
    f"-i {{mp4}} -itsoffset 0.3 -i {{mp4}} -map 0:v -map 1:a -c copy {FIRST}": "sound begins",
    f"-i {{mp4}} -t 4 -i {{mp4}} -map 0:v -map 1:a -c copy {FIRST}": "sound ends at 4",
    f"-i {{mp4}} -map 0:v -c copy {FIRST}": "0 sound tracks and 1 streams",
    f"-i {{mp4}} -map 0 -map 0:v -c copy {FIRST}": "frame|2 pictures",
    f"-i {{mp4}} -map 0 -frames:v 100 -c copy {FIRST}": "frame 99 of 120 is missing",
    f"-i {{small}} -i {{mp4}} -map 0:v -map 1:a -c copy {FIRST}": "its width is 214, not 320",
    f"-i {{mp4}} -map 0 -c:a copy -c:v libx264 -preset ultrafast -g 24 {FIRST}": "is a keyframe",
    f"-i {{mp4}} -map 0 -c:a copy -c:v libx264 -preset ultrafast -g 250 {FIRST}": "should be",
    f"-i {{mp4}} -map 0 -c:a copy -c:v mpeg4 -g 48 {FIRST}": "codec_name is mpeg4",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_file_is_found_and_named(right: Package, tmp_path: Path, fault: str) -> None:
    mp4 = next(one for one in right.pictures if one.progressive)
    wrong = tmp_path / "180p.mp4"
    words = fault.format(mp4=mp4.path, small=right.pictures[2].path).split()
    ffmpeg(*words, wrong)
    with pytest.raises(OutputWrong, match=FAULTS[fault]) as raised:
        inspect_picture(get_tools(), replace(mp4, path=wrong), right.grid)
    assert str(raised.value).startswith(f"{tmp_path.name}/180p.mp4: ")


def without_fragment(path: Path, target: Path, number: int) -> None:
    """A fragmented file that lacks one `moof` and its `mdat`."""
    data = path.read_bytes()
    with path.open("rb") as file:
        found = list(boxes.outer(file))
    starts = [box.begin for box in found if box.kind == b"moof"] + [len(data)]
    target.write_bytes(data[: starts[number]] + data[starts[number + 1] :])


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "picture begins at 2.0"), (1, "frame 48 is missing"), (2, "frame 96 of 120 is missing")],
)
def test_a_lost_fragment_is_found(right: Package, tmp_path: Path, number: int, said: str) -> None:
    stream = right.pictures[0]
    wrong = tmp_path / "lost.mp4"
    without_fragment(stream.path, wrong, number)
    with pytest.raises(OutputWrong, match=said):
        inspect_picture(get_tools(), replace(stream, path=wrong), right.grid)


BROKEN: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty": lambda data: b"",
    "cut short": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_our_fault(right: Package, tmp_path: Path, how: str) -> None:
    stream = right.pictures[0]
    wrong = tmp_path / "broken.mp4"
    wrong.write_bytes(BROKEN[how](stream.path.read_bytes()))
    with pytest.raises(OutputWrong, match=r"broken\.mp4: "):
        inspect_picture(get_tools(), replace(stream, path=wrong), right.grid)


def test_a_file_that_is_not_there_is_our_fault(right: Package, tmp_path: Path) -> None:
    with pytest.raises(OutputWrong, match=r"gone\.mp4: it is missing or empty"):
        inspect_sound(get_tools(), SoundFile(tmp_path / "gone.mp4"), right.grid)


def test_a_stream_must_be_in_fragments(right: Package, tmp_path: Path) -> None:
    path = tmp_path / "whole.mp4"
    ffmpeg("-i", right.pictures[0].path, "-c", "copy", "-movflags", "+faststart", path)
    with pytest.raises(OutputWrong, match="not in fragments"):
        inspect_picture(get_tools(), replace(right.pictures[0], path=path), right.grid)


@pytest.mark.parametrize(
    ("how", "said"),
    [("-t 4", "sound ends at 4"), ("-af adelay=100:all=1,atrim=end=6", "sound ends at 5.1")],
)
def test_sound_that_does_not_end_with_the_picture_is_found(
    right: Package, tmp_path: Path, how: str, said: str
) -> None:
    path = tmp_path / "sound.mp4"
    ffmpeg(
        "-i", right.sounds[0].path, *how.split(), "-c:a", "aac",
        "-movflags", "+frag_keyframe+empty_moov", path,
    )  # fmt: skip
    with pytest.raises(OutputWrong, match=said):
        inspect_sound(get_tools(), SoundFile(path), right.grid)


def test_a_progressive_file_with_another_picture_is_found(right: Package, tmp_path: Path) -> None:
    other = altered(right, "hue=h=20", tmp_path / "other.mp4")
    pictures = [PictureFile(other.rendition, other.path), *right.pictures[1:]]
    with pytest.raises(OutputWrong, match=r"mp4/180p\.mp4: its picture is not that of"):
        verified(right, tmp_path, pictures=pictures)


def test_swapped_renditions_are_found(right: Package, tmp_path: Path) -> None:
    swapped = [
        replace(right.pictures[0], path=right.pictures[2].path),
        replace(right.pictures[2], path=right.pictures[0].path),
    ]
    with pytest.raises(OutputWrong, match=r"stream/120p\.mp4: its width is 214, not 320"):
        verified(right, tmp_path, pictures=swapped)


def packets(grid: Grid = GRID) -> list[tuple[int, bool]]:
    """Frames in the order in which they are stored, two of three before the one between them."""
    order: list[tuple[int, bool]] = []
    for begin in range(0, grid.frames, grid.gop_frames):
        end = min(grid.frames, begin + grid.gop_frames)
        order.append((begin, True))
        for at in range(begin + 1, end, 2):
            order += [(frame, False) for frame in (at + 1, at) if frame < end]
    return order


def taken(order: list[tuple[int, bool]], grid: Grid = GRID) -> FrameSequence:
    sequence = FrameSequence(grid)
    for frame, key in order:
        sequence.take(frame * TICKS, TICKS, 10, key=key)
    sequence.finish(1 / (grid.fps * TICKS))
    return sequence


def test_frames_in_any_order_within_a_group_are_right() -> None:
    assert list(taken(packets()).group_bytes) == [600, 600, 300]


@given(st.integers(0, GRID.frames - 1), st.data())
@settings(max_examples=60, deadline=None)
def test_no_frame_can_be_lost_doubled_or_moved(frame: int, data: st.DataObject) -> None:
    order = packets()
    place = next(at for at, one in enumerate(order) if one[0] == frame)
    change = data.draw(st.sampled_from(["lost", "doubled", "moved", "key"]))
    if change == "lost":
        del order[place]
    elif change == "doubled":
        order.insert(place, order[place])
    elif change == "moved":
        order[place] = (
            data.draw(st.integers(0, 400).filter(lambda to: to != frame)),
            order[place][1],
        )
    else:
        order[place] = (frame, not order[place][1])
    with pytest.raises(OutputWrong):
        taken(order)


def test_a_group_that_needs_the_next_is_not_closed() -> None:
    order = packets()
    at = order.index((60, True))
    order[at - 1], order[at] = order[at], order[at - 1]
    with pytest.raises(OutputWrong, match="the group before keyframe 60 is not closed"):
        taken(order)


def test_twelve_hours_take_no_memory_for_their_frames() -> None:
    grid = Grid(rate="60/1", frames=200_000, gop_frames=120)
    sequence = FrameSequence(grid)
    most = 0
    for frame, key in packets(grid):
        sequence.take(frame * TICKS, TICKS, 10, key=key)
        most = max(most, sequence.waiting)
    assert most <= 2


def test_sound_without_a_gap_is_right() -> None:
    sound = SoundSequence()
    for at in range(-1024, 4096, 1024):
        sound.take(at, 1024)
    assert (sound.first, sound.end) == (-1024, 4096)


@pytest.mark.parametrize(("at", "what"), [(2049, "a gap"), (2047, "an overlap")])
def test_sound_with_a_gap_or_an_overlap_is_found(at: int, what: str) -> None:
    sound = SoundSequence()
    sound.take(0, 1024)
    sound.take(1024, 1024)
    with pytest.raises(OutputWrong, match=f"{what} at 2048"):
        sound.take(at, 1024)
