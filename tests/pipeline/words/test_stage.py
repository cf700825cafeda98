"""The stage `words`: a transcript's file in, metadata.json out, with or without a transcript."""

from pathlib import Path

import pytest

from core.errors import Rejected
from pipeline.plan.brand_kit import BrandKit
from pipeline.plan.shots import Shot, Shots, Transition
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


def test_chapters_begin_with_a_shot(tmp_path: Path) -> None:
    plain = STAGE_FUNCTIONS["words"](
        context(tmp_path, transcribe=given_transcript(tmp_path, TOLD.model_dump_json())),
        WordsOptions(name="roast.mp4", seconds=TOLD.seconds),
    ).value
    assert isinstance(plain, WordsResult)
    cut = round(plain.chapters[1].seconds - 0.2, 3)
    shots = Shots(
        seconds=TOLD.seconds,
        frame_rate="25/1",
        made_by="test",
        shots=(
            Shot(start=0, end=cut, transition=Transition.NONE),
            Shot(start=cut, end=TOLD.seconds, transition=Transition.CUT),
        ),
    )
    path = tmp_path / "shots.json"
    path.write_text(shots.model_dump_json())
    inputs = {
        "transcribe": given_transcript(tmp_path, TOLD.model_dump_json()),
        "shots": StageInput(paths={"shots.json": path}),
    }
    options = WordsOptions(name="roast.mp4", seconds=TOLD.seconds)
    value = STAGE_FUNCTIONS["words"](context(tmp_path, **inputs), options).value
    assert isinstance(value, WordsResult)
    assert value.chapters[1].seconds == cut


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
