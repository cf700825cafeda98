"""Stage `poster`: one representative frame as a JPEG."""

from typing import Final

from core.errors import Rejected
from core.media import Probe
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.video import PROBE, PosterOptions, PosterResult
from pipeline.stages.context import StageContext
from transcoders import commands
from transcoders.containers import recognised
from transcoders.ffmpeg import Bounds, ToolFailed, execute

_NAME: Final = "poster.jpg"
_NO_FRAME: Final = "received no packets"
_BOUNDS: Final = Bounds(wall_seconds=300, memory_bytes=4 << 30)


def run(context: StageContext, options: PosterOptions) -> StageResult:
    """The file `poster.jpg`; where all is dark, the most ordinary of the dark frames."""
    probe = context.value(PROBE, Probe)
    video = probe.main_video
    assert video is not None
    target = context.scratch / _NAME
    container = recognised(context.source)
    for brightness in (options.brightness, -1):
        command = commands.poster(
            context.tools,
            context.source,
            container,
            probe,
            target,
            short_side=options.short_side,
            brightness=brightness,
        )
        try:
            execute(command, bounds=_BOUNDS, scratch=context.scratch, cancel=context.cancel)
        except ToolFailed as error:
            # An encoder that was given no frame says so by failing.
            if _NO_FRAME not in (error.detail or ""):
                raise
        if target.exists() and target.stat().st_size > 0:
            break
    else:
        raise Rejected("no frame of the picture could be decoded")
    context.progress(1.0)
    width, height = commands.fitted(video.display_size, options.short_side)
    facts = Attributes(width=width, height=height, codec="mjpeg")
    return StageResult(
        PosterResult(width=width, height=height, dark=brightness < 0),
        (ArtifactFile("poster", _NAME, target, "image/jpeg", facts),),
    )
