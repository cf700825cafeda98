"""The stage `clips`: a film with a face and speech becomes captioned clips of every shape."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline.plan import StageResult, plan
from pipeline.plan.brand_kit import BrandKit, Colour, ColourRole
from pipeline.plan.brief import Brief
from pipeline.plan.clip_types import Clip, ClipsOptions, ClipsResult, contrast, shapes_of
from pipeline.plan.moment_types import Moment, Moments
from pipeline.plan.transcript import Segment, Transcript, Word
from pipeline.plan.words_types import Score
from pipeline.stages import clips
from pipeline.stages.context import StageContext, StageInput
from tests.media_samples import CLIP, Sample
from tests.pipeline.recipe import boxes, decoded, mean_colour, run_recipe
from transcoders.probe import probe
from transcoders.tools import get_tools

FACE = Path(__file__).parents[1] / "transcoders" / "subjects" / "face.jpg"
FFMPEG = str(get_tools().ffmpeg)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds: a face on the left, at half of it a cut, then on the right; and a tone."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    graph = (
        "[0]scale=300:300,split[a][b];color=gray:s=640x360:r=25:d=4[g];"
        "[g][a]overlay=x=10:y=40:enable='lt(t,2)'[h];[h][b]overlay=x=330:y=40:enable='gte(t,2)'"
    )
    subprocess.run(
        [FFMPEG, "-v", "error", "-loop", "1", "-r", "25", "-i", str(FACE),
         "-f", "lavfi", "-i", "sine=frequency=300:duration=4:sample_rate=48000",
         "-filter_complex", f"{graph}[v]", "-map", "[v]", "-map", "1:a", "-t", "4",
         "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac",
         str(path)],
        check=True,
    )  # fmt: skip
    return path


def made(
    source: Path, folder: Path, moment: tuple[float, float], kit: BrandKit | None = None,
    shapes: tuple[str, ...] = ("9:16",), words: tuple[Word, ...] = (), cut: float = 2.0,
) -> StageResult:  # fmt: skip
    """What the stage makes of a moment, with inputs as the stages before it write them."""
    measured = probe(source, get_tools())
    spec = plan("video", measured, Brief(kit=kit or BrandKit(), clips=1))["clips"]
    assert isinstance(spec.options, ClipsOptions)
    kept = tuple(one for one in spec.options.shapes if one.name in shapes)
    options = spec.options.model_copy(update={"shapes": kept})
    seconds = options.grid.seconds
    given, scratch = folder / "given", folder / "scratch"
    given.mkdir()
    scratch.mkdir()
    score = Score(points=70, rules=())
    begin, end = moment
    moments = Moments(
        seconds=seconds, how="planted",
        moments=(Moment(begin=begin, end=end, begins_with="film", ends_with="film", score=score),),
    )  # fmt: skip
    (given / "moments.json").write_text(moments.model_dump_json())
    transcript = Transcript(
        language="en", language_confidence=1, seconds=seconds, provider="x", model="x",
        segments=(Segment(words=words),) if words else (),
    )  # fmt: skip
    (given / "transcript.json").write_text(transcript.model_dump_json())
    inputs = {
        "probe": StageInput(measured),
        "moments": StageInput(paths={"moments.json": given / "moments.json"}),
        "transcribe": StageInput(paths={"transcript.json": given / "transcript.json"}),
    }
    if cut:
        shots: dict[str, Any] = {
            "seconds": seconds, "frame_rate": options.grid.rate, "made_by": "x",
            "shots": [{"start": 0, "end": cut, "transition": "none"},
                      {"start": cut, "end": seconds, "transition": "cut"}],
        }  # fmt: skip
        (given / "shots.json").write_text(json.dumps(shots))
        inputs["shots"] = StageInput(paths={"shots.json": given / "shots.json"})
    if options.audio:
        subprocess.run(
            [FFMPEG, "-v", "error", "-i", str(source), "-vn", "-c:a", "aac",
             str(given / "audio.m4a")],
            check=True,
        )  # fmt: skip
        inputs["audio.0"] = StageInput(paths={"audio.m4a": given / "audio.m4a"})
    told: list[float] = []
    context = StageContext(
        source=source, source_sha256="", scratch=scratch, tools=get_tools(), inputs=inputs,
        progress=told.append,
    )  # fmt: skip
    result = clips.run(context, options)
    if not result.skipped:
        assert told == sorted(told)
        assert told[-1] == 1.0
    left = {str(path.relative_to(scratch)) for path in scratch.rglob("*") if path.is_file()}
    assert left == {one.name for one in result.artifacts}
    return result


def told_of(result: StageResult) -> Clip:
    return Clip.model_validate_json(result.artifacts[-1].path.read_bytes())


def test_the_crop_follows_the_face_over_a_cut_with_captions_and_even_loudness(
    film: Path, tmp_path: Path
) -> None:
    words = tuple(
        Word(text=text, begin=0.6 + n * 0.5, end=1.0 + n * 0.5, confidence=1)
        for n, text in enumerate(("Faces", "are", "followed", "here."))
    )
    kit = BrandKit(colours=(Colour(role=ColourRole.ACCENT, value="#00ff66"),))
    result = made(film, tmp_path, (0.4, 3.6), kit, words=words)
    video, facts = result.artifacts
    assert (video.kind, video.name, facts.name) == ("clip", "clips/1-9x16.mp4", "clips/1.json")
    clip = told_of(result)
    (file,) = clip.files
    one, other = file.path
    assert (one.seen, other.seen, one.end) == ("faces", "faces", 40)
    assert (len(one.windows[0].x), len(other.windows[0].x)) == (1, 1)
    assert one.windows[0].x[0] < 110
    assert other.windows[0].x[0] > 330
    assert clip.faces > 10
    frames, seconds = decoded(video.path)
    assert frames == 80
    assert seconds == pytest.approx(3.2, abs=0.05)
    assert boxes(video.path).index("moov") < boxes(video.path).index("mdat")
    measured = probe(video.path, get_tools()).main_video
    assert measured is not None
    assert measured.display_size == (540, 960)
    assert file.loudness == pytest.approx(-14, abs=0.5)
    assert file.true_peak is not None
    assert file.true_peak <= -1
    assert file.cues == 1
    assert (video.attributes.begin, video.attributes.points) == (0.4, 70)
    # The word that is said has the brand's colour, in the lower half and above the buttons.
    raw = subprocess.run(
        [FFMPEG, "-v", "error", "-ss", "1.9", "-i", str(video.path), "-frames:v", "1",
         "-pix_fmt", "rgb24", "-f", "rawvideo", "-"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    green = [
        at // 3 // 540
        for at in range(0, len(raw), 3)
        if raw[at + 1] > 200 and raw[at] < 80 and raw[at + 2] < 160
    ]
    assert len(green) > 100
    assert 0.5 * 960 < min(green) <= max(green) < 0.65 * 960
    value = result.value
    assert isinstance(value, ClipsResult)
    assert value.captions == "burned in, word by word"
    assert {one.what: one.reason for one in value.left_out} == dict.fromkeys(
        ("watermark", "intro", "outro"), "the brand's kit names none"
    )


@pytest.mark.parametrize("name", ["portrait.mp4", "rotated.mov", "pq.mp4", "silent.mp4"])
@pytest.mark.long
def test_upright_rotated_hdr_and_silent_films_become_clips(
    sample: Sample, name: str, tmp_path: Path
) -> None:
    source = sample(name)
    if name in ("portrait.mp4", "pq.mp4"):
        # Two seconds are too short for a clip.
        longer = tmp_path / f"longer{source.suffix}"
        subprocess.run(
            [FFMPEG, "-v", "error", "-stream_loop", "1", "-i", str(source), "-c", "copy",
             str(longer)],
            check=True,
        )  # fmt: skip
        source = longer
    result = made(source, tmp_path, (0.5, 3.6), shapes=("9:16", "1:1", "4:5"), cut=0.0)
    clip = told_of(result)
    assert [one.shape for one in clip.files] == ["9:16", "1:1", "4:5"]
    for one, artifact in zip(clip.files, result.artifacts, strict=False):
        video = probe(artifact.path, get_tools()).main_video
        assert video is not None
        assert video.display_size == (one.width, one.height)
        assert (video.hdr, video.rotation, video.color_transfer) == (None, 0, "bt709")
        assert one.cues == 0
    if name in ("portrait.mp4", "rotated.mov"):
        assert clip.picture == (360, 640)
        assert {piece.seen for piece in clip.files[0].path} == {"whole"}
    if name == "pq.mp4":
        assert mean_colour(result.artifacts[0].path, at=0.5) == pytest.approx(
            (170, 150, 150), abs=8
        )
    if name == "silent.mp4":
        assert clip.files[0].note == "the film has no sound"
        assert clip.files[0].loudness is None


def test_films_that_are_too_short_or_too_small_have_no_clips_and_say_why(
    sample: Sample, tmp_path: Path
) -> None:
    made_of = made(sample("tiny.mov"), tmp_path, (0, 1), cut=0.0)
    assert made_of.skipped
    assert isinstance(made_of.value, ClipsResult)
    assert made_of.value.skipped == "the picture is too small for any shape"
    shapes, missing = shapes_of(320, 180)
    assert [one.name for one in shapes] == ["1:1", "4:5"]
    assert missing[0].what == "9:16"
    assert "would be enlarged 5.3 times" in missing[0].reason


def test_a_plan_names_what_of_the_brand_clips_lack_and_takes_colours_that_can_be_read(
    film: Path,
) -> None:
    kit = BrandKit.model_validate(
        {
            "colours": [{"role": "accent", "value": "#101040"},
                        {"role": "primary", "value": "#ffcc00"}],
            "intro_asset_id": "00000000-0000-4000-8000-000000000000",
        }
    )  # fmt: skip
    graph = plan("video", probe(film, get_tools()), Brief(kit=kit))
    options = graph["clips"].options
    assert isinstance(options, ClipsOptions)
    assert options.most == 3
    assert options.look.said_colour == "ffcc00"
    assert {one.what: one.reason for one in options.left_out}["intro"] == (
        "a stage is not given the files of other assets yet"
    )
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    without = plan("video", probe(film, get_tools()), Brief(clips=0))
    assert "clips" not in [stage.name for stage in without.stages]


@pytest.mark.long
def test_the_demo_clip_goes_through_the_graph_into_clips_of_every_shape(tmp_path: Path) -> None:
    source = Path(shutil.copy(CLIP, tmp_path / "clip.mp4"))
    whole = run_recipe(source, tmp_path / "made", brief=Brief(name="clip.mp4", clips=1))
    files = whole.files
    clip = Clip.model_validate_json(files["clips/1.json"].read_bytes())
    assert clip.end - clip.begin >= 15
    for one in clip.files:
        assert decoded(files[one.file])[0] == one.frames
        assert one.cues >= 3
        assert one.loudness == pytest.approx(-14, abs=0.5)
