"""hls.js in Chromium plays a package: all of it, every level, every track, from anywhere."""

from pathlib import Path

import pytest
from playwright.sync_api import Error

from tests.playback import breaking
from tests.playback.conftest import Open
from tests.playback.counted import Film
from tests.playback.playing import Player, assert_in_time
from tests.playback.reading import MASTER, read


@pytest.fixture
def player(open_player: Open, package: Path) -> Player:
    return open_player("hls", package)[0]


def sizes(package: Path) -> tuple[tuple[int, int], ...]:
    """What the master playlist offers, from the smallest."""
    return tuple(
        sorted((one.width, one.height) for one in read(package).variants if not one.iframes)
    )


def test_a_package_plays_to_its_end_and_each_picture_is_the_one_of_its_time(
    open_player: Open, package: Path, film: Film
) -> None:
    player, served = open_player("hls", package)
    offered = player.open(MASTER)
    assert offered.seconds == pytest.approx(film.seconds, abs=0.05)
    assert offered.levels == sizes(package)
    assert offered.languages == tuple(track.language for track in film.tracks)
    shown, decoded = player.play_to_end(rate=4)
    assert_in_time(shown, film)
    assert len(shown) > film.seconds
    assert shown[-1].number >= film.frames - film.fps
    assert decoded >= film.frames
    assert player.complaints == []
    media = [one for one in served.requests if one.path.endswith(".mp4")]
    assert {(one.status, one.ranged) for one in media} == {(206, True)}


def test_every_level_can_be_switched_to_while_it_plays(
    player: Player, package: Path, film: Film
) -> None:
    levels = player.open(MASTER).levels
    assert len(levels) > 1
    for index in (*range(1, len(levels)), 0):
        shown = player.switch_level(index)
        assert shown[0].number < shown[-1].number
        assert player.seek(shown[-1].seconds + 0.5 / film.fps).ahead(film.fps) == 0
    assert player.complaints == []


def test_seeking_shows_the_frame_of_that_time(player: Player, film: Film) -> None:
    player.open(MASTER)
    for frame in (170, 1, 151, 149, film.frames - 20, 0):
        shown = player.seek((frame + 0.5) / film.fps)
        assert shown.number == frame
        assert shown.in_colour
    assert player.complaints == []


def test_each_track_of_sound_is_heard(player: Player, film: Film) -> None:
    player.open(MASTER)
    for index in (1, 0):
        assert player.listen(index) == pytest.approx(film.tracks[index].hertz, abs=8)
    assert player.complaints == []


def test_a_broken_package_is_complained_of(
    open_player: Open, package: Path, tmp_path: Path
) -> None:
    folder = breaking.broken(package, tmp_path / "broken", lambda _: None)
    for variant in read(package).variants:
        if not variant.iframes:
            breaking.shift_segment(variant.uri, 7)(folder)
    player, _ = open_player("hls", folder)
    player.open(MASTER)
    with pytest.raises(Error, match=r"hls\.js: "):
        player.play_to_end(rate=4)
