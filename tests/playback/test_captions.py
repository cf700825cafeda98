"""hls.js and dash.js show the captions that are put beside a package, when they are to be shown."""

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from tests.playback import programs
from tests.playback.conftest import Open
from tests.playback.counted import Film
from tests.playback.playing import Engine
from tests.playback.reading import MASTER
from transcoders import dash, hls
from transcoders.captions import Cue, Word, captioned, profile_for, vtt
from transcoders.captions.streaming import segmented

MANIFEST = "manifest.mpd"
NAME = "captions-en"


def said(film: Film) -> tuple[Cue, ...]:
    """A word each second."""
    words = [
        Word(f"Second {number} <b>.", number + 0.1, number + 0.9)
        for number in range(int(film.seconds))
    ]
    profile = profile_for("en", Fraction(film.fps))
    return captioned(words, "en", profile, seconds=film.seconds)


@pytest.fixture
def captioned_package(package: Path, film: Film, tmp_path: Path) -> Path:
    """A copy of the package with captions in segments of 6 s, and as a file."""
    folder = Path(shutil.copytree(package, tmp_path / "package", copy_function=shutil.copy))
    cues = said(film)
    made = segmented(cues, film.seconds, prefix=f"{NAME}-", segment_seconds=6.0)
    (folder / f"{NAME}.m3u8").write_text(made.playlist)
    for name, text in made.segments.items():
        (folder / name).write_text(text)
    (folder / f"{NAME}.vtt").write_text(vtt.written(cues))
    variant = hls.Variant("", "", 0, 0, Fraction(1), 0, 0)
    offered = hls.master(
        [variant], captions=[hls.Captions(f"{NAME}.m3u8", "English", "en", default=True)]
    )
    line = next(one for one in offered.splitlines() if one.startswith("#EXT-X-MEDIA"))
    master = (folder / MASTER).read_text()
    master = master.replace("#EXT-X-STREAM-INF:", '#EXT-X-STREAM-INF:SUBTITLES="captions",')
    (folder / MASTER).write_text(
        master.replace("#EXT-X-STREAM-INF:", f"{line}\n#EXT-X-STREAM-INF:", 1)
    )
    file = dash.Captions(f"{NAME}.vtt", "English", "en", 100, default=True)
    manifest = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(dash.with_captions(manifest, [file]))
    return folder


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
        const [offered] = master.variants[0].subtitles;
        console.log(JSON.stringify([
            offered.uri, offered.language, offered.isDefault,
            media.segments.map((segment) => segment.uri),
        ]));
    """
    paths = [captioned_package / name for name in (MASTER, f"{NAME}.m3u8")]
    done = subprocess.run(
        [programs.node(), "--input-type=module", "--eval", script, *map(str, paths)],
        cwd=programs.HERE, capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == [
        f"{NAME}.m3u8", "en", True, [f"{NAME}-0.vtt", f"{NAME}-1.vtt"]
    ]  # fmt: skip
