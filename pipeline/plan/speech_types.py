"""What the stage `transcribe` takes and gives: each goes through JSON."""

from typing import Final

from pipeline.plan.types import Value

TRANSCRIBE: Final = "transcribe"
TRANSCRIPT: Final = "transcript"
"""The kind of the artifact, a `pipeline.plan.transcript.Transcript`."""
TRANSCRIPT_NAME: Final = "transcript.json"


class TranscribeOptions(Value):
    """The stage whose speech is heard, None where there is no sound.

    `language` is an ISO 639-1 code, None to detect it; `glossary` has words that may be said.
    """

    audio: str | None
    language: str | None = None
    glossary: tuple[str, ...] = ()


class TranscribeResult(Value):
    """What was heard, by whom, and what that cost; of what was not, why, and the way to have it.

    `dropped` counts what a model wrote that was not said, `flagged` what stayed though it is
    doubted; the transcript has both with their reasons. `device` is `cpu`, `cuda`, `hosted`, or
    `none` where nobody speaks.
    """

    language: str | None = None
    language_confidence: float = 0.0
    words: int = 0
    segments: int = 0
    speech_seconds: float = 0.0
    dropped: int = 0
    flagged: int = 0
    provider: str | None = None
    model: str | None = None
    maker: str | None = None
    device: str | None = None
    note: str | None = None
    skipped: str | None = None
    remedy: str | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
