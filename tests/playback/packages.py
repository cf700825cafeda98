"""Packages of the counted film, as the product's own stages make them."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.media import Probe
from core.renditions import Grid
from pipeline.plan import StageResult, kind_of, plan
from pipeline.plan.caption_types import CAPTIONED, CAPTIONS
from pipeline.plan.ladder import full_ladder
from pipeline.plan.speech_types import TRANSCRIBE, TRANSCRIPT_NAME
from pipeline.plan.transcript import Segment, Transcript, Word
from pipeline.plan.video_types import (
    ANALYSE,
    AUDIO,
    ENCODE,
    PACKAGE,
    PROBE,
    AnalyseResult,
    EncodeOptions,
    PackageOptions,
)
from pipeline.stages import STAGE_FUNCTIONS, StageContext, StageInput
from tests.playback.counted import Film
from transcoders.tools import Tools

_THUMBNAIL_EVERY: Final = 25


def make(tools: Tools, film: Film, folder: Path) -> Path:
    """The package, all rungs of it, encoded in two chunks so that there is a seam.

    The content has no say in the ladder: a test pattern might lose rungs.
    """
    made = _Stages(tools, film, folder)
    probe = made.run(PROBE, plan("video", None)[PROBE].options).value
    assert isinstance(probe, Probe)
    assert probe.main_video
    graph = plan("video", probe)
    options = graph[PACKAGE].options
    assert isinstance(options, PackageOptions)
    ladder = full_ladder(probe.main_video)
    made.inputs[ANALYSE] = StageInput(AnalyseResult(ladder=ladder, encoders={"h264": "libx264"}))
    for spec in graph.stages:
        if kind_of(spec.name) == AUDIO:
            made.run(spec.name, spec.options)
    chunks = _chunks(options.grid)
    for name, chunk in chunks.items():
        made.run(name, chunk)
    made.run(PACKAGE, options.model_copy(update={"chunks": tuple(chunks)}))
    return folder / PACKAGE / "stream"


def captioned(tools: Tools, film: Film, package: Path, words: Sequence[Word], folder: Path) -> Path:
    """A copy of the package once what is said in the film has joined it; the run's own folder."""
    made = _Stages(tools, film, folder)
    probe = made.run(PROBE, plan("video", None)[PROBE].options).value
    assert isinstance(probe, Probe)
    graph = plan("video", probe)
    spoken = Transcript(
        language="en",
        language_confidence=1,
        seconds=film.seconds,
        segments=(Segment(words=tuple(words), speaker=None),),
        provider="test",
        model="test",
    )
    path = folder / TRANSCRIPT_NAME
    path.write_text(spoken.model_dump_json())
    made.inputs[TRANSCRIBE] = StageInput(paths={TRANSCRIPT_NAME: path})
    leading = {f"stream/{name}": package / name for name in ("master.m3u8", "manifest.mpd")}
    made.inputs[PACKAGE] = StageInput(paths=leading)
    run = folder / "run"
    shutil.copytree(package, run / "stream")
    options = graph[CAPTIONS].options.model_copy(update={"chunks": ()})
    for name, chosen in ((CAPTIONS, options), (f"{CAPTIONED}.0", graph[f"{CAPTIONED}.0"].options)):
        for file in made.run(name, chosen).artifacts:
            (run / file.name).parent.mkdir(exist_ok=True)
            shutil.copy(file.path, run / file.name)
    return run


def _chunks(grid: Grid) -> dict[str, EncodeOptions]:
    """The first segment, and the rest."""
    first, rest = grid.segment_frames, grid.frames - grid.segment_frames
    return {
        f"{ENCODE}.{number}": EncodeOptions(
            grid=grid,
            begin=begin,
            frames=frames,
            thumbnail_every=_THUMBNAIL_EVERY,
            last=begin + frames == grid.frames,
        )
        for number, (begin, frames) in enumerate(((0, first), (first, rest)))
    }


class _Stages:
    """Runs stages, each in a folder of its own, and keeps what they gave."""

    def __init__(self, tools: Tools, film: Film, folder: Path) -> None:
        self._tools, self._film, self._folder = tools, film, folder
        self.inputs: dict[str, StageInput] = {}

    def run(self, name: str, options: object) -> StageResult:
        scratch = self._folder / name
        scratch.mkdir(parents=True)
        context = StageContext(
            source=self._film.path,
            source_sha256="",
            scratch=scratch,
            tools=self._tools,
            inputs=self.inputs,
        )
        result = STAGE_FUNCTIONS[kind_of(name)](context, options)
        paths = {artifact.name: artifact.path for artifact in result.artifacts}
        self.inputs[name] = StageInput(result.value, paths)
        return result
