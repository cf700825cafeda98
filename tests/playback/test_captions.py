"""hls.js and dash.js show the captions that join a package, when they are to be shown."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.plan.transcript import Word
from tests.playback import packages, programs
from tests.playback.conftest import Open
from tests.playback.counted import Film
from tests.playback.playing import Engine
from transcoders import captions
from transcoders.captions import Cue, captioned, profile_for
from transcoders.tools import get_tools

MASTER = "stream/master.m3u8"
MANIFEST = "stream/manifest.mpd"
NAME = "captions-en"


def words(film: Film) -> list[Word]:
    """One each second."""
    return [
        Word(text=f"Second {number} <b>.", begin=number + 0.1, end=number + 0.9, confidence=1)
        for number in range(int(film.seconds))
    ]


def said(film: Film) -> tuple[Cue, ...]:
    """The cues that they become."""
    plain = [captions.Word(one.text, one.begin, one.end) for one in words(film)]
    return captioned(plain, "en", profile_for("en", Fraction(film.fps)), seconds=film.seconds)


@pytest.fixture(scope="module")
def captioned_package(package: Path, film: Film, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of the recipe has made once its captions have joined its package."""
    folder = tmp_path_factory.mktemp("captioned")
    return packages.captioned(get_tools(), film, package, words(film), folder)


@pytest.mark.parametrize(("engine", "entry"), [("hls", MASTER), ("dash", MANIFEST)])
def test_captions_are_shown_in_their_time(
    open_player: Open, captioned_package: Path, film: Film, engine: Engine, entry: str
) -> None:
    player, _ = open_player(engine, captioned_package)
    player.open(entry)
    # dash.js looks for what comes next every 10 s of its own time, whatever the rate.
    shown = player.captions(rate=2)
    cues = said(film)
    assert [one["text"] for one in shown] == [
        "\n".join(line.written for line in cue.lines) for cue in cues
    ]
    for one, cue in zip(shown, cues, strict=True):
        assert one["begin"] == pytest.approx(cue.begin, abs=0.002)
        assert one["end"] == pytest.approx(cue.end, abs=0.002)
    assert player.complaints == []


def test_a_strict_parser_takes_both_playlists(captioned_package: Path) -> None:
    script = """
        import fs from 'node:fs';
        import HLS from 'hls-parser';
        HLS.setOptions({ strictMode: true });
        const [master, media] = process.argv.slice(1)
            .map((path) => HLS.parse(fs.readFileSync(path, 'utf8')));
        const variants = master.variants.filter((variant) => !variant.isIFrameOnly);
        console.log(JSON.stringify([
            variants.map((variant) => variant.subtitles.map((one) => [
                one.uri, one.language, one.name, one.isDefault, one.autoselect, Boolean(one.forced),
            ])),
            variants.map((variant) => variant.closedCaptions.length),
            media.segments.map((segment) => segment.uri),
        ]));
    """
    paths = [captioned_package / "stream" / name for name in ("master.m3u8", f"{NAME}.m3u8")]
    done = subprocess.run(
        [programs.node(), "--input-type=module", "--eval", script, *map(str, paths)],
        cwd=programs.HERE, capture_output=True, check=True, text=True,
    )  # fmt: skip
    offered, closed, segments = json.loads(done.stdout)
    assert offered
    whole = [[f"{NAME}.m3u8", "en", "English", False, True, False]]
    assert offered == [whole] * len(offered)
    assert closed == [0] * len(offered)
    assert segments == [f"{NAME}-0.vtt"]
