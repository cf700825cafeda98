"""What ffprobe answers about a file and its streams, as values, within what a file may ask."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from core.errors import Rejected
from core.media import AudioStream, OtherStream, Probe, VideoStream
from transcoders.containers import Container
from transcoders.ffmpeg import Bounds

# Above this a frame rate is a time base that says nothing (1000 or 90000 are common).
PLAUSIBLE_FPS: Final = 300

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
        start_seconds=_start(container),
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
    if rate is not None and rate > PLAUSIBLE_FPS:
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
        start_seconds=_start(stream),
        duration_seconds=_length(stream),
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
        title=_title(stream),
        start_seconds=_start(stream),
        duration_seconds=_length(stream),
        default=bool(stream.get("disposition", {}).get("default")),
    )


def _other(stream: Mapping[str, Any], kind: str | None) -> OtherStream:
    return OtherStream(
        index=stream["index"],
        kind=kind or "unknown",
        codec=stream.get("codec_name"),
        language=_language(stream),
    )


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


def _length(stream: Mapping[str, Any]) -> float | None:
    return _seconds(stream.get("duration") or _tag(stream, "DURATION")) or None


def _start(thing: Mapping[str, Any]) -> float:
    """When it begins, on the file's own clock, which need not begin at 0."""
    try:
        start = float(thing.get("start_time", 0.0))
    except ValueError:
        return 0.0
    return start if math.isfinite(start) else 0.0


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


def _title(stream: Mapping[str, Any]) -> str | None:
    """The track's name as people see it, on one line."""
    named = _tag(stream, "title") or _tag(stream, "name") or ""
    return " ".join(named.split())[:_TITLE_LENGTH] or None


_TITLE_LENGTH: Final = 80


def _tag(stream: Mapping[str, Any], name: str) -> str | None:
    value = stream.get("tags", {}).get(name)
    return None if value is None else str(value)
