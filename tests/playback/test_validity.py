"""A package is accepted by programs that had no part in making it; broken ones are not."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.playback import breaking, programs
from tests.playback.breaking import Break, edit
from tests.playback.findings import CROSS_CHECK
from tests.playback.reading import MANIFEST, MASTER, read
from tests.playback.validator import check
from transcoders.tools import get_tools

VERSIONS: Final = programs.versions()
MEDIACONCH, MP4BOX, HLS_PARSER = "MediaConch", "mp4box", "hls-parser"


@dataclass(frozen=True, slots=True)
class Names:
    """Files of a package: one picture's and one track's playlists and media, without endings."""

    picture: str
    sound: str

    @property
    def playlist(self) -> str:
        """The picture's playlist."""
        return f"{self.picture}.m3u8"

    @property
    def media(self) -> str:
        """The picture's media."""
        return f"{self.picture}.mp4"


# What is wrong → how it is done, who has to reject it, and a part of what is said.
BROKEN: Final[dict[str, tuple[Callable[[Names], Break], str, str]]] = {
    "a range is shifted": (
        lambda names: breaking.shift_segment(names.playlist, 7),
        MEDIACONCH,
        "less than expected size",
    ),
    "a range of sound is shifted": (
        lambda names: breaking.shift_segment(f"{names.sound}.m3u8", 3),
        CROSS_CHECK,
        "not made of whole fragments",
    ),
    "media are truncated": (
        lambda names: breaking.truncate(names.media, 500),
        MEDIACONCH,
        "less than expected size",
    ),
    "a frame is damaged": (
        lambda names: breaking.damage(names.media),
        MEDIACONCH,
        "AVC/GeneralCompliance",
    ),
    "a box is damaged": (
        lambda names: breaking.overwrite(names.media, b"moof", b"\0\1\2\3"),
        MP4BOX,
        "Invalid data found",
    ),
    "segments outlast the target duration": (
        lambda names: edit(names.playlist, r"(TARGETDURATION):\d+", r"\1:2"),
        HLS_PARSER,
        "MUST be less than or equal to the target duration",
    ),
    "the group of sound has another name": (
        lambda _: edit(MASTER, r'AUDIO="[^"]+"', 'AUDIO="none"'),
        HLS_PARSER,
        "MUST match the value of the GROUP-ID",
    ),
    "the playlist has no end": (
        lambda names: edit(names.playlist, "#EXT-X-ENDLIST\n", ""),
        CROSS_CHECK,
        "has no end",
    ),
    "the codec is another": (
        lambda _: edit(MASTER, r"avc1\.64", "avc1.42"),
        CROSS_CHECK,
        "where the media are",
    ),
    "the size is another": (
        lambda _: edit(MASTER, r"RESOLUTION=\d+x", "RESOLUTION=1920x"),
        CROSS_CHECK,
        "where the picture is",
    ),
    "the bandwidth is understated": (
        lambda _: edit(MASTER, r":BANDWIDTH=\d+", ":BANDWIDTH=1000"),
        CROSS_CHECK,
        "BANDWIDTH=1000, where",
    ),
    "segments begin between keyframes": (
        lambda names: breaking.cut_between_keyframes(get_tools(), names.picture),
        CROSS_CHECK,
        "does not begin with a sample marked as a keyframe",
    ),
    "there is a gap in time": (
        lambda names: breaking.move_in_time(names.media, 2, 5000),
        CROSS_CHECK,
        "a gap of",
    ),
    "fragments overlap in time": (
        lambda names: breaking.move_in_time(names.media, 2, -5000),
        CROSS_CHECK,
        "an overlap of",
    ),
    "the MPD's index range is wrong": (
        lambda _: edit(MANIFEST, r'indexRange="(\d+)-', r'indexRange="1\1-'),
        CROSS_CHECK,
        "indexRange is",
    ),
    "a track is missing": (
        lambda names: breaking.remove(f"{names.sound}.mp4"),
        CROSS_CHECK,
        "missing or cannot be read",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def names(package: Path) -> Names:
    """The names of the package's first picture and track."""
    master = read(package).master
    assert master
    variant = master.variants[0]
    return Names(Path(variant.uri).stem, Path(variant.audio[0].uri).stem)


def test_a_sound_package_is_accepted(package: Path) -> None:
    assert [str(finding) for finding in check(package)] == [], VERSIONS


@pytest.mark.parametrize("name", BROKEN)
def test_a_package_is_rejected_where(
    name: str, package: Path, names: Names, tmp_path: Path
) -> None:
    how, by, words = BROKEN[name]
    folder = breaking.broken(package, tmp_path / "broken", how(names))
    findings = check(folder, conformance=by == MEDIACONCH)
    said = [finding.what for finding in findings if finding.by == by]
    assert any(words in what for what in said), (VERSIONS, [str(one) for one in findings])


def test_the_readme_names_what_is_asked() -> None:
    readme = (programs.HERE / "README.md").read_text()
    rows = {row.split("|")[2].strip() for row in readme.splitlines() if row.startswith("| [")}
    assert rows >= set(VERSIONS.values())
