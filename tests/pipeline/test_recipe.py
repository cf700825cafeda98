"""The recipe `video` from end to end, on what cameras, phones and editors make."""

import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from core.errors import Rejected
from pipeline.plan import STAGE_TYPES, moment_types
from pipeline.plan.moment_types import MomentsResult
from pipeline.plan.video_types import AnalyseResult, AudioResult, PackageResult, PreviewResult
from pipeline.stages import STAGE_FUNCTIONS
from tests.media_samples import CLIP, Sample
from tests.pipeline.recipe import Made, boxes, decoded, mean_colour, run_recipe, sha256
from transcoders.probe import probe as measure
from transcoders.tools import get_tools


def result(made: Made, stage: str, kind: Any) -> Any:
    value = made.results[stage].value
    assert isinstance(value, kind)
    return value


@dataclass(frozen=True, slots=True)
class Demo:
    """What became of the demo clip, or of its beginning, and what there was of it."""

    made: Made
    frames: int
    seconds: float


@pytest.fixture(scope="module", params=["beginning", pytest.param("all", marks=pytest.mark.long)])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    if request.param == "all":
        return Demo(run_recipe(CLIP, folder), 600, 25.0)
    beginning = folder / "clip.mp4"
    cut = ["-v", "error", "-i", str(CLIP), "-t", "8", "-c", "copy", str(beginning)]
    subprocess.run([str(get_tools().ffmpeg), *cut], check=True)
    return Demo(run_recipe(beginning, folder), 194, 194 / 24)


def test_every_stage_has_a_function_and_types() -> None:
    assert set(STAGE_FUNCTIONS) == set(STAGE_TYPES)


def test_the_demo_clip_plays_whole_in_every_form(demo: Demo) -> None:
    package = result(demo.made, "package", PackageResult)
    rungs = [one.name for one in package.renditions]
    assert rungs[0] == "720p"
    assert len(rungs) >= 2
    files = demo.made.files
    assert {"stream/master.m3u8", "stream/manifest.mpd", "mp4/720p.mp4", "poster.jpg"} <= set(files)
    assert not any(name.startswith("preview/") for name in files)
    for name in ("stream/master.m3u8", "stream/manifest.mpd", "mp4/720p.mp4"):
        frames, seconds = decoded(files[name])
        assert frames == demo.frames
        assert seconds == pytest.approx(demo.seconds, abs=0.05)
    top = boxes(files["mp4/720p.mp4"])
    assert top.index("moov") < top.index("mdat")
    assert package.duration_seconds == pytest.approx(demo.seconds, abs=0.001)


def test_the_demo_clip_is_as_loud_as_it_should_be(demo: Demo) -> None:
    track = result(demo.made, "audio.0", AudioResult)
    assert track.loudness == pytest.approx(-14, abs=0.5)
    assert track.true_peak <= -1


def test_what_came_out_was_held_against_the_source(demo: Demo) -> None:
    package = result(demo.made, "package", PackageResult)
    assert {one.rendition for one in package.quality} == {o.name for o in package.renditions}
    assert all(one.ssim > 0.9 and one.vmaf > 60 for one in package.quality)
    assert package.checks


def test_something_plays_before_the_ladder(demo: Demo) -> None:
    preview = result(demo.made, "preview", PreviewResult)
    assert preview.playable
    files = {artifact.name: artifact.path for artifact in demo.made.results["preview"].artifacts}
    assert decoded(files["preview/master.m3u8"])[0] == demo.frames


@pytest.mark.long  # its beginning is shorter than a moment
@pytest.mark.parametrize("demo", ["all"], indirect=True)
def test_the_demo_clips_moment_begins_with_a_sentence_and_its_points_have_reasons(
    demo: Demo,
) -> None:
    found = moment_types.read(demo.made.files["moments.json"])
    assert found.how == "by what is said"
    best = found.moments[0]
    assert 15 <= best.seconds <= 25
    assert best.begins_with.startswith("sentence")
    assert best.text
    assert {"opening", "substance", "loudness", "picture"} <= {r.name for r in best.score.rules}
    assert all(rule.line for rule in best.score.rules)
    assert result(demo.made, "moments", MomentsResult).loudness_heard


HDR = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -x265-params"


@pytest.mark.parametrize(
    ("name", "size", "rate", "preview", "audio"),
    [
        ("plain.mp4", (640, 360), "30/1", True, 1),
        pytest.param("silent.mp4", (640, 360), "30/1", True, 0, marks=pytest.mark.long),
        pytest.param("mp3-sound.mp4", (640, 360), "30/1", True, 1, marks=pytest.mark.long),
        ("rotated.mov", (360, 640), "30/1", False, 1),
        pytest.param("wide-pixels.mp4", (852, 360), "30/1", False, 1, marks=pytest.mark.long),
        ("ten-bit.mkv", (640, 360), "30/1", False, 1),
        pytest.param("recording.webm", (640, 360), "30/1", False, 1, marks=pytest.mark.long),
        ("interlaced.ts", (640, 360), "15/1", False, 0),
        pytest.param("uneven.mp4", (640, 360), None, True, 1, marks=pytest.mark.long),
        pytest.param("old.avi", (640, 360), "30/1", False, 1, marks=pytest.mark.long),
        ("odd.mp4", (640, 360), "30/1", False, 1),
        ("one-frame.mp4", (64, 64), "25/1", True, 0),
        ("far-keys.mp4", (64, 64), "10/1", False, 0),
        ("long-sound.mp4", (64, 64), "25/1", True, 1),
        pytest.param("black.mp4", (320, 240), "25/1", True, 0, marks=pytest.mark.long),
        ("two-languages.mkv", (320, 180), "25/1", True, 2),
        pytest.param("late-sound.mkv", (320, 180), "25/1", True, 1, marks=pytest.mark.long),
        pytest.param("surround.mp4", (320, 180), "25/1", True, 1, marks=pytest.mark.long),
        ("portrait.mp4", (360, 640), "60000/1001", True, 1),
    ],
)
def test_all_kinds_of_sources_become_what_every_player_takes(
    sample: Sample, name: str, size: tuple[int, int], rate: str | None, preview: bool, audio: int,
    tmp_path: Path,
) -> None:  # fmt: skip
    made = run_recipe(sample(name), tmp_path)
    package = result(made, "package", PackageResult)
    top = package.renditions[0]
    assert (top.width, top.height) == size
    assert rate is None or package.frame_rate == rate
    assert ("preview" in made.results) is preview
    frames = round(package.duration_seconds * Fraction(package.frame_rate))
    assert frames >= 1
    files = made.files
    names = ["stream/master.m3u8", "stream/manifest.mpd"]
    names += [file for file in files if file.startswith("mp4/")]
    for each in names:
        # ffmpeg reads a manifest's only fragment twice.
        if frames > 1 or not each.endswith(".mpd"):
            assert decoded(files[each])[0] == frames, each
    video = measure(files[f"mp4/{top.name}.mp4"], get_tools()).main_video
    assert video is not None
    assert (video.codec, video.pix_fmt, video.display_size) == ("h264", "yuv420p", size)
    assert (video.rotation, video.sar, video.interlaced) == (0, "1/1", False)
    assert video.color_transfer == "bt709"
    tracks = [file for file in files if file.startswith("stream/audio") and file.endswith(".mp4")]
    assert len(tracks) == audio
    assert files["poster.jpg"].read_bytes()[:3] == b"\xff\xd8\xff"
    assert "storyboard/storyboard.vtt" in files


def test_tracks_keep_their_languages(sample: Sample, tmp_path: Path) -> None:
    made = run_recipe(sample("two-languages.mkv"), tmp_path)
    master = made.files["stream/master.m3u8"].read_text()
    assert 'LANGUAGE="en"' in master
    assert 'LANGUAGE="de"' in master
    manifest = made.files["stream/manifest.mpd"].read_text()
    assert 'lang="en"' in manifest
    assert 'lang="de"' in manifest


@pytest.mark.parametrize("name", ["pq.mp4", "hlg.mp4"])
def test_hdr_becomes_sdr_of_the_same_brightness_and_colour_and_says_so(
    sample: Sample, name: str, tmp_path: Path
) -> None:
    made = run_recipe(sample(name), tmp_path)
    assert result(made, "package", PackageResult).tone_mapped_from == name.removesuffix(".mp4")
    got = mean_colour(made.files["mp4/360p.mp4"], at=0.5)
    # The sample is 60 % grey with a little red, drawn in SDR and lifted to HDR's reference white.
    for channel, meant in zip(got, (170, 150, 150), strict=True):
        assert channel == pytest.approx(meant, abs=8)


@pytest.mark.parametrize(
    "recipe", ["video-hevc", pytest.param("video-av1", marks=pytest.mark.long)]
)
def test_another_codec_stands_beside_h264(sample: Sample, recipe: str, tmp_path: Path) -> None:
    made = run_recipe(sample("plain.mp4"), tmp_path, recipe)
    package = result(made, "package", PackageResult)
    codec = recipe.removeprefix("video-")
    assert {one.codec for one in package.renditions} == {"h264", codec}
    master = made.files["stream/master.m3u8"].read_text()
    assert {"hevc": "hvc1.", "av1": "av01."}[codec] in master
    assert "avc1." in master
    assert decoded(made.files[f"stream/360p-{codec}.mp4"])[0] == 120


def test_the_same_work_gives_the_same_bytes(sample: Sample, tmp_path: Path) -> None:
    first, second = (run_recipe(sample("plain.mp4"), tmp_path / folder) for folder in "ab")
    digests = [
        {name: sha256(path) for name, path in made.files.items()} for made in (first, second)
    ]
    assert digests[0] == digests[1]


def test_a_film_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(CLIP.read_bytes()[:1_800_000])
    with pytest.raises(Rejected, match=r"cut short: it says 25\.0 s, and 12\.\d s could be read"):
        run_recipe(cut, tmp_path / "out")


def test_the_content_has_a_say(demo: Demo) -> None:
    analysis = result(demo.made, "analyse", AnalyseResult)
    assert analysis.encoders == {"h264": "libx264"}
    assert {decision.action for decision in analysis.decisions} <= {"keep", "cap", "drop"}
    assert all(decision.reason for decision in analysis.decisions)
