"""Running a whole recipe from a test, in one process, as workers would run it in many."""

import hashlib
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.media import Probe
from pipeline.plan import STAGE_TYPES, WORK, StageResult, kind_of, plan
from pipeline.plan.brief import Brief
from pipeline.plan.stage_types import amended_by
from pipeline.stages import STAGE_FUNCTIONS, StageContext, StageInput
from transcoders.tools import get_tools


def sha256(path: Path) -> str:
    """The digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass(slots=True)
class Made:
    """What the stages of one run gave, by name."""

    folder: Path
    results: dict[str, StageResult] = field(default_factory=dict)

    @property
    def probe(self) -> Probe:
        """What was measured."""
        value = self.results["probe"].value
        assert isinstance(value, Probe)
        return value

    @property
    def files(self) -> dict[str, Path]:
        """The results of the run by name, without files that only stages need."""
        replaced = {name for stage in self.results for name in _replaces(stage)}
        return {
            artifact.name: artifact.path
            for stage, result in self.results.items()
            if kind_of(stage) not in replaced
            for artifact in result.artifacts
            if artifact.kind != WORK
        }


def _replaces(stage: str) -> tuple[str, ...]:
    return STAGE_TYPES[kind_of(stage)].replaces


def run_recipe(
    source: Path, folder: Path, recipe: str = "video", brief: Brief | None = None
) -> Made:
    """Every stage of a recipe, one after the other, each in a folder of its own; clips if asked."""
    made, brief = Made(folder), brief or Brief(clips=0)
    stages = list(plan(recipe, None, brief).stages)
    while stages:
        spec = stages.pop(0)
        scratch = folder / spec.name
        scratch.mkdir(parents=True)
        context = StageContext(
            source=source,
            source_sha256=sha256(source),
            scratch=scratch,
            tools=get_tools(),
            inputs={name: _input(made.results[name]) for name in spec.needs},
        )
        before = made.files
        made.results[spec.name] = STAGE_FUNCTIONS[kind_of(spec.name)](context, spec.options)
        if amended_by(spec.name):
            _put_beside(before, scratch)
        if spec.name == "probe":
            stages += plan(recipe, made.probe, brief).stages[1:]
    return made


def _put_beside(files: Mapping[str, Path], folder: Path) -> None:
    """Earlier files under their names, where what leads to them was made anew."""
    for name, path in files.items():
        target = folder / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path.absolute())


def _input(result: StageResult) -> StageInput:
    # Through JSON, as values go through the ledger.
    value = result.value
    plain = type(value).model_validate_json(value.model_dump_json()) if value else None
    return StageInput(plain, {artifact.name: artifact.path for artifact in result.artifacts})


def decoded(path: Path) -> tuple[int, float]:
    """Frames of the first picture, and seconds; every variant is decoded without a complaint.

    One that is not mapped would be given up in the middle, and ffmpeg complains of that.
    """
    # Of a manifest in a folder ffmpeg opens no WebVTT unless it is told to.
    known = ["-allowed_extensions", "ALL"] if path.suffix == ".mpd" else []
    command = [
        str(get_tools().ffmpeg), "-nostdin", "-v", "warning", "-stats", "-xerror",
        *known, "-i", str(path), "-map", "0:v", "-map", "0:a?",
        "-fps_mode", "passthrough", "-f", "null", "-",
    ]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    *complaints, stats = re.split(r"[\r\n]+", done.stderr.strip())
    assert [line for line in complaints if not line.startswith("frame=")] == []
    frames = re.search(r"frame=\s*(\d+)", stats)
    time = re.search(r"time=0?(\S+):(\S+):(\S+)", stats)
    assert frames
    assert time
    return int(frames[1]), int(time[1]) * 3600 + int(time[2]) * 60 + float(time[3])


def boxes(path: Path) -> list[str]:
    """The outermost boxes of an MP4."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        found.append(data[at + 4 : at + 8].decode())
        at += int.from_bytes(data[at : at + 4], "big")
    return found


def mean_colour(path: Path, at: float = 0.0) -> tuple[int, int, int]:
    """Red, green and blue of a frame, on average, 0 to 255."""
    command = [
        str(get_tools().ffmpeg), "-v", "error", "-ss", str(at), "-i", str(path), "-frames:v", "1",
        "-vf", "scale=1:1:flags=area", "-pix_fmt", "rgb24", "-f", "rawvideo", "-",
    ]  # fmt: skip
    red, green, blue = subprocess.run(command, check=True, capture_output=True).stdout[:3]
    return red, green, blue
