"""Whisper on this machine: faster-whisper with weights of the operator's or of packages."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ai.speech.listening import listen
from ai.speech.transcriber import Heard, Passage, SpeechOptions, Surroundings
from ai.speech.transcripts import tidied, written
from ai.speech.weights import Weights

PROVIDER: Final = "whisper"


@dataclass(frozen=True, slots=True)
class Whisper:
    """A transcriber with weights."""

    weights: Weights
    provider: str = PROVIDER

    @property
    def model(self) -> str:
        """What the weights are called."""
        return self.weights.name

    def transcribe(self, audio: Path, options: SpeechOptions, around: Surroundings) -> Heard:
        """What is said in a WAV file, by a child process."""
        answer, done = listen(audio, self.weights, options, around)
        language = answer.language if answer.passages else None
        passages = (
            Passage(tidied(said.words, language or ""), said.no_speech, said.log_probability)
            for said in answer.passages
        )
        transcript = written(
            (passage for passage in passages if passage.words),
            answer.spans,
            language=language,
            # A language that was told is no guess.
            language_confidence=1.0 if options.language else answer.language_confidence,
            seconds=answer.seconds,
            provider=self.provider,
            model=self.model,
        )
        return Heard(
            transcript,
            maker=f"{self.provider} {self.model} {self.weights.digest[:16]} {answer.precision}",
            device=answer.device or "none",
            seconds=done.seconds,
            cpu_seconds=done.cpu_seconds,
            peak_bytes=done.peak_bytes,
        )
