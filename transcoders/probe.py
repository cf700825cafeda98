"""What is in a file, from ffprobe, within bounds: the gate through which every video comes."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from core.errors import Rejected
from core.media import AudioStream, OtherStream, Probe, VideoStream
from core.process import CancelToken, Completed, LimitReached
from transcoders.containers import Container, recognised
from transcoders.ffmpeg import Bounds, ToolFailed, execute, input_arguments
from transcoders.tools import Tools

_GOP_LOOK_SECONDS: Final = 300
_PACKETS_OUTPUT_BYTES: Final = 32 << 20
# Above this a frame rate is a time base that says nothing (1000 or 90000 are common).
_PLAUSIBLE_FPS: Final = 300


BOUNDS: Final = Bounds(wall_seconds=60, cpu_seconds=45, memory_bytes=2 << 30)


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """What a file may ask of us. An 8K picture of 12 hours fits."""

    streams: int = 64
    side: int = 16384
    pixels: int = 8192 * 4608
    duration_seconds: float = 12 * 3600
    bounds: Bounds = BOUNDS


DEFAULT_LIMITS: Final = ProbeLimits()


def probe(
    path: Path,
    tools: Tools,
    *,
    limits: ProbeLimits = DEFAULT_LIMITS,
    cancel: CancelToken | None = None,
) -> Probe:
    """Measure a video file. Raises Rejected with one line for people where it is none of ours."""
    found = recognised(path)
    try:
        seen = _show(path, found, tools, limits, cancel)
        measured = read_probe(seen, found, path.stat().st_size, limits)
        video = measured.main_video
        if video is None:
            unknown = any(stream.kind == "video" for stream in measured.other)
            raise Rejected(
                "the picture is in a format that we do not know"
                if unknown
                else "there is no picture in this file"
            )
        # A recording made in a browser does not say how long it is: its packets do.
        untold = measured.duration_seconds == 0
        packets = _packets(path, found, tools, video, limits, cancel, whole=untold)
    except LimitReached as error:
        raise Rejected(
            f"reading the file took more {_RESOURCE.get(error.limit, 'output')} than allowed",
            detail=error.detail,
        ) from error
    seconds = measured.duration_seconds
    if untold:
        seconds = round(max((time for time, _ in _timed(packets)), default=0.0), 3)
    if seconds <= 0:
        raise Rejected("the file is damaged or has no frames")
    if seconds > limits.duration_seconds:
        raise Rejected(f"the file lasts longer than {limits.duration_seconds / 3600:g} hours")
    main = video.model_copy(update={"longest_gop_seconds": longest_gop(packets)})
    return measured.model_copy(
        update={"duration_seconds": seconds, "video": (main, *measured.video[1:])}
    )


_RESOURCE: Final = {"wall": "time", "cpu": "time", "memory": "memory"}


def _ask(argv: Sequence[str], bounds: Bounds, cancel: CancelToken | None) -> Completed:
    """Run ffprobe. It writes nothing: where it fails by itself, the file is at fault."""
    try:
        return execute(argv, bounds=bounds, cancel=cancel)
    except ToolFailed as error:
        raise Rejected("the file is damaged or no video", detail=error.detail) from error


def _show(
    path: Path, found: Container, tools: Tools, limits: ProbeLimits, cancel: CancelToken | None
) -> Mapping[str, Any]:
    argv = (
        str(tools.ffprobe), "-v", "error", "-hide_banner",
        # Both are checked again below; here they stop ffprobe from working on what is refused.
        "-max_streams", str(limits.streams + 1), "-max_pixels", str(limits.pixels),
        "-show_format", "-show_streams", "-of", "json",
        *input_arguments(path, found),
    )  # fmt: skip
    done = _ask(argv, limits.bounds, cancel)
    seen = json.loads(done.stdout)
    if "Picture size" in done.stderr_tail or "max_pixels" in done.stderr_tail:
        raise Rejected("the picture's size is out of bounds", detail=done.stderr_tail)
    if "max_streams" in done.stderr_tail:
        raise Rejected(f"the file has more than {limits.streams} streams", detail=done.stderr_tail)
    if not isinstance(seen, dict) or "format" not in seen:
        raise Rejected("the file is damaged or no video", detail=done.stderr_tail)
    return seen


def read_probe(seen: Mapping[str, Any], found: Container, size: int, limits: ProbeLimits) -> Probe:
    """What ffprobe answered, as a `Probe`; Rejected where it is out of bounds.

    A duration of 0 is one that the file does not tell.
    """
    container, streams = seen["format"], seen.get("streams", [])
    if len(streams) > limits.streams:
        raise Rejected(f"the file has {len(streams)} streams; at most {limits.streams} are allowed")
    video, audio, other = [], [], []
    for stream in streams:
        kind = stream.get("codec_type")
        cover = stream.get("disposition", {}).get("attached_pic")
        if stream.get("codec_name") in (None, "none", "unknown"):
            other.append(_other(stream, kind))
        elif kind == "video" and not cover:
            video.append(_video(stream, limits))
        elif kind == "audio" and stream.get("channels"):
            audio.append(_audio(stream))
        else:
            other.append(_other(stream, "cover" if cover else kind))
    duration = _duration(container, streams)
    return Probe(
        container=str(container.get("format_name", found.demuxer)),
        mime=found.mime,
        bytes=size,
        duration_seconds=duration,
        bitrate=_whole(container.get("bit_rate")),
        video=tuple(video),
        audio=tuple(audio),
        other=tuple(other),
    )


def _video(stream: Mapping[str, Any], limits: ProbeLimits) -> VideoStream:
    width, height = _whole(stream.get("width")) or 0, _whole(stream.get("height")) or 0
    if width <= 0 or height <= 0:
        raise Rejected("the picture has no size; the file is damaged or no video")
    if max(width, height) > limits.side or width * height > limits.pixels:
        raise Rejected(f"the picture of {width}×{height} pixels is larger than allowed")
    sar = _fraction(stream.get("sample_aspect_ratio"), ":") or Fraction(1)
    if not Fraction(1, 20) <= sar <= 20:
        sar = Fraction(1)
    real, average = (_fraction(stream.get(name)) for name in ("r_frame_rate", "avg_frame_rate"))
    rate = average or real
    if rate is not None and rate > _PLAUSIBLE_FPS:
        rate = None
    return VideoStream(
        index=stream["index"],
        codec=str(stream.get("codec_name", "unknown")),
        profile=stream.get("profile"),
        level=_whole(stream.get("level")),
        pix_fmt=stream.get("pix_fmt"),
        bit_depth=_whole(stream.get("bits_per_raw_sample")),
        width=width,
        height=height,
        rotation=_rotation(stream),
        sar=f"{sar.numerator}/{sar.denominator}",
        frame_rate=f"{rate.numerator}/{rate.denominator}" if rate else None,
        # The average of a constant stream may differ by the rounding of its last frame.
        constant_rate=bool(real and rate and abs(real - rate) / rate < Fraction(1, 1000)),
        interlaced=stream.get("field_order", "progressive") not in ("progressive", "unknown"),
        bitrate=_whole(stream.get("bit_rate")),
        duration_seconds=_seconds(stream.get("duration") or _tag(stream, "DURATION")) or None,
        color_transfer=stream.get("color_transfer"),
        color_primaries=stream.get("color_primaries"),
        color_space=stream.get("color_space"),
        color_range=stream.get("color_range"),
        language=_language(stream),
    )


def _audio(stream: Mapping[str, Any]) -> AudioStream:
    return AudioStream(
        index=stream["index"],
        codec=str(stream.get("codec_name", "unknown")),
        profile=stream.get("profile"),
        channels=stream["channels"],
        channel_layout=stream.get("channel_layout"),
        sample_rate=_whole(stream.get("sample_rate")) or 0,
        bitrate=_whole(stream.get("bit_rate")),
        language=_language(stream),
        default=bool(stream.get("disposition", {}).get("default")),
    )


def _other(stream: Mapping[str, Any], kind: str | None) -> OtherStream:
    return OtherStream(
        index=stream["index"],
        kind=kind or "unknown",
        codec=stream.get("codec_name"),
        language=_language(stream),
    )


def _packets(
    path: Path,
    found: Container,
    tools: Tools,
    video: VideoStream,
    limits: ProbeLimits,
    cancel: CancelToken | None,
    *,
    whole: bool,
) -> Sequence[str]:
    """Lines of `pts_time,flags` of the picture's packets: of the first minutes, or of all."""
    # Packets are read, not decoded; a few minutes tell how a file was made.
    interval = () if whole else ("-read_intervals", f"%+{_GOP_LOOK_SECONDS}")
    argv = (
        str(tools.ffprobe), "-v", "error", "-hide_banner",
        "-select_streams", str(video.index), *interval,
        "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0",
        *input_arguments(path, found),
    )  # fmt: skip
    bounds = replace(limits.bounds, output_bytes=_PACKETS_OUTPUT_BYTES)
    done = _ask(argv, bounds, cancel)
    return done.stdout.decode(errors="replace").splitlines()


def longest_gop(packets: Iterable[str]) -> float | None:
    """Seconds between keyframes at most; None where nothing tells. The last packet ends a group."""
    times = list(_timed(packets))
    keys = sorted(seconds for seconds, flags in times if flags.startswith("K"))
    if not keys:
        return None
    ends = [*keys, max(seconds for seconds, _ in times)]
    return round(max(b - a for a, b in pairwise(ends)), 3)


def _timed(packets: Iterable[str]) -> Iterator[tuple[float, str]]:
    for packet in packets:
        time, _, flags = packet.partition(",")
        with suppress(ValueError):
            yield float(time), flags


def _duration(container: Mapping[str, Any], streams: Iterable[Mapping[str, Any]]) -> float:
    values = [container.get("duration"), *(stream.get("duration") for stream in streams)]
    return next((seconds for value in values if (seconds := _seconds(value))), 0.0)


def _seconds(value: str | None) -> float:
    """From `12.5` or Matroska's `00:00:12.5`; 0 where it is neither."""
    seconds = 0.0
    for part in (value or "").split(":"):
        try:
            seconds = seconds * 60 + float(part)
        except ValueError:
            return 0.0
    return round(seconds, 3) if math.isfinite(seconds) and seconds > 0 else 0.0


def _rotation(stream: Mapping[str, Any]) -> int:
    for side in stream.get("side_data_list", []):
        if "rotation" in side:
            # ffprobe counts anticlockwise; players and people count clockwise.
            return round(-float(side["rotation"]) / 90) * 90 % 360
    return 0


def _fraction(value: str | None, mark: str = "/") -> Fraction | None:
    top, _, bottom = (value or "").partition(mark)
    if not top.isdigit() or not bottom.isdigit() or int(top) == 0 or int(bottom) == 0:
        return None
    return Fraction(int(top), int(bottom))


def _whole(value: str | int | None) -> int | None:
    try:
        return int(value) if value is not None else None
    except ValueError:
        return None


def _language(stream: Mapping[str, Any]) -> str | None:
    language = _tag(stream, "language")
    return None if language in (None, "", "und") else str(language)[:16]


def _tag(stream: Mapping[str, Any], name: str) -> str | None:
    value = stream.get("tags", {}).get(name)
    return None if value is None else str(value)
