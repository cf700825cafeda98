"""What a stage is given. A stage can be run from a test with no database, queue or network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from core.process import CancelToken
from core.settings import Settings, get_settings
from pipeline.plan import shots, transcript
from pipeline.plan.speech_types import TRANSCRIBE, TRANSCRIPT_NAME
from pipeline.plan.transcript import Transcript
from transcoders.tools import Tools

if TYPE_CHECKING:
    from ai.text.types import Answer, Request

_V = TypeVar("_V", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class StageInput:
    """The result of an upstream stage: its value, and its artifacts' paths by name."""

    value: BaseModel | None = None
    paths: Mapping[str, Path] = field(default_factory=dict)


def _silent(fraction: float) -> None:
    """Progress that nobody wants."""


@dataclass(frozen=True, slots=True)
class StageContext:
    """Files in, a place for files out, and how to be heard and stopped.

    `scratch` is an empty folder that is removed after the stage; `scratch_bytes` is its bound.
    `settings` tell which models there are; what is made of the file itself hangs on options alone.
    `ask_model` has a language model answer at the tenant's cost; None where there is none.
    `progress` takes 0 to 1 and is called from the thread that runs the stage.
    """

    source: Path
    source_sha256: str
    scratch: Path
    tools: Tools
    inputs: Mapping[str, StageInput] = field(default_factory=dict)
    progress: Callable[[float], None] = _silent
    cancel: CancelToken = field(default_factory=CancelToken)
    scratch_bytes: int | None = None
    settings: Settings = field(default_factory=get_settings)
    ask_model: "Callable[[Request], Answer] | None" = None

    def value(self, stage: str, kind: type[_V]) -> _V:
        """The value of an upstream stage."""
        found = self.inputs[stage].value
        assert isinstance(found, kind), f"{stage} gave {type(found).__name__}"
        return found

    def path(self, stage: str, name: str) -> Path:
        """A file of an upstream stage."""
        return self.inputs[stage].paths[name]

    def cuts(self) -> tuple[float, ...]:
        """When shots change, in seconds of the film; none where nobody has looked."""
        found = self.inputs.get(shots.SHOTS)
        path = found.paths.get(shots.SHOTS_FILE) if found else None
        return shots.read(path).cuts if path else ()

    def transcript(self) -> Transcript | None:
        """What was said; None where nobody has listened, or there is nothing to listen to."""
        found = self.inputs.get(TRANSCRIBE)
        path = found.paths.get(TRANSCRIPT_NAME) if found else None
        return transcript.read(path) if path else None

    def part(self, begin: float, end: float) -> Callable[[float], None]:
        """Progress of a part of the work, from 0 to 1, as a part of the whole."""
        return lambda fraction: self.progress(begin + (end - begin) * fraction)
