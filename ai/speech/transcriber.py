"""What transcribers take and give: one protocol, whoever listens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from core.cancellation import CancelToken
from core.errors import Misconfigured
from pipeline.plan.transcript import Transcript, Word

RATE: Final = 16000
"""Samples a second of what is listened to: one channel of 16 bits, as WAV."""
UNKNOWN_LANGUAGE: Final = "und"


class Unavailable(Misconfigured):
    """Nobody is there to listen; `remedy` says what an operator can do about it."""

    code = "no_transcriber"

    def __init__(self, message: str, *, remedy: str) -> None:
        """Both are one line for people."""
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """What is known before: an ISO 639-1 language, None to detect it; words that may be said."""

    language: str | None = None
    glossary: tuple[str, ...] = ()


def _silent(fraction: float) -> None:
    """Progress that nobody wants."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a transcriber works: a folder for its files, and how to be heard and stopped."""

    scratch: Path
    progress: Callable[[float], None] = _silent
    cancel: CancelToken = field(default_factory=CancelToken)


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when, in seconds."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Passage:
    """Words that a model wrote in one go, before anybody has judged them.

    `no_speech` is how likely it held that nobody spoke, 0 to 1; `log_probability` is its mean of a
    token, 0 or less. None where the model does not say.
    """

    words: tuple[Word, ...]
    no_speech: float | None = None
    log_probability: float | None = None

    @property
    def text(self) -> str:
        """The words as they are written."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript, what made it, and what that cost.

    `maker` names provider, weights and precision: another one may hear other words.
    """

    transcript: Transcript
    maker: str
    device: str
    seconds: float
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


class Transcriber(Protocol):
    """Turns sound into words."""

    @property
    def provider(self) -> str:
        """What kind of transcriber it is."""
        ...

    @property
    def model(self) -> str:
        """Which model listens."""
        ...

    def transcribe(self, audio: Path, options: SpeechOptions, around: Surroundings) -> Heard:
        """What is said in a WAV file of `RATE`; nobody speaking is no error.

        Raises Retryable, RateLimited, Misconfigured, Rejected, and Cancelled as the token says.
        """
        ...
