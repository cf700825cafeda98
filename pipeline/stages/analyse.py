"""Stage `analyse`: what the content needs of the ladder, and which encoders this machine has."""

import time
from collections.abc import Sequence
from typing import Final

from core.errors import Rejected
from core.media import Probe
from core.renditions import Codec
from pipeline.plan import StageResult
from pipeline.plan.rates import Detail, Seen, decide, held_against_top, needs
from pipeline.plan.samples import Place, places, small_size
from pipeline.plan.video_types import PROBE, AnalyseOptions, AnalyseResult
from pipeline.stages.context import StageContext
from transcoders import complexity
from transcoders.containers import recognised
from transcoders.ffmpeg import Bounds, ToolFailed, execute
from transcoders.hardware import choose

# A second of picture at a time; only a file that seeks through all of itself comes near.
_BOUNDS: Final = Bounds(wall_seconds=300, memory_bytes=6 << 30)
# Of the progress bar, what the trials of encoders take.
_TRIALS_SHARE: Final = 0.2


def run(context: StageContext, options: AnalyseOptions) -> StageResult:
    """An `AnalyseResult`, no files. Where a look fails all rungs are kept, and a note says so."""
    probe = context.value(PROBE, Probe)
    encoders, notes = _encoders(context, options)
    context.progress(_TRIALS_SHARE)
    began = time.monotonic()
    seen = _look(context, options, probe, notes)
    ladder, decisions = decide(options.ladder, seen)
    value = AnalyseResult(
        ladder=ladder,
        encoders=encoders,
        decisions=decisions,
        complexity=_told(options, seen) if seen else {},
        notes=tuple(notes),
        seconds=round(time.monotonic() - began, 3),
    )
    context.progress(1.0)
    return StageResult(value, encoder=",".join(sorted(encoders.values())))


def _encoders(context: StageContext, options: AnalyseOptions) -> tuple[dict[Codec, str], list[str]]:
    """The encoder of each codec of the ladder, and what there is to say about the choice."""
    encoders: dict[Codec, str] = {}
    notes: list[str] = []
    for codec in dict.fromkeys(one.codec for one in options.ladder):
        choice = choose(
            context.tools,
            codec,
            hardware=options.hardware,
            sessions=len([one for one in options.ladder if one.codec == codec]),
            cancel=context.cancel,
        )
        encoders[codec] = choice.encoder.name
        notes += choice.notes
    return encoders, notes


def _look(
    context: StageContext, options: AnalyseOptions, probe: Probe, notes: list[str]
) -> list[Seen]:
    """What the samples told."""
    where = places(probe, options.grid, options.ladder)
    if not where:
        notes.append("a look at the content would cost too much of so little work")
        return []
    found = []
    progress = context.part(_TRIALS_SHARE, 1.0)
    for number, place in enumerate(where):
        try:
            found.append(_sample(context, options, probe, place))
        except (Rejected, ToolFailed) as error:
            # The file is judged by those who read all of it.
            notes.append(f"the content could not be looked at near {place.seek:.0f} s: {error}")
        progress((number + 1) / len(where))
    return found


def _sample(context: StageContext, options: AnalyseOptions, probe: Probe, place: Place) -> Seen:
    """One sample. Raises ToolFailed where no frame is there."""
    ladder, grid = options.ladder, options.grid
    sizes = complexity.Sizes(small_size(ladder), ladder[0], held_against_top(ladder))
    command = complexity.look(
        context.tools,
        context.source,
        recognised(context.source),
        probe,
        grid,
        complexity.Sample(place.seek, place.frames, place.top_frames),
        sizes,
    )
    execute(command, bounds=_BOUNDS, scratch=context.scratch, cancel=context.cancel)
    small = _packets(context, complexity.SMALL)
    top = _packets(context, complexity.TOP) if place.top_frames else ()
    if not small:
        raise ToolFailed("no frame is there")
    details = {}
    for rendition in sizes.smaller if probe.main_video and probe.main_video.hdr is None else ():
        loss = complexity.loss(context.scratch, rendition)
        if loss is not None:
            details[rendition.rung] = Detail(loss.ssim, loss.blurred)
    return Seen(
        complexity.bitrate(small, grid),
        sum(top) / sum(small[: len(top)]) if top else None,
        details,
    )


def _packets(context: StageContext, name: str) -> tuple[int, ...]:
    with (context.scratch / name).open() as lines:
        return complexity.sizes_of(lines)


def _told(options: AnalyseOptions, seen: Sequence[Seen]) -> dict[str, float]:
    """What was measured, by name: bits a second without a peak, and what smaller sizes lose."""
    needed = needs(options.ladder, seen)
    told: dict[str, float] = {"samples": len(seen)}
    for rung, bits in needed.mean.items():
        told[f"bitrate_{rung}p"] = round(bits)
        told[f"busiest_{rung}p"] = round(needed.busiest[rung])
    for rung in seen[0].details:
        details = [one.details[rung] for one in seen if rung in one.details]
        told[f"ssim_from_{rung}p"] = round(min(one.ssim for one in details), 5)
        told[f"blurred_from_{rung}p"] = max(one.blurred for one in details)
    return told
