"""Stage `package`: an adaptive stream (HLS, CMAF) and a progressive MP4 of one rendition."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

from core.errors import Rejected
from core.media import Probe
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.video import MAX_GOP_SECONDS, PROBE, Mode, PackageOptions, PackageResult
from pipeline.stages.context import StageContext
from transcoders import commands, hls
from transcoders.containers import recognised
from transcoders.ffmpeg import Bounds, Progress, ToolFailed, execute

_MP4: Final = "video.mp4"
_HLS: Final = "hls"
_NAME: Final = "stream"
_MASTER: Final = "master.m3u8"
# The ledger's deadline ends what makes no progress; this only ends what would never end.
_WALL_SECONDS: Final = 12 * 3600.0
_MEMORY_BYTES: Final = 6 << 30
# Of the progress bar, what the first of the two commands takes.
_FIRST_SHARE: Final = 0.95
# Containers round, and a track may end a little before the other.
_MISSING_SECONDS, _MISSING_PART = 1.5, 0.03


def run(context: StageContext, options: PackageOptions) -> StageResult:
    """Files `video.mp4`, `hls/master.m3u8`, `hls/stream.m3u8`, `hls/stream.mp4`."""
    probe = context.value(PROBE, Probe)
    mode, reason = options.mode, options.reason
    if mode is Mode.REMUX:
        try:
            return _package(context, probe, mode, reason)
        except _Unfit as unfit:
            mode, reason = Mode.TRANSCODE, str(unfit)
    return _package(context, probe, mode, reason)


class _Unfit(Exception):
    """The source cannot be kept as it is after all; the message says why."""


def _package(context: StageContext, probe: Probe, mode: Mode, reason: str) -> StageResult:
    mp4, folder = context.scratch / _MP4, context.scratch / _HLS
    folder.mkdir(exist_ok=True)
    container = recognised(context.source)
    make = commands.remux if mode is Mode.REMUX else commands.transcode
    try:
        _run(context, make(context.tools, context.source, container, probe, mp4), probe, 0.0)
        packaging = commands.package_hls(context.tools, mp4, folder, _NAME)
        _run(context, packaging, probe, _FIRST_SHARE)
    except ToolFailed as error:
        # ffmpeg copies without looking; what it cannot copy it may still decode. A kill or a full
        # disk is no such failure: the same work must give the same bytes when it is done again.
        if mode is Mode.REMUX:
            raise _Unfit(f"it could not be copied: {error}") from error
        raise
    parts = hls.segments((folder / f"{_NAME}.m3u8").read_text())
    seconds = sum(part.seconds for part in parts)
    promised = _promised(probe)
    if promised - seconds > max(_MISSING_SECONDS, promised * _MISSING_PART):
        raise Rejected(
            f"the file is damaged or was cut short: it says {promised:.1f} s, "
            f"and {seconds:.1f} s could be read"
        )
    longest = max(part.seconds for part in parts)
    if mode is Mode.REMUX and longest > MAX_GOP_SECONDS + 1:
        raise _Unfit(f"keyframes are up to {longest:.1f} s apart")
    return _result(context.scratch, probe, mode, reason, parts)


def _promised(probe: Probe) -> float:
    """Seconds of picture; a sound track may be longer."""
    video = probe.main_video
    picture = video.duration_seconds if video else None
    return min(picture or probe.duration_seconds, probe.duration_seconds)


def _result(
    scratch: Path, probe: Probe, mode: Mode, reason: str, parts: Sequence[hls.Segment]
) -> StageResult:
    """Describe what lies in `scratch`, and write the master playlist above it."""
    mp4, folder = scratch / _MP4, scratch / _HLS
    width, height, rate, audio = _shape(probe, mode)
    codec = hls.video_codec(folder / f"{_NAME}.mp4")
    codecs = f"{codec},{audio}" if audio else codec
    peak, average = hls.bandwidths(parts)
    variant = hls.Variant(f"{_NAME}.m3u8", codecs, width, height, rate, peak, average)
    (folder / _MASTER).write_text(hls.master([variant]))
    seconds = round(sum(part.seconds for part in parts), 3)
    facts = Attributes(
        width=width,
        height=height,
        bitrate=average,
        codec=codecs,
        duration=seconds,
        frame_rate=round(float(rate), 3),
    )
    files = (
        ("mp4", _MP4, "video/mp4", facts.model_copy(update={"bitrate": _bitrate(mp4, seconds)})),
        ("hls-master", f"{_HLS}/{_MASTER}", "application/vnd.apple.mpegurl", facts),
        ("hls-playlist", f"{_HLS}/{_NAME}.m3u8", "application/vnd.apple.mpegurl", facts),
        ("hls-media", f"{_HLS}/{_NAME}.mp4", "video/mp4", facts),
    )
    value = PackageResult(
        mode=mode,
        reason=reason,
        width=width,
        height=height,
        frame_rate=f"{rate.numerator}/{rate.denominator}",
        duration_seconds=seconds,
        codecs=codecs,
        bandwidth=peak,
        average_bandwidth=average,
    )
    artifacts = tuple(
        ArtifactFile(kind, name, scratch / name, mime, attributes)
        for kind, name, mime, attributes in files
    )
    return StageResult(value, artifacts)


def _shape(probe: Probe, mode: Mode) -> tuple[int, int, Fraction, str | None]:
    """Width, height, frames a second and the sound's codec of the one rendition."""
    video, audio = probe.main_video, probe.main_audio
    assert video is not None
    kept = mode is Mode.REMUX and audio is not None and commands.audio_can_be_kept(audio)
    sound = hls.audio_codec(audio.profile if kept else "LC") if audio else None
    if mode is Mode.REMUX:
        assert video.fps is not None
        return video.width, video.height, video.fps, sound
    made = commands.rendition(video)
    return made.width, made.height, made.frame_rate, sound


def _bitrate(file: Path, seconds: float) -> int:
    return round(file.stat().st_size * 8 / seconds)


def _run(context: StageContext, argv: Sequence[str], probe: Probe, begin: float) -> None:
    share = _FIRST_SHARE if begin == 0.0 else 1.0 - _FIRST_SHARE
    progress = Progress(probe.duration_seconds, lambda part: context.progress(begin + part * share))
    bounds = Bounds(
        wall_seconds=_WALL_SECONDS,
        memory_bytes=_MEMORY_BYTES,
        scratch_bytes=context.scratch_bytes,
    )
    execute(
        argv,
        bounds=bounds,
        scratch=context.scratch,
        cancel=context.cancel,
        on_stdout_line=progress.line,
    )
