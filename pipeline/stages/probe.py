"""Stage `probe`: what is in the source, or why it is refused."""

from dataclasses import replace

from pipeline.plan import StageResult
from pipeline.plan.video_types import ProbeOptions
from pipeline.stages.context import StageContext
from transcoders.probe import DEFAULT_LIMITS, probe


def run(context: StageContext, options: ProbeOptions) -> StageResult:
    """A `Probe`; raises Rejected with one line for people."""
    limits = DEFAULT_LIMITS
    if options.max_duration_seconds is not None:
        limits = replace(limits, duration_seconds=options.max_duration_seconds)
    found = probe(context.source, context.tools, limits=limits, cancel=context.cancel)
    context.progress(1.0)
    return StageResult(value=found)
