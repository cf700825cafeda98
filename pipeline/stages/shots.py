"""Stage `shots`: where one shot ends and the next begins, and how."""

import time
from collections import Counter
from itertools import pairwise
from typing import Final

from core.errors import Rejected
from core.renditions import Grid
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.shots import SHOTS_FILE, Shot, Shots, ShotsOptions, ShotsResult, Transition
from pipeline.plan.video_types import ANALYSE, AnalyseResult
from pipeline.stages.context import StageContext
from transcoders.encode import watched
from transcoders.shots import asking
from transcoders.shots.wanted import Change

_MIME: Final = "application/json"
_MADE_BY: Final = "tiny frames of the encoded film: steps, likeness, straightness, contrast"


def run(context: StageContext, options: ShotsOptions) -> StageResult:
    """File `shots.json`."""
    began = time.monotonic()
    ladder = context.value(ANALYSE, AnalyseResult).ladder
    # Our own H.264 decodes cheapest, and every chunk has it.
    seen = watched([one for one in ladder if one.codec == "h264"] or ladder)
    found = asking.changes(
        context.tools,
        [context.path(name, f"{seen.name}.mp4") for name in options.chunks],
        float(options.grid.fps),
        context.scratch,
        scratch_bytes=context.scratch_bytes,
        cancel=context.cancel,
        progress=context.progress,
    )
    if not found.frames:
        raise Rejected("no frame of the picture could be decoded")
    shots = listed(found.changes, options.grid)
    path = context.scratch / SHOTS_FILE
    path.write_text(shots.model_dump_json(indent=1), "utf-8")
    value = ShotsResult(
        shots=len(shots.shots),
        transitions=dict(Counter(one.transition for one in shots.shots[1:])),
        longest_seconds=round(max(one.seconds for one in shots.shots), 3),
        made_by=shots.made_by,
        seconds=round(time.monotonic() - began, 3),
        cpu_seconds=found.cpu_seconds,
    )
    facts = Attributes(role="list", duration=shots.seconds)
    return StageResult(value, (ArtifactFile("shots", SHOTS_FILE, path, _MIME, facts),))


def listed(changes: tuple[Change, ...], grid: Grid) -> Shots:
    """The shots between changes, in seconds of the film."""

    def seconds(frames: int) -> float:
        return round(float(frames / grid.fps), 6)

    inside = [one for one in changes if 0 < one.frame < grid.frames]
    bounds = [0.0, *(seconds(one.frame) for one in inside), grid.seconds]
    (first, last), *others = pairwise(bounds)
    shots = [Shot(start=first, end=last, transition=Transition.NONE)]
    shots += [
        Shot(
            start=start,
            end=end,
            transition=Transition(change.kind),
            transition_start=seconds(change.begin) if change.end > change.begin else None,
            transition_end=seconds(change.end) if change.end > change.begin else None,
            score=change.score,
        )
        for change, (start, end) in zip(inside, others, strict=True)
    ]
    return Shots(seconds=grid.seconds, frame_rate=grid.rate, made_by=_MADE_BY, shots=tuple(shots))
