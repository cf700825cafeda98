"""What ffprobe says of a file and its streams, as values; nothing in it is believed unchecked."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from core.errors import Rejected
from core.media import AudioStream, OtherStream, Probe, VideoStream
from transcoders.containers import Container
from transcoders.decoders import DECODERS
from transcoders.ffmpeg import MAX_PIXELS, MAX_STREAMS, Bounds
from transcoders.rates import FASTEST

BOUNDS: Final = Bounds(wall_seconds=60, cpu_seconds=45, memory_bytes=2 << 30)


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """What a file may ask of us. An 8K picture of 12 hours fits."""

    streams: int = MAX_STREAMS
    side: int = 16384
    pixels: int = MAX_PIXELS
    duration_seconds: float = 12 * 3600
    bounds: Bounds = BOUNDS


DEFAULT_LIMITS: Final = ProbeLimits()


def read_probe(seen: Mapping[str, Any], found: Container, size: int, limits: ProbeLimits) -> Probe:
    """What ffprobe answered, as a `Probe`; Rejected where it is out of bounds or has no picture.

    A duration of 0 is one that the file does not tell.
    """
    container, streams = seen["format"], seen.get("streams", [])
    if len(streams) > limits.streams:
        raise Rejected(f"the file has {len(streams)} streams; at most {limits.streams} are allowed")
    video, audio, other = [], [], []
    for stream in streams:
        kind, codec = stream.get("codec_type"), stream.get("codec_name")
        cover = stream.get("disposition", {}).get("attached_pic")
        if kind == "video" and not cover and codec in DECODERS and _size(stream, limits):
            video.append(stream)
        elif kind == "audio" and codec in DECODERS and _whole(stream.get("channels")):
            audio.append(_audio(stream))
        else:
            other.append(_other(stream, "cover" if cover else kind))
    if not video:
        raise Rejected(_no_picture(other))
    # A small second picture, such as a camera's preview, may come first.
    video.sort(key=lambda stream: (-math.prod(_size(stream, limits) or ()), not _default(stream)))
    return Probe(
        container=str(container.get("format_name", found.demuxer)),
        mime=found.mime,
        bytes=size,
        duration_seconds=_duration(container, streams),
        start_seconds=_start(container),
        bitrate=_whole(container.get("bit_rate")),
        video=tuple(_video(stream, limits) for stream in video),
        audio=tuple(audio),
        other=tuple(other),
    )


def _no_picture(other: Iterable[OtherStream]) -> str:
    """Why a file without a usable picture has none."""
    pictures = [stream.codec for stream in other if stream.kind == "video"]
    if not pictures:
        return "there is no picture in this file"
    codec = pictures[0]
    if codec in (None, "none", "unknown"):
        return "the picture is in a format that we do not know"
    if codec in DECODERS:
        return "the picture has no size; the file is damaged or no video"
    return f"the picture is in a format that we do not take: {codec}"


def _size(stream: Mapping[str, Any], limits: ProbeLimits) -> tuple[int, int] | None:
    """Width and height in pixels, None where there are none; Rejected where they are too many."""
    width, height = _whole(stream.get("width")) or 0, _whole(stream.get("height")) or 0
    if width <= 0 or height <= 0:
        return None
    if max(width, height) > limits.side or width * height > limits.pixels:
        raise Rejected(f"the picture of {width}×{height} pixels is larger than allowed")
    return width, height


def _video(stream: Mapping[str, Any], limits: ProbeLimits) -> VideoStream:
    width, height = _size(stream, limits) or (0, 0)
    sar = _fraction(stream.get("sample_aspect_ratio"), ":") or Fraction(1)
    if not Fraction(1, 20) <= sar <= 20:
        sar = Fraction(1)
    _refuse_proprietary(stream)
    rate = _fraction(stream.get("avg_frame_rate")) or _fraction(stream.get("r_frame_rate"))
    if rate is not None and rate > FASTEST:
        rate = None
    return VideoStream(
        index=stream["index"],
        codec=str(stream["codec_name"]),
        profile=_text(stream.get("profile")),
        level=_whole(stream.get("level")),
        pix_fmt=_text(stream.get("pix_fmt")),
        bit_depth=_whole(stream.get("bits_per_raw_sample")),
        width=width,
        height=height,
        rotation=_rotation(stream),
        sar=f"{sar.numerator}/{sar.denominator}",
        frame_rate=f"{rate.numerator}/{rate.denominator}" if rate else None,
        interlaced=stream.get("field_order", "progressive") not in ("progressive", "unknown"),
        bitrate=_whole(stream.get("bit_rate")),
        start_seconds=_start(stream),
        duration_seconds=_length(stream),
        color_transfer=_text(stream.get("color_transfer")),
        color_primaries=_text(stream.get("color_primaries")),
        color_space=_text(stream.get("color_space")),
        color_range=_text(stream.get("color_range")),
        language=_language(stream),
    )


def _refuse_proprietary(stream: Mapping[str, Any]) -> None:
    """Dolby Vision of profile 5 has no ordinary picture below it; it would come out green."""
    for side in stream.get("side_data_list", []):
        if _whole(side.get("dv_profile")) == 5:
            raise Rejected("the picture is Dolby Vision of profile 5; export it as HDR10 or HLG")


def _audio(stream: Mapping[str, Any]) -> AudioStream:
    return AudioStream(
        index=stream["index"],
        codec=str(stream["codec_name"]),
        profile=_text(stream.get("profile")),
        channels=stream["channels"],
        channel_layout=_text(stream.get("channel_layout")),
        sample_rate=_whole(stream.get("sample_rate")) or 0,
        bitrate=_whole(stream.get("bit_rate")),
        language=_language(stream),
        title=_title(stream),
        start_seconds=_start(stream),
        duration_seconds=_length(stream),
        default=_default(stream),
    )


def _default(stream: Mapping[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("default"))


def _other(stream: Mapping[str, Any], kind: str | None) -> OtherStream:
    return OtherStream(
        index=stream["index"],
        kind=kind or "unknown",
        codec=stream.get("codec_name"),
        language=_language(stream),
    )


def _duration(container: Mapping[str, Any], streams: Iterable[Mapping[str, Any]]) -> float:
    if "matroska" in str(container.get("format_name")):
        # Matroska tells when it ends, on a clock that need not begin at 0.
        end = _seconds(container.get("duration"))
        return max(0.0, round(end - max(0.0, _start(container)), 3))
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
    told = _seconds(stream.get("duration"))
    if not told:
        end = _seconds(stream.get("tags", {}).get("DURATION"))
        told = round(end - max(0.0, _start(stream)), 3)
    return told if told > 0 else None


def _start(thing: Mapping[str, Any]) -> float:
    """When it begins, on the file's own clock, which need not begin at 0."""
    try:
        start = float(thing.get("start_time", 0.0))
    except ValueError:
        return 0.0
    return start if math.isfinite(start) else 0.0


def _rotation(stream: Mapping[str, Any]) -> int:
    for side in stream.get("side_data_list", []):
        degrees = _whole(side.get("rotation"))
        if degrees is not None:
            # ffprobe counts anticlockwise; players and people count clockwise.
            return round(-degrees / 90) * 90 % 360
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
    language = _text(stream.get("tags", {}).get("language"), longest=16)
    return None if language == "und" else language


def _title(stream: Mapping[str, Any]) -> str | None:
    tags = stream.get("tags", {})
    return _text(tags.get("title") or tags.get("name"))


def _text(value: object, *, longest: int = 80) -> str | None:
    """A word or a name on one line, of characters that can be seen."""
    plain = "".join(each if each.isprintable() else " " for each in str(value or ""))
    return " ".join(plain.split())[:longest] or None
