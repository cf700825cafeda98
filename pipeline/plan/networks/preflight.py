"""What a network would refuse of a file, before it is sent there. Pure: facts in, lines out."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from core.errors import Rejected
from core.media import Probe, VideoStream
from pipeline.plan.networks.types import (
    Choice,
    MediaFacts,
    MediaLimit,
    Network,
    Range,
    Violation,
)

_SAID: Final = {
    "bytes": ("the file's size", " bytes", "encode it at a lower rate"),
    "duration_seconds": ("the length", " s", "cut it"),
    "width": ("the width", " px", "scale it"),
    "height": ("the height", " px", "scale it"),
    "short_side": ("the shorter side", " px", "scale it"),
    "pixels": ("the picture's size", " pixels", "scale it"),
    "aspect": ("the shape (width by height)", "", "crop it"),
    "frame_rate": ("the frame rate", " frames a second", "convert it"),
    "bitrate": ("the bit rate", " bit/s", "encode it at a lower rate"),
    "mime": ("the container", "", "package it again"),
    "video_codec": ("the picture's codec", "", "encode it again"),
    "audio_codec": ("the sound's codec", "", "encode it again"),
    "audio_rate": ("the sound's sample rate", " Hz", "resample it"),
    "index_first": ("the index before the media", "", "package it again, index first"),
    "plain_timeline": ("a time line without edit lists", "", "package it again without them"),
    "audio_channels": ("the number of the sound's channels", "", "mix it"),
    "audio_profile": ("the sound's profile", "", "encode it again"),
    "bit_depth": ("the depth of its colours", " bits", "encode it again"),
    "chroma": ("the sampling of its colours", "", "encode it again"),
    "dynamic_range": ("the dynamic range", "", "map its tones"),
    "square_pixels": ("a picture of square pixels", "", "scale it"),
    "progressive": ("a progressive picture", "", "deinterlace it"),
    "constant_rate": ("a constant frame rate", "", "convert it"),
}
# Longer and larger than what is taken has another remedy than shorter and smaller.
_TOO_LITTLE: Final = {
    "bytes": "encode it at a higher rate",
    "duration_seconds": "it needs more film",
    "bitrate": "encode it at a higher rate",
}


def facts_of(
    probe: Probe, *, index_first: bool | None = None, plain_timeline: bool | None = None
) -> MediaFacts:
    """What a probe tells of a film; how its container is laid out the caller knows, or nobody."""
    video, audio = probe.main_video, probe.main_audio
    width, height = video.display_size if video else (None, None)
    rate = video.fps if video else None
    return MediaFacts(
        bytes=probe.bytes,
        duration_seconds=probe.duration_seconds,
        width=width,
        height=height,
        frame_rate=_rounded(rate),
        bitrate=probe.bitrate,
        mime=probe.mime,
        video_codec=video.codec if video else None,
        audio_codec=audio.codec if audio else None,
        audio_rate=audio.sample_rate if audio else None,
        index_first=index_first,
        plain_timeline=plain_timeline,
        audio_channels=audio.channels if audio else None,
        audio_profile=audio.profile if audio else None,
        **_picture_facts(video),
    )


def _picture_facts(video: VideoStream | None) -> dict[str, Any]:
    if video is None:
        return {}
    return {
        "bit_depth": video.bit_depth,
        "chroma": _chroma(video.pix_fmt),
        "dynamic_range": video.hdr or "sdr",
        "square_pixels": Fraction(video.sar) == 1,
        "progressive": not video.interlaced,
        "constant_rate": video.constant_rate,
    }


def _chroma(pix_fmt: str | None) -> str | None:
    """From ffmpeg's name of a pixel format, such as `yuvj420p` or `p010le`."""
    if pix_fmt is None:
        return None
    found = _PLANAR.match(pix_fmt)
    if found:
        return ":".join(found[1])
    return "4:2:0" if pix_fmt.startswith(_HALVED) else pix_fmt


_PLANAR: Final = re.compile(r"yuv[aj]?(4\d\d)p")
_HALVED: Final = ("nv12", "nv21", "p010", "p012", "p016")


def _rounded(rate: Fraction | None) -> float | None:
    # 24000/1001 is film's rate and taken as 24 wherever 24 is the least.
    return None if rate is None else round(float(rate), 1)


def media_limit(network: Network, kind: str) -> MediaLimit:
    """A network's limits for a kind of thing; raises Rejected where it takes none such."""
    found = next((limit for limit in network.media if limit.kind == kind), None)
    if found is None:
        kinds = ", ".join(limit.kind for limit in network.media)
        raise Rejected(f"{network.title} takes no {kind}; it takes {kinds}")
    return found


def preflight(network: Network, kind: str, facts: MediaFacts) -> tuple[Violation, ...]:
    """What of a file would be refused; nothing is said of what is not known.

    Raises Rejected for a kind of thing that the network does not take.
    """
    limit = media_limit(network, kind)
    return (
        *(each for one in limit.ranges for each in _outside(network, one, facts)),
        *(each for one in limit.choices for each in _other(network, one, facts)),
    )


def _outside(network: Network, limit: Range, facts: MediaFacts) -> Iterator[Violation]:
    value: float | None = getattr(facts, limit.fact)
    if value is None:
        return
    name, unit, remedy = _SAID[limit.fact]
    if limit.most is not None and value > limit.most:
        bound, said = limit.most, f"at most {_number(limit.most)}{unit}: {remedy}"
    elif limit.least is not None and value < limit.least:
        remedy = _TOO_LITTLE.get(limit.fact, remedy)
        bound, said = limit.least, f"at least {_number(limit.least)}{unit}: {remedy}"
    else:
        return
    yield Violation(
        network=network.name,
        field=limit.fact,
        rule="out-of-range",
        line=f"{network.title}: {name} is {_number(value)}{unit}, {said}",
        found=value,
        limit=bound,
        source=limit.source,
    )


def _other(network: Network, limit: Choice, facts: MediaFacts) -> Iterator[Violation]:
    value = getattr(facts, limit.fact)
    if value is None or value in limit.values:
        return
    name, _, remedy = _SAID[limit.fact]
    said = (
        f"{name} is missing: {remedy}"
        if isinstance(value, bool)
        else f"{name} is {value}, taken are {', '.join(map(str, limit.values))}: {remedy}"
    )
    yield Violation(
        network=network.name,
        field=limit.fact,
        rule="not-taken",
        line=f"{network.title}: {said}",
        source=limit.source,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or value >= 1000 else f"{value:.3g}"
