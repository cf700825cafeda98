"""The values that planning, the ledger and the stages hand to each other."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from core.errors import Rejected


class Value(BaseModel):
    """Base of stage options and results: frozen, and the same after a way through JSON."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Queue(StrEnum):
    """What a stage needs of a machine."""

    MEDIA = "media"
    GPU = "gpu"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One stage of a graph. `needs` names stages; the deadline is seconds without progress."""

    name: str
    version: int
    queue: Queue
    options: BaseModel
    needs: tuple[str, ...] = ()
    deadline_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Graph:
    """Stages in an order in which each comes after what it needs."""

    stages: tuple[StageSpec, ...]

    def __post_init__(self) -> None:
        known: set[str] = set()
        for stage in self.stages:
            if stage.name in known or not known.issuperset(stage.needs):
                raise Rejected(f"the plan is not in order at stage {stage.name}")
            known.add(stage.name)

    def __getitem__(self, name: str) -> StageSpec:
        return next(stage for stage in self.stages if stage.name == name)


class Attributes(Value):
    """What fits an artifact's kind, of these; bits a second, seconds, and loudness in LUFS.

    `ssim` is 0 to 1 and `vmaf` 0 to 100, each against the source at the rendition's own size.
    """

    width: int | None = None
    height: int | None = None
    bitrate: int | None = None
    codec: str | None = None
    duration: float | None = None
    frame_rate: float | None = None
    role: str | None = None
    """What it is among those of its kind: `master`, `playlist`, `media`, `sprite`, …"""
    rendition: str | None = None
    language: str | None = None
    channels: int | None = None
    loudness: float | None = None
    ssim: float | None = None
    vmaf: float | None = None
    begin: float | None = None
    """When it begins in the film, in seconds, where it is a part of it."""
    points: int | None = None
    """How good it is among its kind, 0 to 100."""


@dataclass(frozen=True, slots=True)
class ArtifactFile:
    """A file that a stage made. `name` is its relative path among the stage's artifacts.

    Names matter: a playlist refers to its neighbours by them.
    """

    kind: str
    name: str
    path: Path
    mime: str
    attributes: Attributes = field(default_factory=Attributes)


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a stage hands back: a value that goes through JSON, and files.

    `encoder` names the encoders really used: other ones make other files. `skipped` says that what
    the stage needs is not there and the run goes on without it; the value has the reason.
    """

    value: BaseModel | None = None
    artifacts: tuple[ArtifactFile, ...] = ()
    encoder: str = ""
    skipped: bool = False


def stage_digest(
    spec: StageSpec, inputs: Mapping[str, str], tools: Iterable[str], encoder: str = ""
) -> str:
    """The name of a stage's result: equal digests promise equal artifacts.

    `inputs` are digests by name (the source's sha256, upstream stage digests); `tools` are digests
    of programs and weights; `encoder` is the one really used.
    """
    facts = {
        "stage": spec.name,
        "version": spec.version,
        "options": spec.options.model_dump(mode="json"),
        "inputs": dict(inputs),
        "tools": sorted(tools),
        "encoder": encoder,
    }
    plain = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()
