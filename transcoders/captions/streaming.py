"""Captions as a rendition of an HLS package: WebVTT in segments, and their playlist (RFC 8216)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from typing import Final

from transcoders.captions import vtt
from transcoders.captions.cues import Cue

_SEGMENT_SECONDS: Final = 60.0
# MPEG's clock, and where it starts again.
_TICKS: Final = 90_000
_WRAP: Final = 1 << 33


@dataclass(frozen=True, slots=True)
class Segmented:
    """A media playlist and its segments, each a text by its name."""

    playlist: str
    segments: dict[str, str]


def segmented(
    cues: Sequence[Cue],
    seconds: float,
    *,
    prefix: str = "",
    segment_seconds: float = _SEGMENT_SECONDS,
    start_seconds: float = 0.0,
) -> Segmented:
    """The captions of a film of that length, in segments named `<prefix><number>.vtt`.

    A cue that stands in two segments is in both, under the same number (RFC 8216, 3.5).
    `start_seconds` is the media's own time at the film's beginning: packages here begin at 0.
    """
    begins = [number * segment_seconds for number in range(max(1, ceil(seconds / segment_seconds)))]
    times = [round(time, 6) for time in (*begins, max(seconds, 0.001))]
    names = [f"{prefix}{number}.vtt" for number in range(len(begins))]
    longest = max(end - begin for begin, end in pairwise(times))
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, floor(longest + 0.5))}",
        "#EXT-X-PLAYLIST-TYPE:VOD",
    ]
    texts, numbered, at = {}, list(enumerate(cues, 1)), 0
    for name, (begin, end) in zip(names, pairwise(times), strict=True):
        while at < len(numbered) and numbered[at][1].end <= begin:
            at += 1
        last = at
        while last < len(numbered) and (numbered[last][1].begin < end or name == names[-1]):
            last += 1
        texts[name] = _header(start_seconds) + vtt.blocks(numbered[at:last])
        lines += [f"#EXTINF:{end - begin:.6f},", name]
    return Segmented("\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n", texts)


def _header(start_seconds: float) -> str:
    """Which time of the media is the text's zero: RFC 8216, 3.5."""
    ticks = round(start_seconds * _TICKS) % _WRAP
    return f"{vtt.HEADER}X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:{ticks}\n"
