"""Stage `moments`: the parts of a film that stand for themselves, with their reasons."""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Final

from pipeline.moments import Choice, Curve, Material, choose
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.moment_types import (
    MOMENTS,
    MOMENTS_FILE,
    Moments,
    MomentsOptions,
    MomentsResult,
)
from pipeline.plan.transcript import Transcript
from pipeline.plan.video_types import EncodeResult
from pipeline.stages.context import StageContext
from pipeline.words.languages import language_of
from pipeline.words.sentences import sentences
from transcoders import audio
from transcoders.ffmpeg import Bounds, execute

_MIME: Final = "application/json"
_SPEECH: Final = "speech.flac"
_CURVE: Final = "loudness.txt"
_WALL_SECONDS: Final = 3600.0
_MEMORY_BYTES: Final = 2 << 30
# Below it there is nothing to hear: how far below says nothing of a moment.
_QUIETEST: Final = -60.0


def run(context: StageContext, options: MomentsOptions) -> StageResult:
    """File `moments.json`."""
    began = time.monotonic()
    loudness, cpu_seconds = _loudness(context, options)
    context.progress(0.4)
    transcript = context.transcript()
    choice = choose(_material(context, options, transcript, loudness), options.most)
    path = context.scratch / MOMENTS_FILE
    language = transcript.language if transcript and choice.moments[0].text else None
    found = Moments(
        seconds=options.seconds, how=choice.how, language=language, moments=choice.moments
    )
    path.write_text(found.model_dump_json(indent=1), "utf-8")
    context.progress(1.0)
    took = round(time.monotonic() - began, 3)
    value = _result(choice, heard=bool(loudness.times)).model_copy(
        update={"seconds": took, "cpu_seconds": round(cpu_seconds, 3)}
    )
    facts = Attributes(role="list", duration=options.seconds, language=language)
    return StageResult(value, (ArtifactFile(MOMENTS, MOMENTS_FILE, path, _MIME, facts),))


def _result(choice: Choice, *, heard: bool) -> MomentsResult:
    return MomentsResult(
        moments=len(choice.moments),
        candidates=choice.candidates,
        how=choice.how,
        best_points=choice.moments[0].score.points,
        loudness_heard=heard,
    )


def _material(
    context: StageContext,
    options: MomentsOptions,
    transcript: Transcript | None,
    loudness: Curve,
) -> Material:
    language = language_of(transcript.language if transcript else None)
    said = sentences(transcript, language) if transcript else ()
    return Material(
        seconds=options.seconds,
        language=language,
        sentences=[one for one in said if one.end > one.begin and one.begin < options.seconds],
        cuts=[cut for cut in context.cuts() if 0 < cut < options.seconds],
        loudness=loudness,
        motion=_motion(context, options.chunks),
        own=options.names,
    )


def _motion(context: StageContext, chunks: Iterable[str]) -> Curve:
    """How much changes from one thumbnail to the next, about once a second."""
    found = [
        (float(one.frame / made.made.grid.fps), one.motion)
        for made in (context.value(name, EncodeResult) for name in chunks)
        for one in made.thumbnails
        if one.motion is not None
    ]
    return Curve(tuple(at for at, _ in found), tuple(value for _, value in found))


def _loudness(context: StageContext, options: MomentsOptions) -> tuple[Curve, float]:
    """The momentary loudness, twice a second, and the processor's seconds that it took."""
    if options.audio is None:
        return Curve(), 0.0
    target = context.scratch / _CURVE
    done = execute(
        audio.loudness_curve(context.tools, context.path(options.audio, _SPEECH), target),
        bounds=Bounds(
            wall_seconds=_WALL_SECONDS,
            memory_bytes=_MEMORY_BYTES,
            scratch_bytes=context.scratch_bytes,
        ),
        scratch=context.scratch,
        cancel=context.cancel,
    )
    points = list(_points(target))
    target.unlink()
    return Curve(tuple(at for at, _ in points), tuple(value for _, value in points)), (
        done.cpu_seconds
    )


def _points(path: Path) -> Iterator[tuple[float, float]]:
    at = 0.0
    with path.open() as lines:
        for line in lines:
            with suppress(ValueError):
                if line.startswith("frame:"):
                    at = float(line.rpartition("pts_time:")[2])
                else:
                    value = float(line.rpartition("=")[2])
                    yield at, max(_QUIETEST, value) if isfinite(value) else _QUIETEST
