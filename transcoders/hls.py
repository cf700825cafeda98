"""HLS playlists (RFC 8216): reading the one that ffmpeg wrote, writing the one above it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from core.errors import Retryable

_AVCC_LOOK_BYTES: Final = 64 << 10
_AUDIO_CODECS: Final = {"LC": "mp4a.40.2", "HE-AAC": "mp4a.40.5", "HE-AACv2": "mp4a.40.29"}
_SEGMENT: Final = re.compile(r"#EXTINF:([0-9.]+),[^\n]*\n#EXT-X-BYTERANGE:(\d+)@(\d+)\n")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a media file: seconds, bytes, and where it begins."""

    seconds: float
    bytes: int
    offset: int


@dataclass(frozen=True, slots=True)
class Variant:
    """One playlist as the master playlist offers it."""

    uri: str
    codecs: str
    width: int
    height: int
    frame_rate: Fraction
    bandwidth: int
    average_bandwidth: int


def segments(playlist: str) -> tuple[Segment, ...]:
    """The segments of a media playlist made of byte ranges."""
    found = _SEGMENT.findall(playlist)
    if not found or "#EXT-X-ENDLIST" not in playlist:
        raise Retryable("the packaged playlist is incomplete", detail=playlist[-2000:])
    return tuple(Segment(float(seconds), int(size), int(at)) for seconds, size, at in found)


def bandwidths(parts: Sequence[Segment]) -> tuple[int, int]:
    """Peak and average bits a second.

    A remainder of less than half a target duration is no peak (RFC 8216, 4.1).
    """
    target = math.ceil(max(part.seconds for part in parts))
    whole = [part for part in parts if part.seconds >= target / 2] or list(parts)
    peak = max(part.bytes * 8 / part.seconds for part in whole if part.seconds > 0)
    average = sum(part.bytes for part in parts) * 8 / sum(part.seconds for part in parts)
    return math.ceil(max(peak, average)), math.ceil(average)


def video_codec(media: Path) -> str:
    """The RFC 6381 name of the H.264 in an MP4, such as avc1.64001f, from its avcC box."""
    with media.open("rb") as file:
        head = file.read(_AVCC_LOOK_BYTES)
    at = head.find(b"avcC")
    if at < 0 or len(head) < at + 8:
        raise Retryable("the packaged picture does not say its profile")
    # configurationVersion, then profile, constraints, level (ISO/IEC 14496-15, 5.3.3.1).
    return "avc1." + head[at + 5 : at + 8].hex()


def audio_codec(profile: str | None) -> str:
    """The RFC 6381 name of an AAC profile."""
    return _AUDIO_CODECS.get(profile or "LC", "mp4a.40.2")


def master(variants: Sequence[Variant]) -> str:
    """A master playlist; every media playlist below it has independent segments."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for variant in variants:
        attributes = (
            f"BANDWIDTH={variant.bandwidth}",
            f"AVERAGE-BANDWIDTH={variant.average_bandwidth}",
            f'CODECS="{variant.codecs}"',
            f"RESOLUTION={variant.width}x{variant.height}",
            f"FRAME-RATE={float(variant.frame_rate):.3f}",
        )
        lines += ["#EXT-X-STREAM-INF:" + ",".join(attributes), variant.uri]
    return "\n".join(lines) + "\n"
