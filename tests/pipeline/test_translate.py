"""Captions in other languages: cue by cue, under the same rules, with the brand's terms kept."""

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
import webvtt

from ai.text import Answer, Request, TextClient, Usage
from ai.text.types import End
from pipeline.plan import StageResult
from pipeline.plan.caption_types import TRANSLATE, TranslateOptions, TranslateResult
from pipeline.plan.speech_types import TRANSCRIBE
from pipeline.stages import STAGE_FUNCTIONS, StageContext, StageInput
from tests.ai.text.scripted import Scripted
from tests.pipeline.test_captions import transcript
from tests.transcoders.speech import TALK, spoken
from transcoders.captions import captioned, profile_for
from transcoders.tools import get_tools

TERMS = ("New York",)
OPTIONS = TranslateOptions(
    rate="30000/1001", seconds=60, glossary=TERMS, languages=("de", "en-GB", "ja")
)


def given(prompt: str) -> list[tuple[int, int, str]]:
    """The captions that a prompt asks for: number, room, text."""
    found = re.findall(r"^(\d+) \((\d+)\) (.+)$", prompt, re.MULTILINE)
    return [(int(number), int(room), text) for number, room, text in found]


def answering(change: Callable[[int, str], str]) -> Scripted:
    """A model that answers every caption with what `change` makes of its number and text."""

    def told(prompt: object) -> str:
        turn = prompt.turns[0].text  # type: ignore[attr-defined]
        lines = [{"number": at, "text": change(at, text)} for at, _, text in given(turn)]
        return json.dumps({"lines": lines})

    return Scripted([[told, End("done", Usage(900, 700), "gpt-5.4-mini")]])


def run(
    folder: Path, provider: Scripted | None, options: TranslateOptions = OPTIONS
) -> StageResult:
    path = folder / "transcript.json"
    path.write_text(transcript().model_dump_json())
    scratch = folder / "scratch"
    scratch.mkdir()
    client = TextClient([provider]) if provider is not None else None

    def ask(request: Request) -> Answer:
        assert client is not None
        return client.answer(request)

    context = StageContext(
        source=path,
        source_sha256="",
        scratch=scratch,
        tools=get_tools(),
        inputs={TRANSCRIBE: StageInput(paths={"transcript.json": path})},
        ask_model=ask if provider is not None else None,
    )
    return STAGE_FUNCTIONS[TRANSLATE](context, options)


def value(result: StageResult) -> TranslateResult:
    assert isinstance(result.value, TranslateResult)
    assert TranslateResult.model_validate_json(result.value.model_dump_json()) == result.value
    return result.value


def german(_: int, text: str) -> str:
    """Words of the same lengths, but for the brand's terms."""
    kept = re.split(r"(new york)", text, flags=re.IGNORECASE)
    return "".join(
        part if part.lower() == "new york" else re.sub(r"[a-z]", "ä", part) for part in kept
    )


def test_every_other_language_gets_files_and_a_rendition_that_keep_the_rules(
    tmp_path: Path,
) -> None:
    result = run(tmp_path, answering(german))
    found = value(result)
    assert [one.language for one in found.translations] == ["de", "ja"]
    assert [(one.language, one.name, one.spoken) for one in found.renditions] == [
        ("de", "German", False), ("ja", "Japanese", False),
    ]  # fmt: skip
    names = {one.name for one in result.artifacts}
    assert {"captions/de.vtt", "captions/de.srt", "captions/de.ttml"} <= names
    assert {"stream/captions-ja.m3u8", "stream/captions-ja-0.vtt"} <= names
    (made, _) = found.translations
    assert {rule: count for rule, count in made.violations.items() if count} == {}
    assert made.asked[0].dollars is not None
    first = next(one for one in result.artifacts if one.name == "captions/de.vtt")
    text = first.path.read_text()
    assert "New York" in text
    assert "ä" in text
    assert len(webvtt.read(str(first.path)).captions) == made.cues


def original() -> list[float]:
    """When the captions of what was said begin."""
    profile = profile_for("en", Fraction(30000, 1001))
    cues = captioned(spoken(TALK), "en", profile, glossary=TERMS, seconds=60)
    return [cue.begin for cue in cues]


def seconds(stamp: str) -> float:
    hours, minutes, rest = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def test_a_translation_is_shown_when_what_it_translates_is_said(tmp_path: Path) -> None:
    numbered = answering(lambda at, text: f"N{at} {german(at, text)}")
    result = run(tmp_path, numbered, OPTIONS.model_copy(update={"languages": ("de",)}))
    path = next(one.path for one in result.artifacts if one.name == "captions/de.vtt")
    shown = {
        int(number): (seconds(cue.start), seconds(cue.end))
        for cue in webvtt.read(str(path)).captions
        for number in re.findall(r"N(\d+)", cue.text)
    }
    begins = original()
    assert list(shown) == list(range(1, len(begins) + 1))
    for (begin, end), said in zip(shown.values(), begins, strict=True):
        assert begin - 0.3 <= said <= end + 0.3


def test_a_term_that_is_lost_is_asked_for_again_and_never_published_lost(tmp_path: Path) -> None:
    lost = answering(lambda at, text: german(at, text).replace("New York", "Neu York"))
    found = value(run(tmp_path, lost, OPTIONS.model_copy(update={"languages": ("de",)})))
    assert len(lost.prompts) == 3
    assert found.renditions == ()
    assert found.translations[0].reason == "no language model gave an answer"
    assert found.translations[0].asked[0].attempts == 3


def test_a_link_that_nobody_says_gets_into_no_caption(tmp_path: Path) -> None:
    evil = answering(lambda at, text: german(at, text) + " https://evil.example")
    result = run(tmp_path, evil, OPTIONS.model_copy(update={"languages": ("de",)}))
    assert result.artifacts == ()
    assert "link that nobody says" in str(value(result).translations[0].reason)


@pytest.mark.parametrize(
    ("languages", "reason"),
    [(("de",), "no language model"), (("en-GB",), "no language but the one")],
)
def test_what_is_missing_is_said_with_the_remedy(
    tmp_path: Path, languages: tuple[str, ...], reason: str
) -> None:
    result = run(tmp_path, None, OPTIONS.model_copy(update={"languages": languages}))
    assert (result.skipped, result.artifacts) == (True, ())
    found = value(result)
    assert reason in str(found.skipped)
    assert (found.remedy is not None) is (languages == ("de",))
