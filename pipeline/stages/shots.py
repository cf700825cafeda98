"""Stage `shots`: where one shot ends and the next begins."""

import time
from collections import Counter
from typing import Final

from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.shots import SHOTS_FILE, Shot, Shots, ShotsOptions, ShotsResult, Transition
from pipeline.plan.video_types import EncodeResult
from pipeline.stages.context import StageContext

_MIME: Final = "application/json"
_MADE_BY: Final = "ffmpeg scdet"


def run(context: StageContext, options: ShotsOptions) -> StageResult:
    """File `shots.json`."""
    began = time.monotonic()
    found = _shots(context, options)
    path = context.scratch / SHOTS_FILE
    path.write_text(found.model_dump_json(indent=1), "utf-8")
    value = ShotsResult(
        shots=len(found.shots),
        transitions=dict(Counter(one.transition for one in found.shots[1:])),
        longest_seconds=round(max(one.seconds for one in found.shots), 3),
        made_by=found.made_by,
        seconds=round(time.monotonic() - began, 3),
    )
    facts = Attributes(role="list", duration=found.seconds)
    return StageResult(value, (ArtifactFile("shots", SHOTS_FILE, path, _MIME, facts),))


def _shots(context: StageContext, options: ShotsOptions) -> Shots:
    grid = options.grid
    scenes = {
        scene.frame: scene.score
        for name in options.chunks
        for scene in context.value(name, EncodeResult).scenes
        if 0 < scene.frame < grid.frames
    }
    frames = sorted(scenes)
    times = [0.0, *(round(float(frame / grid.fps), 6) for frame in frames), grid.seconds]
    shots = [
        Shot(
            start=start,
            end=end,
            transition=Transition.CUT if frame else Transition.NONE,
            score=min(1.0, scenes.get(frame, 100.0) / 100),
        )
        for frame, start, end in zip([0, *frames], times, times[1:], strict=False)
    ]
    return Shots(seconds=grid.seconds, frame_rate=grid.rate, made_by=_MADE_BY, shots=tuple(shots))
