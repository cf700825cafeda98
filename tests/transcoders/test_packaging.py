"""The packager's command, what it makes of sources, and what is read from that."""

import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from core import languages
from core.errors import Cancelled, Retryable
from core.process import CancelToken, Completed, DiskFull, LimitReached
from core.renditions import Grid
from tests.media_samples import Sample
from transcoders import dash, fragments, packaging
from transcoders.ffmpeg import ToolFailed
from transcoders.packaging import Picture, Sound
from transcoders.presentation import Told, tracks
from transcoders.tools import get_tools

# plain.mp4: 4 s of 30 frames a second, a keyframe every second.
GRID = Grid(rate="30/1", frames=120, gop_frames=30)
MANIFEST = "manifest.mpd"


@pytest.fixture
def folder(tmp_path: Path, sample: Sample) -> Path:
    (tmp_path / "in.mp4").symlink_to(sample("plain.mp4"))
    return tmp_path


def command(*sounds: Sound, grid: Grid = GRID) -> tuple[str, ...]:
    return packaging.package(get_tools(), [Picture("in.mp4", "v.mp4")], sounds, grid, MANIFEST)


def sound(number: int, language: str | None = None, *, main: bool = False) -> Sound:
    return Sound("in.mp4", f"a{number}.mp4", f"label-{number}", language, main)


def codecs(folder: Path) -> dict[str, str]:
    return dash.codecs((folder / MANIFEST).read_text())


def test_a_fragment_is_a_group_of_pictures() -> None:
    odd = Grid(rate="24000/1001", frames=10, gop_frames=48)
    argv = command(grid=odd)
    assert argv[argv.index("--segment_duration") + 1] == "2.002000000"


def test_tracks_are_told_apart_by_language_role_and_label() -> None:
    argv = command(sound(0, "pt-BR", main=True), sound(1))
    assert argv[2] == ("in=in.mp4,stream=audio,out=a0.mp4,lang=pt-BR,roles=main,dash_label=label-0")
    assert argv[3] == "in=in.mp4,stream=audio,out=a1.mp4,roles=alternate,dash_label=label-1"


def test_nothing_but_the_package_is_left_and_it_is_the_same_each_time(folder: Path) -> None:
    made = []
    for _ in range(2):
        packaging.execute(command(sound(0, "en")), folder=folder)
        made.append([(folder / name).read_bytes() for name in ("v.mp4", "a0.mp4", MANIFEST)])
    assert made[0] == made[1]
    assert {path.name for path in folder.iterdir()} == {"in.mp4", "v.mp4", "a0.mp4", MANIFEST}


def test_what_is_read_back_is_every_group_and_segment(folder: Path) -> None:
    packaging.execute(command(sound(0)), folder=folder)
    picture = packaging.read_picture(folder, "v", codecs(folder), GRID)
    assert picture.codec == "avc1.42c01e"
    assert [part.seconds for part in picture.segments] == [3.0, 1.0]
    assert [part.seconds for part in picture.keyframes] == [1.0] * 4
    heard = packaging.read_sound(folder, "a0", codecs(folder))
    assert heard.codec == "mp4a.40.2"
    assert sum(part.seconds for part in heard.segments) == pytest.approx(4, abs=0.03)
    assert heard.keyframes == ()


@pytest.mark.parametrize(
    ("grid", "line"),
    [
        (GRID.model_copy(update={"gop_frames": 15}), "the keyframes of v are not 15 frames apart"),
        (GRID.model_copy(update={"frames": 119}), "the keyframes of v are not 30 frames apart"),
        (GRID.model_copy(update={"rate": "25/1"}), "the keyframes of v are not 30 frames apart"),
    ],
)
def test_a_package_that_is_not_on_the_grid_is_a_failure(
    folder: Path, grid: Grid, line: str
) -> None:
    packaging.execute(command(), folder=folder)
    with pytest.raises(ToolFailed, match=line):
        packaging.read_picture(folder, "v", codecs(folder), grid)


def test_a_group_that_is_too_long_is_a_failure(folder: Path, sample: Sample) -> None:
    (folder / "in.mp4").unlink()
    (folder / "in.mp4").symlink_to(sample("far-keys.mp4"))
    # 200 frames, and one keyframe: one segment, as the grid has it, but not its groups.
    grid = Grid(rate="10/1", frames=200, gop_frames=100)
    packaging.execute(command(grid=grid), folder=folder)
    with pytest.raises(ToolFailed, match="the keyframes of v are not 100 frames apart"):
        packaging.read_picture(folder, "v", codecs(folder), grid)


@pytest.mark.parametrize("cut", [0, 5, 400, 900, -1])
def test_a_package_that_was_cut_short_is_a_failure(folder: Path, cut: int) -> None:
    packaging.execute(command(), folder=folder)
    data = (folder / "v.mp4").read_bytes()
    (folder / "v.mp4").write_bytes(data[:cut])
    with pytest.raises(ToolFailed, match="v was not packaged"):
        packaging.read_picture(folder, "v", codecs(folder), GRID)


def test_keyframes_lie_where_it_is_said(folder: Path) -> None:
    packaging.execute(command(), folder=folder)
    found = fragments.read(folder / "v.mp4")
    data = (folder / "v.mp4").read_bytes()
    for number, span in enumerate(found.keyframes):
        part = folder / "part.mp4"
        part.write_bytes(data[: found.header_bytes] + data[span.offset : span.offset + span.bytes])
        assert data[span.offset + 4 : span.offset + 8] == b"moof"
        seen = subprocess.run(
            [str(get_tools().ffprobe), "-v", "error", "-show_entries", "packet=pts_time,flags",
             "-of", "csv=p=0", str(part)], capture_output=True, text=True,
        ).stdout.splitlines()  # fmt: skip
        assert seen[0].startswith(f"{number}.000000,K")


def test_a_source_that_is_no_video_fails_with_one_line(folder: Path) -> None:
    (folder / "in.mp4").unlink()
    (folder / "in.mp4").write_bytes(b"\0" * 1000)
    with pytest.raises(ToolFailed, match=r"failed: Packaging Error.*container type"):
        packaging.execute(command(), folder=folder)


def test_a_full_disk_is_told_as_such(folder: Path) -> None:
    (folder / "v.mp4").symlink_to("/dev/full")
    with pytest.raises(DiskFull):
        packaging.execute(command(), folder=folder)


def test_a_file_that_went_away_may_come_back(folder: Path) -> None:
    (folder / "in.mp4").unlink()
    with pytest.raises(Retryable) as caught:
        packaging.execute(command(), folder=folder)
    assert type(caught.value) is Retryable


def test_scratch_space_is_bounded(folder: Path) -> None:
    with pytest.raises(LimitReached):
        packaging.execute(command(), folder=folder, scratch_bytes=20_000)


def test_a_cancelled_run_does_not_begin(folder: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        packaging.execute(command(), folder=folder, cancel=token)


def test_an_end_by_signal_is_no_fault_of_the_input() -> None:
    error = packaging.failure(Completed(-11, b"", "", 0.1, 0.1, 1))
    assert type(error) is Retryable


def test_a_manifest_names_tracks_for_people(folder: Path) -> None:
    made = tracks(
        [
            Told("eng", None, 2, default=False),
            Told("eng", "Director & <friends>, 2026", 1, default=True),
            Told(None, None, 2, default=False),
        ]
    )
    argv = command(
        *(Sound("in.mp4", f"{one.name}.mp4", one.name, one.language, one.default) for one in made)
    )
    packaging.execute(argv, folder=folder)
    written = (folder / MANIFEST).read_text()
    root = ET.fromstring(dash.finished(written, {one.name: one.title for one in made}))
    space = {"": "urn:mpeg:dash:schema:mpd:2011"}
    sets = root.findall("Period/AdaptationSet", space)
    assert [one.get("contentType") for one in sets] == ["video", "audio", "audio", "audio"]
    assert [one.findtext("Label", None, space) for one in sets[1:]] == [
        "English",
        "Director & <friends>, 2026",
        "Audio 3",
    ]
    roles = [one.find("Role", space) for one in sets[1:]]
    assert [role is not None and role.get("value") for role in roles] == [
        "alternate",
        "main",
        "alternate",
    ]
    assert [one.get("subsegmentStartsWithSAP") for one in sets] == ["1"] * 4
    assert sets[0].get("frameRate") == "30"


def test_the_first_track_of_a_language_is_taken_by_it_but_the_default_before_all() -> None:
    made = tracks(
        [
            Told("fre", "Commentary", 2, default=False),
            Told("fra", "Commentary", 2, default=True),
            Told("ger", "", 6, default=True),
            Told("deu", "", 2, default=False),
        ]
    )
    assert [one.name for one in made] == [
        "audio-0-fr",
        "audio-1-fr",
        "audio-2-de",
        "audio-3-de",
    ]
    assert [one.title for one in made] == ["Commentary", "Commentary 2", "German", "German 2"]
    assert [one.default for one in made] == [False, True, False, False]
    assert [one.chosen for one in made] == [False, True, True, False]


def test_without_a_default_the_first_track_is_it() -> None:
    made = tracks([Told(None, None, 2, default=False)] * 2)
    assert [one.default for one in made] == [True, False]
    assert [one.name for one in made] == ["audio-0-und", "audio-1-und"]


@pytest.mark.parametrize(
    ("told", "tag", "three", "name"),
    [
        ("eng", "en", "eng", "English"),
        ("fre", "fr", "fra", "French"),
        ("FR", "fr", "fra", "French"),
        ("por_br", "pt-BR", "por", "Portuguese (BR)"),
        ("zho-hans", "zh-Hans", "zho", "Chinese (Hans)"),
        ("yue", "yue", "yue", "yue"),
    ],
)
def test_languages_get_their_shortest_tag(told: str, tag: str, three: str, name: str) -> None:
    found = languages.tag(told)
    assert found == tag
    assert languages.three_letters(found) == three
    assert languages.name(tag) == name


@pytest.mark.parametrize("told", [None, "", "und", "xx", "English", "e", "en,stream=video", "../x"])
def test_what_is_no_language_is_none(told: str | None) -> None:
    assert languages.tag(told) is None
    assert languages.three_letters(None) == "und"


def test_the_packager_knows_every_language_that_we_do(folder: Path) -> None:
    known = sorted(set(languages.tags()))
    assert len(known) > 180
    sounds = [replace(sound(number), language=tag) for number, tag in enumerate(known)]
    # Only what is read as descriptors is of interest: nothing is packaged.
    (folder / "in.mp4").unlink()
    with pytest.raises(Retryable, match="Cannot open file"):
        packaging.execute(command(*sounds), folder=folder)
