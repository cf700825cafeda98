"""Files that were cut short, and files whose clocks and durations lie."""

import struct
from collections.abc import Callable
from typing import Final

from tests.hostile.case import Case, Sample, film, of
from tests.hostile.forging import (
    avi,
    block,
    cluster,
    edited,
    info,
    matroska,
    overwritten,
    table,
    track,
    tracks,
    u32,
)

_MDHD, _STTS = "moov/trak/mdia/mdhd", "moov/trak/mdia/minf/stbl/stts"
_ELST = "moov/trak/edts/elst"
_ENDLESS: Final = 0xFFFFFFFF
_HOURS: Final = 3600


def _cut(part: float) -> Callable[[bytes], bytes]:
    return lambda data: data[: int(len(data) * part)]


def _without_edits(data: bytes) -> bytes:
    return edited(data, "moov/trak/edts", lambda _: None)


def _lasting(value: float) -> Case:
    return Case(film(head=info(duration=struct.pack(">d", value))), None)


def _far_apart(hours: int, duration: bytes) -> Case:
    """Two frames, the second of them hours after the first."""

    def make(sample: Sample) -> bytes:
        picture = block(sample("tiny.jpg").read_bytes())
        far = cluster(hours * _HOURS * 1000, picture)
        return matroska(info(duration=duration), tracks(track()), cluster(0, picture), far)

    return Case(make, None if struct.unpack(">d", duration)[0] else "longer than")


def _ticking(rate: tuple[int, int], reason: str | None) -> Case:
    return Case(lambda sample: avi([sample("tiny.jpg").read_bytes()] * 5, rate=rate), reason)


CUT: Final[dict[str, Case]] = {
    "an mp4 cut before its index": Case(of("tiny.mov", _cut(0.6)), "cut short"),
    "an mp4 cut behind its index": Case(of("early-index.mp4", _cut(0.5)), "cut short: it says 8.0"),
    "an mp4 that is little more than its index": Case(
        of("early-index.mp4", _cut(0.1)), "cut short"
    ),
    "an mp4 cut at its very end": Case(of("early-index.mp4", _cut(0.99)), None),
    "a cut matroska": Case(of("four-seconds.mkv", _cut(0.3)), "cut short: it says 4.0"),
    "a matroska cut in its head": Case(of("tiny.mkv", _cut(0.01)), "damaged"),
    "a cut avi": Case(of("old.avi", _cut(0.4)), "cut short: it lacks its end"),
    # It has no head that says how long it should be; what is there is whole.
    "a cut transport stream": Case(of("tiny.ts", _cut(0.5)), None),
    "a transport stream cut in the middle of a packet": Case(
        of("tiny.ts", lambda data: data[100:]), None
    ),
}

CLOCKS: Final[dict[str, Case]] = {
    "a film of a hundred hours": Case(
        of(
            "tiny.mov",
            _without_edits,
            overwritten(_MDHD, 12, u32(100, 100 * _HOURS * 100)),
            table(_STTS, u32(0, 1, 25, 100 * _HOURS * 100 // 25)),
        ),
        "longer than",
    ),
    "a film that says only at its head that it is endless": Case(
        of("tiny.mov", overwritten("moov/mvhd", 16, u32(_ENDLESS))), None
    ),
    "a track's clock that stands still": Case(of("tiny.mov", overwritten(_MDHD, 12, u32(0))), None),
    "a track's clock below zero": Case(of("tiny.mov", overwritten(_MDHD, 12, u32(_ENDLESS))), None),
    "a film's clock that stands still": Case(
        of("tiny.mov", overwritten("moov/mvhd", 12, u32(0))), None
    ),
    "frames of no length": Case(of("tiny.mov", table(_STTS, u32(0, 1, 25, 0))), None),
    "frames of negative length": Case(
        of("tiny.mov", table(_STTS, u32(0, 2, 12, 512, 13, _ENDLESS - 5))), None
    ),
    "a gap of ten hours in a film of one second": Case(
        of("tiny.mov", table(_STTS, u32(0, 3, 12, 512, 1, 10 * _HOURS * 12800, 12, 512))), None
    ),
    "two hundred thousand empty edits": Case(
        of("tiny.mov", table(_ELST, u32(0, 200_000), u32(1, _ENDLESS, 65536) * 200_000)), "damaged"
    ),
    "an edit before the beginning of all": Case(
        of("tiny.mov", table(_ELST, u32(0, 1), u32(1000, 0x80000001, 65536))), "damaged"
    ),
    "a duration that is no number": _lasting(float("nan")),
    "an infinite duration": _lasting(float("inf")),
    "a negative duration": _lasting(-5.0),
    "a matroska's clock that stands still": Case(film(head=info(scale=0)), None),
    "a matroska's clock of centuries": Case(film(head=info(scale=1 << 62)), "damaged"),
    "frames eleven hours apart in a film of one second": _far_apart(11, struct.pack(">d", 1000)),
    "frames thirteen hours apart": _far_apart(13, struct.pack(">d", 0)),
    "an avi's clock that stands still": _ticking((0, 0), None),
    "an avi's clock that races": _ticking((_ENDLESS, 1), None),
    "an avi's clock that crawls": _ticking((1, _ENDLESS), "longer than"),
}
