"""What was said: words with their times, as transcribers give them and writers read them.

Times are seconds from the beginning of the film, not of the audio's own file.
"""

from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from core.errors import Rejected
from pipeline.plan.types import Value

_MAX_BYTES: Final = 64 << 20


class Word(Value):
    """One word with the punctuation that belongs to it; `confidence` is from 0 to 1."""

    text: str
    begin: float = Field(ge=0)
    end: float = Field(ge=0)
    confidence: float = Field(ge=0, le=1)


class Segment(Value):
    """Words that were said in one go; `speaker` tells who, where that was heard."""

    words: tuple[Word, ...]
    speaker: str | None = None

    @property
    def text(self) -> str:
        """The words as they are written."""
        return " ".join(word.text for word in self.words)


class Doubt(Value):
    """Something that a model wrote and that was not said, or may not have been."""

    begin: float
    end: float
    text: str
    reason: str
    dropped: bool


class Transcript(Value):
    """All that was said in one language, in order; `model` made it by way of `provider`."""

    language: str
    language_confidence: float = Field(ge=0, le=1)
    seconds: float
    segments: tuple[Segment, ...]
    doubts: tuple[Doubt, ...] = ()
    provider: str
    model: str

    @property
    def words(self) -> tuple[Word, ...]:
        """Every word, in order."""
        return tuple(word for segment in self.segments for word in segment.words)


def read(path: Path) -> Transcript:
    """What the stage `transcribe` wrote; Rejected where the file is another."""
    if path.stat().st_size > _MAX_BYTES:
        raise Rejected(f"the transcript has more than {_MAX_BYTES >> 20} MiB")
    try:
        return Transcript.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise Rejected("the transcript cannot be read", detail=str(error)[:2000]) from error
