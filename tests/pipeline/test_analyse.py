"""Stage `analyse` on real files: what becomes of the ladder, why, and for how much."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Cancelled
from core.media import Probe
from core.process import CancelToken
from pipeline.plan import plan
from pipeline.plan.video import timing
from pipeline.plan.video_types import ANALYSE, AnalyseOptions, AnalyseResult
from pipeline.stages import analyse
from pipeline.stages.context import StageContext, StageInput
from tests.media_samples import CLIP, Sample
from transcoders.probe import probe as measure
from transcoders.tools import get_tools

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "14", "-g", "25", "-an")
# Strokes like those of letters, of many lengths and places, without the need of a font.
STROKES = ",".join(
    f"drawbox=color=black:t=fill:w={2 + number * 7 % 5}:h={4 + number * 5 % 17}"
    f":x={100 + number * 53 % 1080}:y={90 + number * 29 % 13 * 44}"
    for number in range(160)
)
# Two seconds of each, which are then repeated.
FILMS = {
    "slides": ("-f", "lavfi", "-i", f"color=white:s=1280x720:r=25:d=2,{STROKES}"),
    "black": ("-f", "lavfi", "-i", "color=black:s=1280x720:r=25:d=2"),
    "enlarged": ("-ss", "10", "-t", "2", "-i", CLIP, "-vf", "scale=854:480,scale=1280:720"),
}

Analyse = Callable[..., AnalyseResult]


def ffmpeg(*words: str | Path) -> None:
    argv = [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y", *map(str, words)]
    subprocess.run(argv, check=True)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes one of `FILMS`, 20 seconds long."""
    folder = tmp_path_factory.mktemp("films")

    def make(name: str) -> Path:
        part, whole = folder / f"{name}-part.mp4", folder / f"{name}.mp4"
        if not whole.exists():
            ffmpeg(*FILMS[name], *H264, part)
            ffmpeg("-stream_loop", "9", "-i", part, "-c", "copy", whole)
        return whole

    return make


@pytest.fixture
def look(tmp_path: Path) -> Analyse:
    """Runs the stage on a file, as a worker would."""
    count = iter(range(100))

    def look(source: Path, probe: Probe | None = None, **more: object) -> AnalyseResult:
        scratch = tmp_path / f"scratch {next(count)}"
        scratch.mkdir()
        probe = probe or measure(source, get_tools())
        options = plan("video", probe)[ANALYSE].options
        assert isinstance(options, AnalyseOptions)
        context = StageContext(
            source=source,
            source_sha256="",
            scratch=scratch,
            tools=get_tools(),
            inputs={"probe": StageInput(probe)},
            **more,  # type: ignore[arg-type]
        )
        result = analyse.run(context, options.model_copy(update={"hardware": False}))
        assert isinstance(result.value, AnalyseResult)
        assert result.artifacts == ()
        assert result.encoder == "libx264"
        return result.value

    return look


def rungs(result: AnalyseResult) -> list[int]:
    return [one.rung for one in result.ladder]


def test_a_film_keeps_its_ladder(look: Analyse) -> None:
    heard: list[float] = []
    result = look(CLIP, progress=heard.append)
    assert rungs(result) == [720, 480, 360, 240]
    assert {one.action for one in result.decisions} == {"keep"}
    assert result.encoders == {"h264": "libx264"}
    assert result.complexity["samples"] == 2
    # What the clip's rungs really take, within what two samples can tell.
    assert result.complexity["bitrate_720p"] == pytest.approx(1_300_000, rel=0.4)
    assert result.complexity["bitrate_360p"] == pytest.approx(480_000, rel=0.4)
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_slides_keep_their_sharp_top_and_one_rung_below(
    look: Analyse, film: Callable[[str], Path]
) -> None:
    result = look(film("slides"))
    assert rungs(result) == [720, 480]
    top, lowest = result.ladder
    assert top.peak_bitrate == 2_800_000
    assert lowest.peak_bitrate < 1_400_000
    assert [one.action for one in result.decisions] == ["keep", "cap", "drop", "drop"]
    assert all(one.reason for one in result.decisions)
    assert result.complexity["blurred_from_480p"] > 3


def test_an_enlarged_film_is_made_as_large_as_it_is(
    look: Analyse, film: Callable[[str], Path]
) -> None:
    result = look(film("enlarged"))
    assert rungs(result)[0] == 480
    assert result.decisions[0].rendition == "720p"
    assert "no detail beyond 480p" in result.decisions[0].reason


def test_a_black_film_keeps_its_ladder(look: Analyse, film: Callable[[str], Path]) -> None:
    assert rungs(look(film("black"))) == [720, 480, 360, 240]


def test_what_is_seen_is_the_same_every_time(look: Analyse) -> None:
    first, second = (look(CLIP).model_copy(update={"seconds": 0.0}) for _ in range(2))
    assert first == second


def test_a_short_clip_is_not_looked_at(look: Analyse, sample: Sample) -> None:
    result = look(sample("plain.mp4"))
    assert rungs(result) == [360, 240]
    assert result.complexity == {}
    assert "would cost too much" in result.notes[-1]
    assert {one.action for one in result.decisions} == {"keep"}


def test_a_part_that_cannot_be_read_is_noted_and_nothing_is_dropped(
    look: Analyse, tmp_path: Path
) -> None:
    whole = CLIP.read_bytes()
    media = whole.index(b"mdat") + 4
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(whole[:media] + bytes(len(whole) - media))
    result = look(damaged, measure(CLIP, get_tools()))
    assert rungs(result) == [720, 480, 360, 240]
    assert len([note for note in result.notes if "could not be looked at" in note]) == 2
    assert {one.reason for one in result.decisions} == {"the content was not looked at"}


def test_a_picture_that_ends_before_its_sound_is_looked_at_where_it_is(
    look: Analyse, tmp_path: Path
) -> None:
    long = tmp_path / "long-sound.mp4"
    ffmpeg(
        "-i", CLIP, "-f", "lavfi", "-i", "sine=duration=120", "-map", "0:v", "-map", "1:a",
        "-c:v", "copy", "-c:a", "aac", long,
    )  # fmt: skip
    probe = measure(long, get_tools())
    assert timing(probe)[1] > 0
    result = look(long, probe)
    assert result.complexity["samples"] >= 2
    assert not [note for note in result.notes if "could not" in note]


def test_a_cancel_stops_the_look(look: Analyse) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        look(CLIP, measure(CLIP, get_tools()), cancel=token)
