"""The stage `words`: a transcript's file in, metadata.json out, with or without a transcript."""

from pathlib import Path

import pytest

from core.errors import Rejected
from core.renditions import Grid
from pipeline.plan.brand_kit import BrandKit
from pipeline.plan.video_types import EncodeOptions, EncodeResult, Scene
from pipeline.plan.words_types import BrandVoice, WordsOptions, WordsResult, voice_of
from pipeline.stages import STAGE_FUNCTIONS, StageContext, StageInput
from tests.pipeline.words.talks import COFFEE, transcript
from transcoders.tools import Tools

TOLD = transcript(COFFEE)


def context(folder: Path, **inputs: StageInput) -> StageContext:
    nothing = Path("nothing")
    tools = Tools(nothing, nothing, nothing, "", "", "", "")
    return StageContext(folder / "source", "0" * 64, folder, tools, inputs)


def given_transcript(folder: Path, text: str) -> StageInput:
    path = folder / "given.json"
    path.write_text(text, "utf-8")
    return StageInput(paths={"transcript.json": path})


def test_a_transcript_becomes_metadata(tmp_path: Path) -> None:
    given = given_transcript(tmp_path, TOLD.model_dump_json())
    options = WordsOptions(name="roast.mp4", seconds=TOLD.seconds)
    result = STAGE_FUNCTIONS["words"](context(tmp_path, transcribe=given), options)
    (file,) = result.artifacts
    assert (file.kind, file.name, file.mime) == ("metadata", "metadata.json", "application/json")
    assert file.attributes.language == "en"
    assert WordsResult.model_validate_json(file.path.read_bytes()) == result.value
    assert isinstance(result.value, WordsResult)
    assert result.value.titles[0].text.startswith("How to make pour-over coffee")


@pytest.mark.parametrize("inputs", [{}, {"transcribe": StageInput()}])
def test_without_a_transcript_it_says_so(tmp_path: Path, inputs: dict[str, StageInput]) -> None:
    options = WordsOptions(name="spring roast.mp4", seconds=9)
    result = STAGE_FUNCTIONS["words"](context(tmp_path, **inputs), options)
    assert isinstance(result.value, WordsResult)
    assert result.value.titles[0].text == "Spring roast"
    assert "nothing is said" in result.value.how


@pytest.mark.parametrize("text", ["", "{", '{"language": "en"}', "[1]", '"\\ud800"'])
def test_a_transcript_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    options = WordsOptions(name="roast.mp4", seconds=9)
    given = given_transcript(tmp_path, text)
    with pytest.raises(Rejected, match="the transcript cannot be read"):
        STAGE_FUNCTIONS["words"](context(tmp_path, transcribe=given), options)


def test_chapters_begin_with_the_cuts_that_encoders_saw(tmp_path: Path) -> None:
    plain = STAGE_FUNCTIONS["words"](
        context(tmp_path, transcribe=given_transcript(tmp_path, TOLD.model_dump_json())),
        WordsOptions(name="roast.mp4", seconds=TOLD.seconds),
    ).value
    assert isinstance(plain, WordsResult)
    grid = Grid(rate="25/1", frames=round(TOLD.seconds * 25), gop_frames=50)
    made = EncodeOptions(grid=grid, begin=0, frames=grid.frames, thumbnail_every=25)
    cut = int(plain.chapters[1].seconds * 25) - 5
    chunk = EncodeResult(
        made=made, frames=grid.frames, encoders={}, thumbnail_width=1, thumbnail_height=1,
        scenes=(Scene(frame=cut, score=30),),
    )  # fmt: skip
    inputs = {
        "transcribe": given_transcript(tmp_path, TOLD.model_dump_json()),
        "encode.0": StageInput(chunk),
    }
    options = WordsOptions(name="roast.mp4", seconds=TOLD.seconds, chunks=("encode.0",))
    value = STAGE_FUNCTIONS["words"](context(tmp_path, **inputs), options).value
    assert isinstance(value, WordsResult)
    assert value.chapters[1].seconds == round(cut / 25, 3)


def test_a_brands_kit_tells_writers_what_they_need() -> None:
    kit = BrandKit.model_validate(
        {
            "names": ["Hilltop Coffee"], "voice": "warm", "languages": ["en", "de"],
            "glossary": [{"term": "pour-over", "note": "a way to brew"}],
            "forbidden_words": ["cheap"],
            "call_to_action": {"text": "Order now.", "url": "https://example.com/"},
        }
    )  # fmt: skip
    assert voice_of(kit) == BrandVoice(
        names=("Hilltop Coffee",), glossary=("pour-over",), voice="warm", languages=("en", "de"),
        forbidden_words=("cheap",), call_to_action="Order now.", link="https://example.com/",
    )  # fmt: skip
    assert voice_of(BrandKit()) == BrandVoice()
