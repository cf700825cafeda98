"""Runs the program that listens, `ai.speech.child`, confined as all that reads outside bytes is."""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from pydantic import BaseModel, Field, ValidationError

from ai.speech.transcriber import Span, SpeechOptions, Surroundings
from ai.speech.weights import Weights
from core.errors import Misconfigured, Retryable
from core.process import Completed, Limits, run
from pipeline.plan.transcript import Word

# More threads are slower on small models: processors are kept busy by further stages.
THREADS: Final = 1
BEAM: Final = 5
BATCH: Final = 8

_PROGRAM: Final = "ai.speech.child"
_NO_WEIGHTS: Final = 3
# The ledger's deadline ends what makes no progress; this only ends what would never end.
_WALL_SECONDS: Final = 12 * 3600.0
# Address space; drivers of graphics cards take more of it than there is memory.
_MEMORY_BYTES: Final = 12 << 30
_FILE_BYTES: Final = 1 << 30
_CARD: Final = Path("/dev/nvidiactl")
_CARD_VARIABLES: Final = ("LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")


class Said(BaseModel):
    """A passage as the program writes it down."""

    words: tuple[Word, ...]
    no_speech: float
    log_probability: float


class Answer(BaseModel):
    """What the program found: where somebody speaks, and what was said, where that was asked."""

    seconds: float = Field(ge=0)
    voice: tuple[tuple[float, float], ...]
    passages: tuple[Said, ...]
    language: str | None
    language_confidence: float
    device: str | None
    precision: str | None

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where somebody speaks."""
        return tuple(Span(*each) for each in self.voice)


def listen(
    audio: Path, weights: Weights | None, options: SpeechOptions, around: Surroundings
) -> tuple[Answer, Completed]:
    """What is said in a file, and what hearing it cost; without weights, only where."""
    with tempfile.TemporaryDirectory(dir=around.scratch, prefix="listen-") as folder:
        request, answer = Path(folder) / "request.json", Path(folder) / "answer.json"
        request.write_text(
            json.dumps(
                {
                    "audio": str(audio.absolute()),
                    "weights": str(weights.folder) if weights else None,
                    "language": options.language,
                    "glossary": list(options.glossary),
                    "beam": BEAM,
                    "batch": BATCH,
                    "threads": THREADS,
                }
            )
        )
        done = _run((str(request), str(answer)), replace(around, scratch=Path(folder)))
        try:
            return Answer.model_validate_json(answer.read_bytes()), done
        except (OSError, ValidationError) as error:
            raise Retryable(
                "the program that listens gave no answer", detail=done.stderr_tail
            ) from error


def _run(arguments: Sequence[str], around: Surroundings) -> Completed:
    reached = 0.0

    def line(text: str) -> None:
        nonlocal reached
        name, _, value = text.strip().partition(" ")
        if name == "progress" and (fraction := float(value)) > reached:
            reached = fraction
            around.progress(fraction)

    done = run(
        (sys.executable, "-I", "-m", _PROGRAM, *arguments),
        limits=Limits(
            wall_seconds=_WALL_SECONDS,
            memory_bytes=None if _CARD.exists() else _MEMORY_BYTES,
            file_bytes=_FILE_BYTES,
        ),
        env=_environment(),
        cancel=around.cancel,
        on_stdout_line=line,
        scratch=around.scratch,
    )
    if done.returncode == _NO_WEIGHTS:
        raise Misconfigured("the weights cannot be loaded", detail=done.stderr_tail)
    if done.returncode != 0:
        raise Retryable("the program that listens failed", detail=done.stderr_tail)
    return done


def _environment() -> dict[str, str]:
    told = {name: os.environ[name] for name in _CARD_VARIABLES if name in os.environ}
    return {
        **told,
        "OMP_NUM_THREADS": str(THREADS),
        "HF_HUB_OFFLINE": "1",
        # Both would tell their makers of each use, where the kernel gives no network namespace.
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "ORT_DISABLE_TELEMETRY": "1",
    }
