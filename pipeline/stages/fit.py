"""Stage `fit`: one MP4 that a network takes, held against the network's rules when it is made."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.errors import Rejected, Retryable
from core.media import Probe
from core.process import Completed
from core.renditions import Rendition
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.fit import encoded_again, fit_film
from pipeline.plan.fit_types import FIT, Action, FitOptions, FitPlan, FitResult
from pipeline.plan.networks import facts_of, network_named, preflight
from pipeline.plan.networks.types import MediaFacts, Violation
from pipeline.plan.video_types import PROBE
from pipeline.stages.context import StageContext
from transcoders import fitting
from transcoders.containers import recognised
from transcoders.ffmpeg import Bounds, Progress, ToolFailed, execute
from transcoders.mov_facts import mov_facts
from transcoders.probe import probe as measure

_BOUNDS: Final = Bounds(wall_seconds=12 * 3600.0, memory_bytes=6 << 30)
# A copy, an encoding of its own, and three more with fewer bits.
_TRIES: Final = 5
# A copy that lasts longer than the film shows what an edit list hid.
_SAME_SECONDS: Final = 0.1


def run(context: StageContext, options: FitOptions) -> StageResult:
    """Files `fit/<network>-<kind>.mp4`, where the source is not taken as it is, and `….json`.

    The second says what would have been refused and what was done. Raises Rejected with every line
    of what nothing may mend.
    """
    work = _Work(context, options, context.value(PROBE, Probe))
    return work.result()


def plan_of(source: Path, probe: Probe, options: FitOptions) -> FitPlan:
    """What would be done with a file, and why."""
    return fit_film(probe, facts_at(source, probe), options)


def facts_at(path: Path, probe: Probe) -> MediaFacts:
    """The facts of a file that was probed."""
    laid = mov_facts(path, recognised(path).demuxer)
    return facts_of(
        probe,
        index_first=laid.index_first if laid else None,
        plain_timeline=laid.plain_timeline if laid else None,
    )


class _Work:
    """One film on its way to a network: the plan as it is now, and what was tried."""

    def __init__(self, context: StageContext, options: FitOptions, probe: Probe) -> None:
        self._context, self._options, self._probe = context, options, probe
        self._target = context.scratch / f"{options.network}-{options.kind}.mp4"
        self._notes: list[str] = []
        self._cpu_seconds = 0.0

    def result(self) -> StageResult:
        """Plan, make, hold the file against the rules; again where it does not satisfy them."""
        began = time.monotonic()
        plan = plan_of(self._context.source, self._probe, self._options)
        _refuse(plan)
        if plan.action is Action.KEEP:
            kept = FitResult(plan=plan, facts=plan.facts, probe=self._probe, tries=0)
            return StageResult(kept, (self._report(kept),))
        rate_part = 1.0
        for tries in range(1, _TRIES + 1):
            made, left = self._try(plan)
            if made is not None and not left:
                self._context.progress(1.0)
                return self._done(plan, made, tries, time.monotonic() - began)
            again = encoded_again(plan, self._probe, self._options, left, rate_part)
            if again is None:
                break
            plan, rate_part = again
            _refuse(plan)
        raise Retryable("no file came out that the network takes", detail="\n".join(self._notes))

    def _try(self, plan: FitPlan) -> tuple[Probe | None, tuple[Violation, ...]]:
        """The file's probe, None where a copy is none of the same film; what is left to refuse."""
        try:
            self._make(plan)
            made = measure(self._target, self._context.tools, cancel=self._context.cancel)
        except (ToolFailed, Rejected) as error:
            if plan.action is Action.ENCODE:
                raise
            self._notes.append(f"a copy could not be made: {error}")
            return None, ()
        network = network_named(plan.network)
        left = preflight(network, plan.kind, facts_at(self._target, made))
        self._notes += [f"{plan.action}: {each.line}" for each in left]
        longer = made.duration_seconds - self._probe.duration_seconds
        if plan.action is not Action.ENCODE and abs(longer) > _SAME_SECONDS:
            self._notes.append(f"a copy lasts {longer:+.2f} s longer than the film")
            return None, left
        return made, left

    def _make(self, plan: FitPlan) -> None:
        context = self._context
        container = recognised(context.source)
        source = (context.tools, context.source, container, self._probe)
        if plan.picture is None:
            command = fitting.copy(*source, self._target, sound=_sound(plan))
        else:
            command = fitting.encode(*source, _film(plan, self._options), self._target)
        done = self._execute(command)
        self._cpu_seconds += done.cpu_seconds

    def _execute(self, command: tuple[str, ...]) -> Completed:
        context = self._context
        report: Callable[[float], None] = context.part(0.0, 0.98)
        return execute(
            command,
            bounds=replace(_BOUNDS, scratch_bytes=context.scratch_bytes),
            scratch=context.scratch,
            cancel=context.cancel,
            on_stdout_line=Progress(self._probe.duration_seconds, report).line,
        )

    def _done(self, plan: FitPlan, made: Probe, tries: int, seconds: float) -> StageResult:
        facts = facts_at(self._target, made)
        value = FitResult(
            plan=plan,
            facts=facts,
            probe=made,
            tries=tries,
            notes=tuple(self._notes),
            seconds=round(seconds, 3),
            cpu_seconds=round(self._cpu_seconds, 3),
        )
        attributes = Attributes(
            width=facts.width,
            height=facts.height,
            bitrate=made.bitrate,
            codec=facts.video_codec,
            duration=made.duration_seconds,
            frame_rate=facts.frame_rate,
            role="media",
            rendition=self._target.stem,
            channels=facts.audio_channels,
        )
        name = f"{FIT}/{self._target.name}"
        file = ArtifactFile(FIT, name, self._target, "video/mp4", attributes)
        return StageResult(value, (file, self._report(value)))

    def _report(self, value: FitResult) -> ArtifactFile:
        """What people are told, as JSON: without how the encoder was told."""
        path = self._target.with_suffix(".json")
        told = {
            **value.plan.model_dump(mode="json", exclude={"picture", "sound"}),
            "made": value.facts.model_dump(mode="json"),
            "tries": value.tries,
            "notes": list(value.notes),
        }
        path.write_text(json.dumps(told, ensure_ascii=False, indent=1))
        attributes = Attributes(role="report", rendition=path.stem)
        return ArtifactFile(FIT, f"{FIT}/{path.name}", path, "application/json", attributes)


def _refuse(plan: FitPlan) -> None:
    if plan.blocked:
        raise Rejected("; ".join(each.line for each in plan.blocked))


def _film(plan: FitPlan, options: FitOptions) -> fitting.Film:
    picture = plan.picture
    assert picture is not None
    frame = picture.frame
    return fitting.Film(
        grid=picture.grid,
        frame=frame,
        rendition=Rendition(
            name=plan.kind,
            rung=min(frame.width, frame.height),
            width=frame.width,
            height=frame.height,
            crf=picture.crf,
            peak_bitrate=picture.peak_bitrate,
        ),
        sound=_sound(plan),
        hold_frames=picture.hold_frames,
        background=options.choices.background,
        filled=picture.filled,
    )


def _sound(plan: FitPlan) -> fitting.Sound | None:
    if plan.sound is None:
        return None
    return fitting.Sound(plan.sound.channels, plan.sound.sample_rate, plan.sound.bitrate)
