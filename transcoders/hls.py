"""HLS playlists (RFC 8216): reading the one that ffmpeg wrote, writing those of a package."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final

from core.errors import Retryable

_AVCC_LOOK_BYTES: Final = 64 << 10
_AUDIO_CODECS: Final = {"LC": "mp4a.40.2", "HE-AAC": "mp4a.40.5", "HE-AACv2": "mp4a.40.29"}
_GROUP: Final = "audio"
_CAPTIONS: Final = "captions"
_VARIANT: Final = "#EXT-X-STREAM-INF:"
_TRANSCRIBES: Final = 'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog"'
_FIRST_BANDWIDTH: Final = 2_000_000
_SEGMENT: Final = re.compile(r"#EXTINF:([0-9.]+),[^\n]*\n#EXT-X-BYTERANGE:(\d+)@(\d+)\n")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a media file: seconds, bytes, and where it begins."""

    seconds: float
    bytes: int
    offset: int


@dataclass(frozen=True, slots=True)
class Variant:
    """One playlist of pictures as the master playlist offers it; bandwidths with its sound."""

    uri: str
    codecs: str
    width: int
    height: int
    frame_rate: Fraction
    bandwidth: int
    average_bandwidth: int


@dataclass(frozen=True, slots=True)
class Keyframes:
    """A playlist of keyframes alone, for looking through; bandwidths are of those."""

    uri: str
    codecs: str
    width: int
    height: int
    bandwidth: int
    average_bandwidth: int


@dataclass(frozen=True, slots=True)
class Sound:
    """A playlist of one track of sound; `chosen` where a player may take it by its language."""

    uri: str
    name: str
    language: str | None
    channels: int
    default: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Captions:
    """A playlist of captions in one language; `spoken` where they write down what is heard."""

    uri: str
    name: str
    language: str
    default: bool = False
    spoken: bool = True


def segments(playlist: str) -> tuple[Segment, ...]:
    """The segments of a media playlist made of byte ranges."""
    found = _SEGMENT.findall(playlist)
    if not found or "#EXT-X-ENDLIST" not in playlist:
        raise Retryable("the packaged playlist is incomplete", detail=playlist[-2000:])
    return tuple(Segment(float(seconds), int(size), int(at)) for seconds, size, at in found)


def bandwidths(parts: Sequence[Segment]) -> tuple[int, int]:
    """Peak and average bits a second.

    The peak is that of any run of segments of half to one and a half target durations (RFC 8216,
    4.1), so that a short remainder counts together with the segment before it.
    """
    target = target_duration(parts)
    rates = []
    for begin in range(len(parts)):
        size, seconds = 0, 0.0
        for part in parts[begin:]:
            size, seconds = size + part.bytes, seconds + part.seconds
            if seconds > 1.5 * target:
                break
            if seconds >= 0.5 * target:
                rates.append(size * 8 / seconds)
    average = sum(part.bytes for part in parts) * 8 / sum(part.seconds for part in parts)
    # Where lengths are very uneven the average may be above every such run.
    return math.ceil(max([average, *rates])), math.ceil(average)


def target_duration(parts: Sequence[Segment]) -> int:
    """Whole seconds that no segment is longer than, when rounded (RFC 8216, 4.3.3.1)."""
    return max([1, *(math.floor(part.seconds + 0.5) for part in parts)])


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


def playlist(
    media: str, header_bytes: int, parts: Sequence[Segment], *, keyframes: bool = False
) -> str:
    """A media playlist of byte ranges of one file, whose first bytes are its header.

    Each length is the difference of two rounded times: the sum of many must not drift.
    """
    times = [round(time, 6) for time in accumulate((part.seconds for part in parts), initial=0.0)]
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{target_duration(parts)}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-I-FRAMES-ONLY" if keyframes else "#EXT-X-INDEPENDENT-SEGMENTS",
        f'#EXT-X-MAP:URI="{media}",BYTERANGE="{header_bytes}@0"',
    ]
    for part, (begin, end) in zip(parts, pairwise(times), strict=True):
        lines += [
            f"#EXTINF:{end - begin:.6f},",
            f"#EXT-X-BYTERANGE:{part.bytes}@{part.offset}",
            media,
        ]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def master(
    variants: Sequence[Variant],
    sounds: Sequence[Sound] = (),
    keyframes: Sequence[Keyframes] = (),
) -> str:
    """A master playlist; every media playlist below it has independent segments."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += [_sound(sound) for sound in sounds]
    for variant in variants:
        attributes = (
            f"BANDWIDTH={variant.bandwidth}",
            f"AVERAGE-BANDWIDTH={variant.average_bandwidth}",
            f'CODECS="{variant.codecs}"',
            f"RESOLUTION={variant.width}x{variant.height}",
            f"FRAME-RATE={float(variant.frame_rate):.3f}",
            *([f'AUDIO="{_GROUP}"'] if sounds else ()),
            # Otherwise players offer captions that might be within the picture and are not.
            "CLOSED-CAPTIONS=NONE",
        )
        lines += [_VARIANT + ",".join(attributes), variant.uri]
    for each in keyframes:
        attributes = (
            f"BANDWIDTH={each.bandwidth}",
            f"AVERAGE-BANDWIDTH={each.average_bandwidth}",
            f'CODECS="{each.codecs}"',
            f"RESOLUTION={each.width}x{each.height}",
            f'URI="{each.uri}"',
        )
        lines.append("#EXT-X-I-FRAME-STREAM-INF:" + ",".join(attributes))
    return "\n".join(lines) + "\n"


def with_captions(playlist: str, captions: Sequence[Captions]) -> str:
    """A master playlist of ours that offers captions with each of its variants.

    One that is chosen by default is shown unasked; every other where a system or a viewer wants
    captions in its language.
    """
    if not captions:
        return playlist
    lines = playlist.splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith(_VARIANT))
    offered = [
        f'{line},SUBTITLES="{_CAPTIONS}"' if line.startswith(_VARIANT) else line
        for line in lines[first:]
    ]
    return "\n".join([*lines[:first], *map(_captions, captions), *offered]) + "\n"


def _sound(sound: Sound) -> str:
    attributes = (
        "TYPE=AUDIO",
        f'GROUP-ID="{_GROUP}"',
        f'NAME="{quotable(sound.name)}"',
        *([f'LANGUAGE="{sound.language}"'] if sound.language else ()),
        f"DEFAULT={'YES' if sound.default else 'NO'}",
        f"AUTOSELECT={'YES' if sound.default or sound.chosen else 'NO'}",
        f'CHANNELS="{sound.channels}"',
        f'URI="{sound.uri}"',
    )
    return "#EXT-X-MEDIA:" + ",".join(attributes)


def _captions(captions: Captions) -> str:
    attributes = (
        "TYPE=SUBTITLES",
        f'GROUP-ID="{_CAPTIONS}"',
        f'NAME="{quotable(captions.name)}"',
        f'LANGUAGE="{captions.language}"',
        f"DEFAULT={'YES' if captions.default else 'NO'}",
        "AUTOSELECT=YES",
        "FORCED=NO",
        *([_TRANSCRIBES] if captions.spoken else ()),
        f'URI="{captions.uri}"',
    )
    return "#EXT-X-MEDIA:" + ",".join(attributes)


def quotable(text: str) -> str:
    """A text as a quoted string may hold it: no quotes, no line breaks (RFC 8216, 4.2)."""
    return " ".join("".join(max(char, " ") for char in text.replace('"', "'")).split())


def by_preference(variants: Sequence[Variant]) -> list[Variant]:
    """From the largest, but first the one that many players begin with before they have measured.

    That is the largest H.264 within two megabits a second, as Apple's authoring specification has
    it; else the smallest.
    """
    ordered = sorted(variants, key=lambda one: -one.bandwidth)
    common = [one for one in ordered if one.codecs.startswith("avc1")] or ordered
    light = [one for one in common if one.bandwidth <= _FIRST_BANDWIDTH]
    start = light[0] if light else common[-1]
    return [start, *(one for one in ordered if one is not start)]
