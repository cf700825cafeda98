"""Stage `encode`: a range of the grid in every rung, its thumbnails, and where its shots begin."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from core.errors import Rejected, Retryable
from core.media import Probe
from core.process import Completed, DiskFull
from core.renditions import Codec, Rendition
from pipeline.plan import WORK, ArtifactFile, StageResult
from pipeline.plan.video_types import (
    ANALYSE,
    PROBE,
    AnalyseResult,
    EncodeOptions,
    EncodeResult,
    Scene,
    Thumbnail,
)
from pipeline.stages.context import StageContext
from transcoders import encode, hardware
from transcoders.encoders import Encoder, software

# Filters give entropy as bits of a sample of eight.
_SAMPLE_BITS: Final = 8.0


def run(context: StageContext, options: EncodeOptions) -> StageResult:
    """Files `<rendition>.mp4` and `thumbnails.mjpeg`, of the range alone."""
    probe = context.value(PROBE, Probe)
    analysis = context.value(ANALYSE, AnalyseResult)
    chosen, notes = _confirmed(context, analysis)
    try:
        done = _encode(context, probe, options, analysis.ladder, chosen)
    except Retryable as error:
        if isinstance(error, DiskFull) or not _on_devices(chosen):
            raise
        # A device that is lost or busy, a driver that crashes: the processor may do all of it.
        names = ", ".join(one.name for one in chosen.values() if one.hardware is not None)
        notes.append(f"{names} failed, and the processor did its work: {error}")
        chosen = {codec: software(codec) for codec in chosen}
        done = _encode(context, probe, options, analysis.ladder, chosen)
    return _result(context, options, analysis.ladder, chosen, notes, done)


def _confirmed(
    context: StageContext, analysis: AnalyseResult
) -> tuple[dict[Codec, Encoder], list[str]]:
    """The encoders that were chosen for the run, as this machine has them, and why one is not."""
    chosen: dict[Codec, Encoder] = {}
    notes: list[str] = []
    for codec, name in analysis.encoders.items():
        sessions = sum(one.codec == codec for one in analysis.ladder)
        found = hardware.confirmed(context.tools, name, sessions=sessions, cancel=context.cancel)
        chosen[codec] = found.encoder
        notes += found.notes
    return chosen, notes


def _on_devices(chosen: Mapping[Codec, Encoder]) -> bool:
    return any(encoder.hardware is not None for encoder in chosen.values())


def _encode(
    context: StageContext,
    probe: Probe,
    options: EncodeOptions,
    ladder: tuple[Rendition, ...],
    chosen: Mapping[Codec, Encoder],
) -> Completed:
    return encode.run(
        context.tools,
        context.source,
        probe,
        encode.Part(
            grid=options.grid,
            begin=options.begin,
            frames=options.frames,
            thumbnail_every=options.thumbnail_every,
            seek=options.seek,
            hold_frames=options.hold_frames,
        ),
        ladder,
        chosen,
        scratch=context.scratch,
        scratch_bytes=context.scratch_bytes,
        cancel=context.cancel,
        progress=context.progress,
    )


def _result(
    context: StageContext,
    options: EncodeOptions,
    ladder: Sequence[Rendition],
    chosen: Mapping[Codec, Encoder],
    notes: Sequence[str],
    done: Completed,
) -> StageResult:
    files = [(f"{rendition.name}.mp4", "video/mp4") for rendition in ladder]
    frames = encode.count_frames(
        context.tools, context.scratch / files[0][0], cancel=context.cancel
    )
    if frames < options.frames:
        grid = options.grid
        raise Rejected(
            "the file is damaged or was cut short: "
            f"it says {grid.seconds:.1f} s of picture, "
            f"and {float((options.begin + frames) / grid.fps):.1f} s could be read"
        )
    width, height = encode.thumbnail_size(encode.watched(ladder))
    value = EncodeResult(
        made=options,
        frames=frames,
        encoders={codec: encoder.name for codec, encoder in chosen.items()},
        thumbnail_width=width,
        thumbnail_height=height,
        thumbnails=_thumbnails(context.scratch / encode.THUMBNAIL_FACTS),
        scenes=_scenes(context.scratch / encode.SCENES, options.begin),
        notes=tuple(notes),
        seconds=round(done.seconds, 3),
        cpu_seconds=round(done.cpu_seconds, 3),
        peak_bytes=done.peak_bytes,
    )
    files.append((encode.THUMBNAILS, "video/x-motion-jpeg"))
    artifacts = tuple(
        ArtifactFile(WORK, name, context.scratch / name, mime) for name, mime in files
    )
    used = ",".join(sorted(encoder.name for encoder in chosen.values()))
    return StageResult(value, artifacts, encoder=used)


def _thumbnails(path: Path) -> tuple[Thumbnail, ...]:
    with path.open() as lines:
        return tuple(
            _thumbnail(one.frame, one.facts, first=number == 0)
            for number, one in enumerate(encode.printed(lines))
        )


def _thumbnail(frame: int, facts: Mapping[str, float], *, first: bool) -> Thumbnail:
    low, high = facts.get("signalstats.YLOW"), facts.get("signalstats.YHIGH")
    saturation = facts.get("signalstats.SATAVG")
    return Thumbnail(
        frame=frame,
        luma=round(facts.get("signalstats.YAVG", 0.0), 2),
        # What has no edges has no width of them.
        blur=round(facts["blur"], 3) if "blur" in facts else None,
        entropy=round(facts.get("entropy.entropy.normal.Y", 0.0) / _SAMPLE_BITS, 4),
        contrast=None if low is None or high is None else round(high - low, 2),
        saturation=None if saturation is None else round(saturation, 2),
        motion=None if first else round(facts.get("signalstats.YDIF", 0.0), 2),
    )


def _scenes(path: Path, begin: int) -> tuple[Scene, ...]:
    if not path.exists():
        return ()
    with path.open() as lines:
        return tuple(
            Scene(frame=one.frame, score=round(one.facts.get("scd.score", 0.0), 2))
            for one in encode.printed(lines)
            if one.frame >= begin
        )
