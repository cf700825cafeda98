"""What is judged without a file, and what ffmpeg makes of small ones."""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import sin
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.process import Limits, run
from core.renditions import Grid
from transcoders import pictures, posters, windows
from transcoders.pictures import Place
from transcoders.posters import Film, Flaw, Look
from transcoders.tools import get_tools

GOOD = Look(0, luma=110, blur=4.5, entropy=0.9, contrast=140, saturation=25)
BLACK = Look(0, luma=0, blur=None, entropy=0.0, contrast=0, saturation=0)
WHITE = Look(0, luma=255, blur=None, entropy=0.0, contrast=0, saturation=0)
TITLE = Look(0, luma=3, blur=3.7, entropy=0.06, contrast=0, saturation=0)
CARD = Look(0, luma=60, blur=3.7, entropy=0.1, contrast=10, saturation=20)
SOFT = replace(GOOD, blur=9.0)
NIGHT = Look(0, luma=17, blur=5.0, entropy=0.6, contrast=60, saturation=8)


def film(*looks: Look, cuts: Sequence[int] = (), every: int = 25) -> Film:
    """Those looks one a second, at 25 frames a second."""
    placed = tuple(replace(look, frame=place * every) for place, look in enumerate(looks))
    return Film(placed, tuple(cuts), len(looks) * every, 25.0)


def best(film: Film) -> int:
    """Which look comes first, counted from 0."""
    return film.looks.index(posters.ranked(film)[0].look)


@pytest.mark.parametrize("bad", [BLACK, WHITE, TITLE, CARD, SOFT])
@pytest.mark.parametrize("place", range(5))
def test_one_good_picture_is_found_among_bad_ones(bad: Look, place: int) -> None:
    looks = [bad] * 5
    looks[place] = GOOD
    assert best(film(*looks)) == place


@pytest.mark.parametrize(
    ("look", "flaw"),
    [
        (GOOD, None),
        (NIGHT, None),
        (BLACK, Flaw.DARK),
        (TITLE, Flaw.DARK),
        (WHITE, Flaw.BLANK),
        (CARD, Flaw.SPARSE),
        (SOFT, Flaw.BLURRED),
    ],
)
def test_flaws_are_told_apart(look: Look, flaw: Flaw | None) -> None:
    assert posters.flaw(film(GOOD, look, GOOD), 1) is flaw


@pytest.mark.parametrize("levels", [(0, 40, 80, 120, 120), (120, 90, 60, 20, 0)])
def test_a_ramp_of_brightness_is_a_fade_and_a_cut_is_none(levels: tuple[int, ...]) -> None:
    looks = [replace(GOOD, luma=level) for level in levels]
    assert posters.flaw(film(*looks), 2) is Flaw.FADING
    assert posters.flaw(film(*looks, cuts=(50,)), 2) is None


def test_a_picture_beside_a_cut_is_worth_less_than_one_in_the_middle_of_a_shot() -> None:
    beside, amid = film(GOOD, GOOD, GOOD, cuts=(24,)), film(GOOD, GOOD, GOOD, cuts=(12,))
    scores = [
        next(one.score for one in posters.ranked(each) if one.look.frame == 25)
        for each in (beside, amid)
    ]
    assert scores[0] < scores[1]


def test_the_opening_gives_way_to_what_follows_it() -> None:
    opening = replace(GOOD, entropy=0.95, luma=120)
    assert best(film(*[opening] * 4, BLACK, *[GOOD] * 4)) > 4


def test_a_typical_picture_is_taken_before_an_odd_one() -> None:
    odd = replace(GOOD, luma=185)
    assert best(film(GOOD, GOOD, odd, GOOD, GOOD, cuts=(12, 37, 62, 87))) != 2


def test_among_dark_pictures_the_least_dark_is_taken_and_that_is_said() -> None:
    dim = film(*[replace(BLACK, luma=level) for level in (1, 3, 12, 9, 2)])
    order = posters.ranked(dim)
    assert order[0].look.luma == 12
    said = posters.reason(order, order[0])
    assert said == "The film is dark throughout, and this is its least dark picture."


def test_a_reason_says_what_is_good_and_counts_what_was_passed_over() -> None:
    order = posters.ranked(film(BLACK, BLACK, GOOD, SOFT, GOOD))
    said = posters.reason(order, order[0], blended=1)
    assert said == (
        "Well lit, rich in detail, sharp and calm: the best of 5 pictures. "
        "Passed over: 2 dark, 1 blurred and 1 in a fade."
    )


def test_the_only_picture_is_called_so() -> None:
    order = posters.ranked(film(GOOD))
    assert posters.reason(order, order[0]) == "The film's only picture."


def test_what_no_filter_measured_counts_neither_way() -> None:
    bare = replace(GOOD, contrast=None, saturation=None)
    assert set(posters.ranked(film(bare))[0].measures) == {*posters.TRAITS} - {"contrast", "colour"}
    # Pictures too small to be measured are not blurred for that.
    assert posters.flaw(film(*[replace(GOOD, blur=None)] * 3), 1) is None


def test_every_trait_says_why_it_counts() -> None:
    assert all(trait.why and trait.word and trait.weight > 0 for trait in posters.TRAITS.values())


looks = st.builds(
    Look,
    frame=st.just(0),
    luma=st.floats(0, 255),
    blur=st.none() | st.floats(0, 100),
    entropy=st.floats(0, 1),
    contrast=st.none() | st.floats(0, 255),
    saturation=st.none() | st.floats(0, 180),
)


@given(st.lists(looks, min_size=1, max_size=12), st.lists(st.integers(1, 300), max_size=5))
def test_any_film_has_an_order_with_scores_of_0_to_1_and_a_reason(
    some: list[Look], cuts: list[int]
) -> None:
    whole = film(*some, cuts=sorted(cuts))
    order = posters.ranked(whole)
    assert sorted(one.look.frame for one in order) == [look.frame for look in whole.looks]
    assert all(0 <= one.score <= 1 for one in order)
    final = posters.finalists(order, 3)
    assert final[0] is order[0]
    assert len(set(map(id, final))) == len(final) <= 3
    assert all(posters.reason(order, one).endswith(".") for one in order)


def test_finalists_lie_apart_where_there_is_room() -> None:
    long, short = (posters.ranked(film(*[GOOD] * count)) for count in (12, 2))
    frames = sorted(one.look.frame for one in posters.finalists(long, 3))
    assert all(two - one >= 75 for one, two in pairwise(frames))
    assert len(posters.finalists(short, 3)) == 2


# --- Windows


def picture(bright: float, shift: float) -> list[int]:
    """A wavy pattern, moved by that many pixels."""
    row = [round(bright + 60 * sin((x + shift) / 3)) for x in range(windows.WIDTH)]
    return row * windows.HEIGHT


def sample(pixels: Sequence[float], edges: int) -> bytes:
    """As ffmpeg hands it over."""
    return bytes(map(round, pixels)) + bytes([edges]) * len(pixels)


def mixed(one: Sequence[int], two: Sequence[int], part: float) -> list[float]:
    return [a + (b - a) * part for a, b in zip(one, two, strict=True)]


WINDOW = windows.around(100, (0, 1000), 30.0)
CALM = [sample(picture(120, 0), 50)] * WINDOW.count


def test_a_window_is_half_a_second_to_both_sides_and_ends_at_its_bounds() -> None:
    assert (WINDOW.frame(0), WINDOW.frame(WINDOW.count - 1), WINDOW.stride) == (88, 112, 2)
    assert WINDOW.frame(WINDOW.middle) == 100
    cut = windows.around(100, (97, 103), 30.0)
    assert (cut.frame(0), cut.frame(cut.count - 1), cut.frame(cut.middle)) == (98, 102, 100)
    assert windows.around(0, (0, 1), 60.0) == windows.Window(0, 4, 1, 0)
    assert windows.around(7, (0, 99), 0.5).count == 1


@given(st.integers(0, 500), st.integers(1, 500), st.floats(0.5, 60), st.data())
def test_a_window_never_leaves_its_bounds(
    begin: int, length: int, fps: float, data: st.DataObject
) -> None:
    frame = begin + data.draw(st.integers(0, length - 1))
    window = windows.around(frame, (begin, begin + length), fps)
    assert begin <= window.begin
    assert window.frame(window.count - 1) < begin + length
    assert window.frame(window.middle) == frame


def test_a_still_picture_is_kept_where_it_is() -> None:
    assert windows.best(WINDOW, CALM) == windows.Moment(100, 50.0, 0.0, blended=False)


def test_the_sharpest_frame_nearby_is_taken() -> None:
    samples = [*CALM]
    samples[WINDOW.middle + 2] = sample(picture(120, 0), 60)
    assert windows.best(WINDOW, samples).frame == 104


def test_a_dissolve_and_a_fade_are_known_by_their_straight_lines() -> None:
    one, two = picture(140, 0), picture(100, 9)
    for other in (two, [0] * len(one)):
        parts = [place / (WINDOW.count - 1) for place in range(WINDOW.count)]
        moment = windows.best(WINDOW, [sample(mixed(one, other, part), 50) for part in parts])
        assert moment.blended


def test_a_movement_is_no_dissolve() -> None:
    samples = [sample(picture(120, 2.0 * place), 50) for place in range(WINDOW.count)]
    moment = windows.best(WINDOW, samples)
    assert moment.change > 10
    assert not moment.blended


def test_where_a_dissolve_ends_within_a_window_a_frame_after_it_is_taken() -> None:
    one, two = picture(140, 0), picture(100, 9)
    parts = [max(0.0, 1 - place / 6) for place in range(WINDOW.count)]
    samples = [sample(mixed(two, one, part), 50) for part in parts]
    moment = windows.best(WINDOW, samples)
    assert not moment.blended
    assert moment.frame >= WINDOW.frame(6)


# --- Files


@pytest.fixture(scope="module")
def grid() -> Grid:
    return Grid(rate="25/1", frames=48, gop_frames=12)


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 frames, the n-th of luma 30 + 4n, with pictures that are stored out of order."""
    path = tmp_path_factory.mktemp("counting") / "counting.mp4"
    make(
        "-f", "lavfi", "-i", "nullsrc=size=320x180:rate=25,trim=end_frame=48,"
        "geq=30+4*N:128:128,setparams=range=tv:colorspace=bt709",
        "-c:v", "libx264", "-preset", "veryfast", "-qp", "0", "-g", "12", "-bf", "3",
        "-pix_fmt", "yuv420p", str(path),
    )  # fmt: skip
    return path


def make(*arguments: str) -> None:
    subprocess.run(
        [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y", *arguments], check=True
    )


def pixels(path: Path, size: str, form: str = "gray") -> bytes:
    """A picture's pixels, shrunk to a size such as 1:1."""
    command = [str(get_tools().ffmpeg), "-v", "error", "-i", str(path), "-vf",
               f"scale={size}:flags=area", "-pix_fmt", form, "-f", "rawvideo", "-"]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True).stdout


def full(frame: int) -> float:
    """A counting frame's luma in full range, which a JPEG's is; the film's is limited."""
    return (30 + 4 * frame - 16) * 255 / 219


@pytest.mark.parametrize("frame", [0, 1, 11, 12, 13, 23, 35, 47])
def test_a_poster_is_that_very_frame(
    counting: Path, grid: Grid, tmp_path: Path, frame: int
) -> None:
    target = tmp_path / "poster.jpg"
    place = Place(counting, frame)
    execute(pictures.poster(get_tools(), place, grid, (160, 90), target))
    assert pixels(target, "1:1")[0] == pytest.approx(full(frame), abs=1.2)
    assert len(pixels(target, "iw:ih")) == 160 * 90


def test_samples_of_windows_are_the_frames_that_were_asked_for(counting: Path, grid: Grid) -> None:
    asked = [windows.Window(3, 2, 5, 2), windows.Window(20, 4, 7, 0), windows.Window(47, 1, 1, 0)]
    places = [(Place(counting, window.begin), window) for window in asked]
    said = execute(pictures.look_around(get_tools(), places, grid))
    size = windows.FRAME_BYTES
    levels = [said[at + size // 4] for at in range(0, len(said), size)]
    wanted = [window.frame(place) for window in asked for place in range(window.count)]
    assert levels == [pytest.approx(full(frame), abs=2.2) for frame in wanted]


def execute(argv: Sequence[str]) -> bytes:
    done = run(argv, limits=Limits(wall_seconds=60))
    assert done.returncode == 0, done.stderr_tail
    return done.stdout


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(1, 1, 1), (7, 7, 1), (10, 10, 1), (11, 10, 2), (100, 10, 10)]
)
def test_a_sheet_has_its_tiles_in_order_and_no_row_too_many(
    tmp_path: Path, count: int, columns: int, rows: int
) -> None:
    stream, target = tmp_path / "stream.mjpeg", tmp_path / "sheet.jpg"
    source = f"color=gray:size=32x18:rate=25,geq=lum=40+2*N:cb=128:cr=128,trim=end_frame={count}"
    make("-f", "lavfi", "-i", source, "-q:v", "2", "-f", "image2pipe", str(stream))
    execute(pictures.sheet(get_tools(), stream, count, target))
    assert len(pixels(target, "iw:ih")) == columns * 32 * rows * 18
    found = pixels(target, f"{columns}:{rows}")
    first = pixels(stream, "1:1")
    assert list(found[:count]) == [pytest.approx(level, abs=2) for level in first]
    assert len(set(found[:count])) > count // 2


def test_a_sheet_keeps_the_colours_of_its_tiles(tmp_path: Path) -> None:
    stream, target = tmp_path / "stream.mjpeg", tmp_path / "sheet.jpg"
    source = "color=0xE08020:size=32x18:rate=25,trim=end_frame=3"
    make("-f", "lavfi", "-i", source, "-q:v", "2", "-f", "image2pipe", str(stream))
    execute(pictures.sheet(get_tools(), stream, 3, target))
    expected = [pytest.approx(level, abs=4) for level in (0xE0, 0x80, 0x20)]
    assert list(pixels(target, "1:1", "rgb24")) == expected


def test_what_is_left_of_a_row_is_black(tmp_path: Path) -> None:
    stream, target = tmp_path / "stream.mjpeg", tmp_path / "sheet.jpg"
    source = "color=white:size=32x16:rate=25,trim=end_frame=12"
    make("-f", "lavfi", "-i", source, "-q:v", "2", "-f", "image2pipe", str(stream))
    execute(pictures.sheet(get_tools(), stream, 12, target))
    colours = pixels(target, "10:2", "rgb24")
    assert colours[: 12 * 3] == bytes([255] * 12 * 3)
    assert max(colours[12 * 3 :]) < 4


def test_pictures_of_a_stream_are_told_apart_even_where_one_holds_another(tmp_path: Path) -> None:
    for name, source in (("noise", "nullsrc=size=64x64,geq=random(1)*255"), ("test", "testsrc2")):
        make(
            "-f",
            "lavfi",
            "-i",
            source,
            "-frames:v",
            "3",
            "-q:v",
            "2",
            str(tmp_path / f"{name}-%d.jpg"),
        )
    files = [path.read_bytes() for path in sorted(tmp_path.glob("*.jpg"))]
    # A comment may hold anything, such as a picture's end.
    comment = b"\xff\xfe\x00\x08\xff\xd9\xff\xd8\xff\xd9"
    files.append(files[0][:2] + comment + files[0][2:])
    assert len(files) == 7
    assert list(pictures.split_jpegs(b"".join(files))) == files


@given(st.integers(0, 2000))
def test_what_is_cut_short_is_no_picture(length: int) -> None:
    whole = bytes.fromhex("ffd8ffdb0004aaaaffda0004bbbb01ff0002ffd503ffd9")
    found = list(pictures.split_jpegs((whole * 3)[:length]))
    assert found == [whole] * min(3, length // len(whole))


@given(st.binary(max_size=200))
def test_no_bytes_upset_the_splitting(data: bytes) -> None:
    for found in pictures.split_jpegs(data):
        assert found[:2] == b"\xff\xd8"
        assert found in data


def test_an_index_names_each_tile_and_leaves_no_gap() -> None:
    text = pictures.index([0.0, 1.001, 2.002], 2.5, "sheet-{}.jpg", (320, 180))
    assert text == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.001\nsheet-0.jpg#xywh=0,0,320,180\n\n"
        "00:00:01.001 --> 00:00:02.002\nsheet-0.jpg#xywh=320,0,320,180\n\n"
        "00:00:02.002 --> 00:00:02.500\nsheet-0.jpg#xywh=640,0,320,180\n"
    )


def test_an_index_goes_on_in_the_next_row_and_on_the_next_sheet() -> None:
    lines = pictures.index(range(0, 2200, 20), 4000.5, "sheet-{}.jpg", (90, 160)).splitlines()
    assert lines[2 + 3 * 10 + 1] == "sheet-0.jpg#xywh=0,160,90,160"
    assert lines[2 + 3 * 99 + 1] == "sheet-0.jpg#xywh=810,1440,90,160"
    assert lines[2 + 3 * 100 : 2 + 3 * 100 + 2] == [
        "00:33:20.000 --> 00:33:40.000",
        "sheet-1.jpg#xywh=0,0,90,160",
    ]
    assert lines[-2] == "00:36:20.000 --> 01:06:40.500"


def test_an_index_of_one_tile_begins_at_the_beginning() -> None:
    lines = pictures.index([0.5], 0.54, "sheet-{}.jpg", (320, 180)).splitlines()
    assert lines[2:4] == ["00:00:00.000 --> 00:00:00.540", "sheet-0.jpg#xywh=0,0,320,180"]
