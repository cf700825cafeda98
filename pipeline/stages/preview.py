"""Stage `preview`: HLS that can be played until the ladder takes its place."""

import time
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from core.errors import Rejected
from core.media import Probe
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.video import MAX_GOP_SECONDS, timing
from pipeline.plan.video_types import PROBE, Mode, PreviewOptions, PreviewResult
from pipeline.stages.context import StageContext
from transcoders import hls, preview
from transcoders.commands import audio_can_be_kept
from transcoders.containers import recognised
from transcoders.ffmpeg import Bounds, Progress, ToolFailed, execute

_FOLDER: Final = "preview"
_MASTER: Final = "master.m3u8"
_MIME: Final = "application/vnd.apple.mpegurl"
_BOUNDS: Final = Bounds(wall_seconds=12 * 3600.0, memory_bytes=6 << 30)


def run(context: StageContext, options: PreviewOptions) -> StageResult:
    """Files `preview/master.m3u8`, `preview/stream.m3u8`, `preview/stream.mp4`, or none.

    A preview that cannot be made is no failure: the ladder decides about the source.
    """
    probe = context.value(PROBE, Probe)
    began = time.monotonic()
    folder = context.scratch / _FOLDER
    folder.mkdir()
    try:
        _make(context, probe, options, folder)
        parts = hls.segments((folder / f"{preview.NAME}.m3u8").read_text())
    except (ToolFailed, Rejected) as error:
        return _none(options, f"it could not be made: {error}")
    longest = max(part.seconds for part in parts)
    if longest > MAX_GOP_SECONDS + 1:
        return _none(options, f"keyframes are up to {longest:.1f} s apart")
    return _result(probe, options, folder, parts, time.monotonic() - began)


def _make(context: StageContext, probe: Probe, options: PreviewOptions, folder: Path) -> None:
    container = recognised(context.source)
    if options.mode is Mode.REMUX:
        command = preview.remux(context.tools, context.source, container, probe)
    else:
        assert options.rendition is not None
        command = preview.lowest_rung(
            context.tools,
            context.source,
            container,
            probe,
            options.grid,
            options.rendition,
            hold_frames=timing(probe)[1],
        )
    execute(
        command,
        bounds=replace(_BOUNDS, scratch_bytes=context.scratch_bytes),
        scratch=folder,
        cancel=context.cancel,
        on_stdout_line=Progress(probe.duration_seconds, context.progress).line,
    )


def _none(options: PreviewOptions, why: str) -> StageResult:
    return StageResult(PreviewResult(playable=False, mode=options.mode, reason=why))


def _result(
    probe: Probe,
    options: PreviewOptions,
    folder: Path,
    parts: Sequence[hls.Segment],
    seconds: float,
) -> StageResult:
    video, audio = probe.main_video, probe.main_audio
    assert video is not None
    remuxed = options.rendition is None
    width, height = (video.width, video.height)
    rate = video.fps or Fraction(30)
    if options.rendition is not None:
        width, height = options.rendition.width, options.rendition.height
        rate = options.grid.fps
    codecs = hls.video_codec(folder / f"{preview.NAME}.mp4")
    if audio is not None:
        kept = remuxed and audio_can_be_kept(audio)
        codecs += "," + hls.audio_codec(audio.profile if kept else "LC")
    peak, average = hls.bandwidths(parts)
    variant = hls.Variant(f"{preview.NAME}.m3u8", codecs, width, height, rate, peak, average)
    (folder / _MASTER).write_text(hls.master([variant]))
    length = round(sum(part.seconds for part in parts), 3)
    facts = Attributes(
        width=width,
        height=height,
        bitrate=average,
        codec=codecs,
        duration=length,
        frame_rate=round(float(rate), 3),
    )
    files = (
        ("master", _MASTER, _MIME),
        ("playlist", f"{preview.NAME}.m3u8", _MIME),
        ("media", f"{preview.NAME}.mp4", "video/mp4"),
    )
    value = PreviewResult(
        playable=True,
        mode=options.mode,
        reason=options.reason,
        width=width,
        height=height,
        duration_seconds=length,
        codecs=codecs,
        bandwidth=peak,
        average_bandwidth=average,
        seconds=round(seconds, 3),
    )
    artifacts = tuple(
        ArtifactFile(
            "hls",
            f"{_FOLDER}/{name}",
            folder / name,
            mime,
            facts.model_copy(update={"role": role}),
        )
        for role, name, mime in files
    )
    return StageResult(value, artifacts)
