"""The hosted transcriber against a real server: what is asked, and whatever may come back."""

import json
import wave
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from pydantic import SecretStr

from ai.speech import openai
from ai.speech.listening import listen
from ai.speech.openai import OpenAi, parts, retry_after
from ai.speech.transcriber import Heard, Span, SpeechOptions, Surroundings
from core.errors import AutomatorError, Misconfigured, RateLimited, Rejected, Retryable
from tests.ai.speech.sounds import sound
from tests.ai.speech.transcription_server import (
    WORDS,
    TranscriptionServer,
    Upload,
    transcription_server,
    verbose,
)
from tests.media_samples import CLIP

SPEC = Path(__file__).parents[4] / "shared/specs/openai/openapi.json"
KEY = "sk-only-for-tests"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sound(tmp_path_factory.mktemp("clip") / "clip.wav", "-i", CLIP)


@pytest.fixture
def server() -> Iterator[TranscriptionServer]:
    with transcription_server() as found:
        yield found


@pytest.fixture(autouse=True)
def heard_once(monkeypatch: pytest.MonkeyPatch, clip: Path, tmp_path: Path) -> None:
    """Where somebody speaks in the clip is asked of a child once; these tests are of the rest."""
    answer = _ANSWERS.get(clip)
    if answer is None:
        answer = _ANSWERS[clip] = listen(clip, None, SpeechOptions(), Surroundings(tmp_path))
    monkeypatch.setattr(openai, "listen", lambda *_: answer)


_ANSWERS: dict[Path, Any] = {}


def transcribe(
    server: TranscriptionServer, clip: Path, scratch: Path, slept: list[float] | None = None,
    **options: Any,
) -> Heard:  # fmt: skip
    pauses = [] if slept is None else slept
    made = OpenAi(SecretStr(KEY), url=server.url, sleep=pauses.append)
    return made.transcribe(clip, SpeechOptions(**options), Surroundings(scratch))


def test_the_sound_goes_with_the_key_and_the_words_come_back(
    server: TranscriptionServer, clip: Path, tmp_path: Path
) -> None:
    heard = transcribe(server, clip, tmp_path, glossary=("Dashwood", "Norland"))
    (upload,) = server.came
    assert upload.path == "/v1/audio/transcriptions"
    assert upload.headers["authorization"] == f"Bearer {KEY}"
    assert upload.fields == {
        "model": ["whisper-1"],
        "response_format": ["verbose_json"],
        "timestamp_granularities[]": ["word", "segment"],
        "temperature": ["0"],
        "prompt": ["Dashwood, Norland"],
    }
    with wave.open(BytesIO(upload.file)) as part:
        assert (part.getframerate(), part.getnchannels(), part.getsampwidth()) == (16000, 1, 2)
        assert part.getnframes() / 16000 == pytest.approx(24.8, abs=0.3)
    assert tuple(word.text for word in heard.transcript.words) == WORDS
    assert heard.transcript.words[1].confidence == pytest.approx(0.905, abs=0.01)
    assert (heard.maker, heard.device) == ("openai whisper-1", "hosted")


@pytest.mark.skipif(not SPEC.exists(), reason="the vendor's document is not beside the checkout")
def test_what_is_asked_is_what_the_vendor_documents(
    server: TranscriptionServer, clip: Path, tmp_path: Path
) -> None:
    transcribe(server, clip, tmp_path, glossary=("Dashwood",), language="en")
    document = json.loads(SPEC.read_text())
    schemas = {"components": document["components"]}
    form: dict[str, Any] = {"file": server.came[0].file_name}
    for name, values in server.came[0].fields.items():
        form[name.removesuffix("[]")] = values if name.endswith("[]") else values[0]
    form["temperature"] = float(form["temperature"])
    request = {"$ref": "#/components/schemas/CreateTranscriptionRequest"}
    jsonschema.validate(form, request | schemas)
    assert (
        form["response_format"] in document["components"]["schemas"]["AudioResponseFormat"]["enum"]
    )
    # And so is the server's answer.
    answer = {"$ref": "#/components/schemas/CreateTranscriptionResponseVerboseJson"}
    jsonschema.validate(verbose(), answer | schemas)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**form, "beam_size": 5}, request | schemas)


@pytest.mark.parametrize(
    ("status", "headers", "slept"),
    [
        (429, {"retry-after": "3"}, [3.0]),
        (503, {"retry-after": "2.5"}, [2.5]),
        (500, {}, [1.0]),
        (529, {}, [1.0]),
    ],
)
def test_what_passes_is_tried_again_after_the_pause_that_was_asked_for(
    server: TranscriptionServer, clip: Path, tmp_path: Path,
    status: int, headers: dict[str, str], slept: list[float],
) -> None:  # fmt: skip
    def once(_: Upload, number: int) -> tuple[int, Any, dict[str, str]]:
        return (status, {"error": {}}, headers) if number == 0 else (200, verbose(), {})

    server.answer = once
    pauses: list[float] = []
    assert transcribe(server, clip, tmp_path, pauses).transcript.words
    assert pauses == slept
    assert len(server.came) == 2


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "asked"),
    [
        (429, {}, {"retry-after": "300"}, RateLimited, 1),
        (429, {}, {"retry-after": "0"}, RateLimited, 3),
        (503, {}, {}, Retryable, 3),
        (401, {"error": {"message": "Incorrect API key"}}, {}, Misconfigured, 1),
        (404, {"error": {"code": "model_not_found"}}, {}, Misconfigured, 1),
        (429, {"error": {"code": "insufficient_quota"}}, {}, Misconfigured, 1),
        (400, {"error": {"message": "Invalid file format"}}, {}, Rejected, 1),
        (302, {}, {"location": "http://127.0.0.1:1/"}, Rejected, 1),
        (200, b"<html>", {}, Retryable, 3),
        (200, b'{"words": [{"word": "a", "start": -1, "end": "x"}]}', {}, Retryable, 3),
        (200, b"", {"content-length": "100"}, Retryable, 3),
    ],
)
def test_each_failure_has_its_policy_and_tells_no_key(
    server: TranscriptionServer, clip: Path, tmp_path: Path,
    status: int, body: Any, headers: dict[str, str], kind: type[AutomatorError], asked: int,
) -> None:  # fmt: skip
    def fail(_: Upload, __: int) -> tuple[int, Any, dict[str, str]]:
        # A body that is cut short: the connection ends before it does.
        more = {"connection": "close"} if headers.get("content-length") else {}
        return status, body, headers | more

    server.answer = fail
    with pytest.raises(AutomatorError) as caught:
        transcribe(server, clip, tmp_path)
    assert type(caught.value) is kind
    assert len(server.came) == asked
    assert KEY not in str(caught.value) + (caught.value.detail or "")
    if isinstance(caught.value, RateLimited):
        assert caught.value.after == float(headers["retry-after"])


def test_a_service_that_does_not_answer_is_given_up(clip: Path, tmp_path: Path) -> None:
    def late(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too late", request=request)

    made = OpenAi(SecretStr(KEY), transport=httpx.MockTransport(late), sleep=lambda _: None)
    with pytest.raises(Retryable, match="does not answer in time"):
        made.transcribe(clip, SpeechOptions(), Surroundings(tmp_path))


def test_an_answer_without_end_is_left(
    server: TranscriptionServer, clip: Path, tmp_path: Path
) -> None:
    server.answer = lambda _, __: (200, b" " * (17 << 20), {})
    with pytest.raises(Retryable, match="answers without end"):
        transcribe(server, clip, tmp_path)


def test_words_beyond_the_film_and_invented_ones_are_held_back(
    server: TranscriptionServer, clip: Path, tmp_path: Path
) -> None:
    answer = verbose(("Subtitles", "by", "the", "Amara.org", "community"), each=100.0)
    server.answer = lambda _, __: (200, answer, {})
    transcript = transcribe(server, clip, tmp_path).transcript
    assert transcript.words == ()
    assert transcript.doubts
    assert all(doubt.end <= transcript.seconds for doubt in transcript.doubts)


def test_long_speech_is_parted_at_its_longest_late_pause() -> None:
    voice = [Span(0, 200), Span(210, 490), Span(494, 550), Span(551, 650), Span(660, 700)]
    assert list(parts(voice)) == [Span(0, 490), Span(494, 700)]
    assert list(parts([])) == []
    # Without a pause in its end, where it must be.
    assert list(parts([Span(5, 1300)])) == [Span(5, 605), Span(605, 1205), Span(1205, 1300)]
    # Sparse speech: silence between is sent where the whole is short enough.
    assert list(parts([Span(0, 1), Span(500, 501), Span(3000, 3001)])) == [
        Span(0, 501), Span(3000, 3001),
    ]  # fmt: skip


def test_parts_are_sent_one_by_one_and_their_words_put_in_their_place(
    server: TranscriptionServer, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "_PART_SECONDS", 12.0)
    monkeypatch.setattr(openai, "_CUT_WITHIN_SECONDS", 6.0)
    heard = transcribe(server, clip, tmp_path)
    begins = [word.begin for word in heard.transcript.words if word.text == "And"]
    assert len(begins) == len(server.came) >= 2
    assert begins == sorted(begins)
    assert begins[1] > 5.0
    # The language of the first part is told with the others.
    assert [upload.fields.get("language") for upload in server.came[:2]] == [None, ["en"]]
    for upload in server.came:
        with wave.open(BytesIO(upload.file)) as part:
            assert part.getnframes() <= (12.0 + 0.8) * 16000


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        ("-3", 0.0),
        ("1e9", 3600.0),
        ("nan", None),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
    ],
)
def test_pauses_are_read_as_seconds_or_dates(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, now=60.0) == seconds
