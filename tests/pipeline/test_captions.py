"""The stage `captions`, run by itself."""

import json
from pathlib import Path

import pytest
import webvtt
from pydantic import ValidationError

from core.errors import Rejected
from pipeline.plan import StageResult
from pipeline.plan.caption_types import CAPTIONS, CaptionsOptions, CaptionsResult
from pipeline.plan.speech_types import TRANSCRIBE
from pipeline.plan.transcript import Segment, Transcript, Word
from pipeline.stages import STAGE_FUNCTIONS, StageContext, StageInput
from tests.transcoders.speech import TALK, spoken
from transcoders.tools import get_tools

OPTIONS = CaptionsOptions(rate="30000/1001", seconds=60)


def transcript(language: str = "en", said: str = TALK) -> Transcript:
    words = tuple(
        Word(text=one.text, begin=one.begin, end=one.end, confidence=0.9) for one in spoken(said)
    )
    return Transcript(
        language=language,
        language_confidence=1,
        seconds=60,
        segments=(Segment(words=words, speaker=None),) if words else (),
        provider="test",
        model="test",
    )


def run(folder: Path, written: str, options: CaptionsOptions = OPTIONS) -> StageResult:
    path = folder / "transcript.json"
    path.write_text(written)
    scratch = folder / "scratch"
    scratch.mkdir()
    context = StageContext(
        source=path,
        source_sha256="",
        scratch=scratch,
        tools=get_tools(),
        inputs={TRANSCRIBE: StageInput(paths={"transcript.json": path})},
    )
    return STAGE_FUNCTIONS[CAPTIONS](context, options)


def value(result: StageResult) -> CaptionsResult:
    assert isinstance(result.value, CaptionsResult)
    assert CaptionsResult.model_validate_json(result.value.model_dump_json()) == result.value
    return result.value


def test_what_was_said_becomes_a_file_of_every_format(tmp_path: Path) -> None:
    result = run(tmp_path, transcript().model_dump_json())
    found = value(result)
    assert (found.language, found.words, found.cues) == ("en", len(TALK.split()), 13)
    assert set(found.violations.values()) == {0}
    assert found.drawn_cues == found.cues
    assert [(one.kind, one.name, one.attributes.role) for one in result.artifacts] == [
        ("captions", "captions/en.vtt", "vtt"),
        ("captions", "captions/en.srt", "srt"),
        ("captions", "captions/en.ttml", "ttml"),
        ("captions", "captions/en.ass", "ass"),
        ("captions", "captions/en.karaoke.ass", "karaoke"),
        ("captions", "stream/captions-en.m3u8", "playlist"),
        ("captions", "stream/captions-en-0.vtt", "segment"),
    ]
    assert [(one.language, one.name, one.spoken) for one in found.renditions] == [
        ("en", "English", True)
    ]
    assert all(
        one.path.stat().st_size and one.attributes.language == "en" for one in result.artifacts
    )
    assert len(webvtt.read(str(result.artifacts[0].path)).captions) == found.cues


def test_a_narrow_picture_gets_shorter_lines_to_be_burned_in(tmp_path: Path) -> None:
    options = OPTIONS.model_copy(update={"width": 1080, "height": 1920})
    found = value(run(tmp_path, transcript().model_dump_json(), options))
    assert found.drawn_cues > found.cues == 13
    # "have been roasting coffee in New York since" is said faster than 24 columns can be read.
    assert {rule: count for rule, count in found.drawn_violations.items() if count} == {"speed": 1}


def test_where_nothing_was_said_there_are_no_files(tmp_path: Path) -> None:
    result = run(tmp_path, transcript(said="").model_dump_json())
    assert (value(result).reason, value(result).cues) == ("nothing was said", 0)
    assert result.artifacts == ()


@pytest.mark.parametrize("language", ["../../etc", "", "und", "xx/yy"])
def test_an_unknown_language_names_no_other_file(tmp_path: Path, language: str) -> None:
    result = run(tmp_path, transcript(language).model_dump_json())
    assert result.artifacts[0].name == "captions/und.vtt"


@pytest.mark.parametrize("written", ["", "{}", "[1]", '{"language": 3}', "\x00"])
def test_a_transcript_that_cannot_be_read_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(Rejected, match="transcript"):
        run(tmp_path, written)


@pytest.mark.parametrize(
    ("field", "value"),
    [("text", "x" * 3000), ("end", float("inf")), ("begin", float("inf")), ("begin", 1e12)],
)
def test_words_that_no_film_has_are_refused(tmp_path: Path, field: str, value: object) -> None:
    word = Word(text="a", begin=0, end=1, confidence=1).model_copy(update={field: value})
    made = transcript().model_copy(update={"segments": (Segment(words=(word,)),)})
    with pytest.raises(Rejected, match="transcript"):
        run(tmp_path, json.dumps(made.model_dump()))


@pytest.mark.parametrize("rate", ["", "0", "1/0", "-1", "x", "1e9", "25/"])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(ValidationError):
        CaptionsOptions(rate=rate)


def test_where_nobody_listened_the_stage_is_skipped(tmp_path: Path) -> None:
    context = StageContext(
        source=tmp_path,
        source_sha256="",
        scratch=tmp_path,
        tools=get_tools(),
        inputs={TRANSCRIBE: StageInput()},
    )
    result = STAGE_FUNCTIONS[CAPTIONS](context, OPTIONS)
    assert (result.skipped, result.artifacts) == (True, ())
    assert value(result).skipped == "there is no transcript"
