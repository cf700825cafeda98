"""Hosted transcription: OpenAI's API, or any address that speaks it.

Where nobody speaks is found on this machine: silence is never sent, and long sound is parted there.
"""

import time
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from math import exp
from pathlib import Path
from typing import Final

import httpx
from pydantic import BaseModel, Field, SecretStr, ValidationError

from ai.speech.listening import listen
from ai.speech.transcriber import RATE, Heard, Passage, Span, SpeechOptions, Surroundings
from ai.speech.transcripts import tidied, written
from core.errors import AutomatorError, Misconfigured, RateLimited, Rejected, Retryable
from pipeline.plan.transcript import Word

PROVIDER: Final = "openai"
# The one of OpenAI's models that tells when each word was said.
DEFAULT_MODEL: Final = "whisper-1"
DEFAULT_URL: Final = "https://api.openai.com/v1"

# 25 MB are taken (platform.openai.com/docs/guides/speech-to-text); ten minutes are 19.2.
_PART_SECONDS: Final = 600.0
# Around what is heard, since a detector is a moment late.
_PAD_SECONDS: Final = 0.4
_CUT_WITHIN_SECONDS: Final = 120.0
# Of the bar.
_LOOKED: Final = 0.1
_ANSWER_SECONDS: Final = 240.0
_CONNECT_SECONDS: Final = 10.0
_TRIES: Final = 3
_PAUSE_SECONDS: Final = 1.0
# Who is asked to wait longer gives the slot back: the ledger waits.
_LONGEST_PAUSE_SECONDS: Final = 20.0
_UNTOLD_PAUSE_SECONDS: Final = 5.0
_PROMPT_CHARACTERS: Final = 800
_ANSWER_BYTES: Final = 16 << 20
_TRANSIENT: Final = frozenset({408, 409, 500, 502, 503, 504, 529})

# What verbose answers call languages, where it is not the code: those of Whisper's tokenizer.
_CODES: Final = {
    "afrikaans": "af", "arabic": "ar", "armenian": "hy", "azerbaijani": "az", "belarusian": "be",
    "bosnian": "bs", "bulgarian": "bg", "catalan": "ca", "chinese": "zh", "croatian": "hr",
    "czech": "cs", "danish": "da", "dutch": "nl", "english": "en", "estonian": "et",
    "finnish": "fi", "french": "fr", "galician": "gl", "german": "de", "greek": "el",
    "hebrew": "he", "hindi": "hi", "hungarian": "hu", "icelandic": "is", "indonesian": "id",
    "italian": "it", "japanese": "ja", "kannada": "kn", "kazakh": "kk", "korean": "ko",
    "latvian": "lv", "lithuanian": "lt", "macedonian": "mk", "malay": "ms", "maori": "mi",
    "marathi": "mr", "nepali": "ne", "norwegian": "no", "persian": "fa", "polish": "pl",
    "portuguese": "pt", "romanian": "ro", "russian": "ru", "serbian": "sr", "slovak": "sk",
    "slovenian": "sl", "spanish": "es", "swahili": "sw", "swedish": "sv", "tagalog": "tl",
    "tamil": "ta", "thai": "th", "turkish": "tr", "ukrainian": "uk", "urdu": "ur",
    "vietnamese": "vi", "welsh": "cy",
}  # fmt: skip


class _Word(BaseModel):
    word: str
    start: float = Field(ge=0)
    end: float = Field(ge=0)


class _Segment(BaseModel):
    start: float = Field(ge=0)
    end: float = Field(ge=0)
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0


class _Answer(BaseModel):
    language: str | None = None
    text: str = ""
    words: tuple[_Word, ...] | None = None
    segments: tuple[_Segment, ...] | None = None


@dataclass(frozen=True, slots=True)
class OpenAi:
    """A transcriber behind an address; `transport` and `sleep` are for tests."""

    key: SecretStr
    url: str = DEFAULT_URL
    model: str = DEFAULT_MODEL
    provider: str = PROVIDER
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = field(default=time.sleep)

    def transcribe(self, audio: Path, options: SpeechOptions, around: Surroundings) -> Heard:
        """What is said in a WAV file, by the hosted model."""
        looking = replace(around, progress=lambda done: around.progress(done * _LOOKED))
        answer, done = listen(audio, None, options, looking)
        voice, began = answer.spans, time.monotonic()
        passages: list[Passage] = []
        language = options.language
        with self._client() as client:
            for spoken in parts(voice):
                around.cancel.check()
                end = min(answer.seconds, spoken.end + _PAD_SECONDS)
                part = Span(max(0.0, spoken.begin - _PAD_SECONDS), end)
                said = self._ask(client, _cut(audio, part), language, options, around)
                language = language or _code(said.language)
                passages += _passages(said, part.begin, answer.seconds, language or "")
                reached = min(1.0, part.end / max(answer.seconds, 0.001))
                around.progress(_LOOKED + (1 - _LOOKED) * reached)
        around.progress(1.0)
        transcript = written(
            passages,
            voice,
            language=language if passages else None,
            # The service names a language, and not how sure it is.
            language_confidence=1.0 if options.language else 0.5,
            seconds=answer.seconds,
            provider=self.provider,
            model=self.model,
        )
        return Heard(
            transcript,
            maker=f"{self.provider} {self.model}",
            device="hosted",
            seconds=done.seconds + time.monotonic() - began,
            cpu_seconds=done.cpu_seconds,
            peak_bytes=done.peak_bytes,
        )

    def _client(self) -> httpx.Client:
        return httpx.Client(
            headers={"Authorization": f"Bearer {self.key.get_secret_value()}"},
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
            transport=self.transport,
            follow_redirects=False,
            trust_env=False,
        )

    def _ask(
        self,
        client: httpx.Client,
        sound: bytes,
        language: str | None,
        options: SpeechOptions,
        around: Surroundings,
    ) -> _Answer:
        """One part, tried again while that may help and the pause is short."""
        form: dict[str, str | list[str]] = {
            "model": self.model,
            "response_format": "verbose_json",
            "timestamp_granularities[]": ["word", "segment"],
            "temperature": "0",
        }
        if language:
            form["language"] = language
        if options.glossary:
            form["prompt"] = ", ".join(options.glossary)[:_PROMPT_CHARACTERS]
        for tried in range(1, _TRIES + 1):
            try:
                return self._once(client, sound, form)
            except Retryable as error:
                pause = _PAUSE_SECONDS * 2 ** (tried - 1)
                if isinstance(error, RateLimited):
                    pause = error.after
                if tried == _TRIES or pause > _LONGEST_PAUSE_SECONDS:
                    raise
                around.cancel.check()
                self.sleep(pause)
                around.cancel.check()
        raise AssertionError

    def _once(
        self, client: httpx.Client, sound: bytes, form: dict[str, str | list[str]]
    ) -> _Answer:
        url = f"{self.url.rstrip('/')}/audio/transcriptions"
        files = {"file": ("speech.wav", sound, "audio/wav")}
        try:
            with client.stream("POST", url, data=form, files=files) as response:
                body = _read(response)
        except httpx.TimeoutException as error:
            raise Retryable("the transcription service does not answer in time") from error
        except httpx.HTTPError as error:
            raise Retryable(
                "the transcription service cannot be reached", detail=str(error)
            ) from error
        if response.status_code != httpx.codes.OK:
            raise _failure(response, body)
        try:
            return _Answer.model_validate_json(body)
        except ValidationError as error:
            raise Retryable(
                "the transcription service gave an answer that cannot be read"
            ) from error


def parts(voice: Sequence[Span]) -> Iterator[Span]:
    """Ranges with voices in them, each short enough to be sent, parted at the longest pauses.

    A voice without a pause is cut where a part must end.
    """
    left = [piece for span in voice for piece in _pieces(span)]
    while left:
        begin = left[0].begin
        count = sum(1 for span in left if span.end - begin <= _PART_SECONDS)
        if count < len(left):
            ends = [
                number
                for number in range(1, count + 1)
                if left[number - 1].end - begin >= _PART_SECONDS - _CUT_WITHIN_SECONDS
            ] or [count]
            count = max(ends, key=lambda number: left[number].begin - left[number - 1].end)
        yield Span(begin, left[count - 1].end)
        left = left[count:]


def _pieces(span: Span) -> Iterator[Span]:
    begin = span.begin
    while span.end - begin > _PART_SECONDS:
        yield Span(begin, begin + _PART_SECONDS)
        begin += _PART_SECONDS
    yield Span(begin, span.end)


def _cut(audio: Path, part: Span) -> bytes:
    """A range of a WAV file as one of its own."""
    from io import BytesIO

    target = BytesIO()
    with wave.open(str(audio), "rb") as source, wave.open(target, "wb") as sound:
        sound.setparams(source.getparams())
        source.setpos(min(source.getnframes(), round(part.begin * RATE)))
        sound.writeframes(source.readframes(round((part.end - part.begin) * RATE)))
    return target.getvalue()


def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _ANSWER_BYTES:
            raise Retryable("the transcription service answers without end")
    return bytes(body)


def _failure(response: httpx.Response, body: bytes) -> AutomatorError:
    status = response.status_code
    detail = body[:2000].decode(errors="replace")
    if status in (401, 403):
        return Misconfigured("the transcription service refuses OPENAI_API_KEY", detail=detail)
    if status == httpx.codes.NOT_FOUND:
        return Misconfigured(
            "the transcription service has no such model or address", detail=detail
        )
    if status == httpx.codes.TOO_MANY_REQUESTS and "insufficient_quota" in detail:
        return Misconfigured("the account at the transcription service is empty", detail=detail)
    after = retry_after(response.headers.get("retry-after"), time.time())
    if status == httpx.codes.TOO_MANY_REQUESTS or (after is not None and status in _TRANSIENT):
        reason = "the transcription service asks for a pause"
        pause = _UNTOLD_PAUSE_SECONDS if after is None else after
        return RateLimited(reason, after=pause, detail=detail)
    if status in _TRANSIENT:
        return Retryable(f"the transcription service failed ({status})", detail=detail)
    return Rejected(f"the transcription service does not take the sound ({status})", detail=detail)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait, of a header with seconds or a date (RFC 9110); at most an hour."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except ValueError:
            return None
    return min(3600.0, max(0.0, seconds)) if seconds == seconds else None


def _code(language: str | None) -> str | None:
    if not language:
        return None
    name = language.casefold()
    return _CODES.get(name, name if len(name) in (2, 3) else None)


def _passages(answer: _Answer, offset: float, seconds: float, language: str) -> list[Passage]:
    """The words by the segments that they lie in: what is known of a segment judges them."""
    words = [
        Word(
            # Each stands alone, without the spaces between.
            text=f" {each.word.strip()}",
            begin=min(seconds, offset + each.start),
            end=min(seconds, offset + max(each.start, each.end)),
            confidence=1.0,
        )
        for each in answer.words or ()
    ]
    passages = []
    for number, segment in enumerate(segments := answer.segments or ()):
        last = number == len(segments) - 1
        mine = [
            word for word in words if last or (word.begin + word.end) / 2 < offset + segment.end
        ]
        words = words[len(mine) :]
        confidence = exp(min(0.0, segment.avg_logprob))
        judged = (word.model_copy(update={"confidence": confidence}) for word in mine)
        sure = tidied(judged, language)
        if sure:
            passages.append(Passage(sure, segment.no_speech_prob, segment.avg_logprob))
    if words and (rest := tidied(words, language)):
        passages.append(Passage(rest))
    return passages
