"""Stage `probe_image`: what is in a picture, or why it is refused."""

from pipeline.plan import StageResult
from pipeline.plan.image_types import ProbeImageOptions
from pipeline.stages.context import StageContext
from transcoders.images.asking import probe


def run(context: StageContext, options: ProbeImageOptions) -> StageResult:
    """An `ImageProbe`; raises Rejected with one line for people."""
    found = probe(context.source, context.scratch, cancel=context.cancel)
    context.progress(1.0)
    return StageResult(value=found)
