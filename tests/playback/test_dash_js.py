"""dash.js, the DASH Industry Forum's reference player, plays the same media by the MPD."""

from pathlib import Path

import pytest
from playwright.sync_api import Error

from tests.playback import breaking
from tests.playback.conftest import Open
from tests.playback.counted import Film
from tests.playback.playing import assert_in_time
from tests.playback.reading import MANIFEST


def test_a_package_plays_to_its_end_and_each_picture_is_the_one_of_its_time(
    open_player: Open, package: Path, film: Film
) -> None:
    player, served = open_player("dash", package)
    offered = player.open(MANIFEST)
    assert offered.seconds == pytest.approx(film.seconds, abs=0.05)
    assert sorted(offered.languages) == sorted(track.language for track in film.tracks)
    shown, decoded = player.play_to_end(rate=8)
    assert_in_time(shown, film)
    assert shown[-1].number >= film.frames - film.fps
    assert decoded >= film.frames
    assert player.complaints == []
    media = [one for one in served.requests if one.path.endswith(".mp4")]
    assert {(one.status, one.ranged) for one in media} == {(206, True)}


def test_every_level_and_any_time_can_be_gone_to(
    open_player: Open, package: Path, film: Film
) -> None:
    player, _ = open_player("dash", package)
    levels = player.open(MANIFEST).levels
    for index in range(len(levels)):
        shown = player.switch_level(index)
        assert shown[0].number < shown[-1].number
    for frame in (170, 149):
        assert player.seek((frame + 0.5) / film.fps).number == frame
    assert player.complaints == []


def test_a_wrong_index_range_is_complained_of(
    open_player: Open, package: Path, tmp_path: Path
) -> None:
    wrong = breaking.edit(MANIFEST, r'indexRange="(\d+)-(\d+)"', r'indexRange="9\1-9\2"', count=0)
    player, _ = open_player("dash", breaking.broken(package, tmp_path / "broken", wrong))
    with pytest.raises(Error, match=r"dash\.js: "):
        player.open(MANIFEST)
