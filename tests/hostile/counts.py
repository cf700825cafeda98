"""Files whose sizes and counts lie: endless tables, deep nests, thousands of streams, bombs."""

import struct
import zlib
from typing import Final

from tests.hostile.case import FRAME_MS, Case, Make, Sample, film, of
from tests.hostile.forging import (
    block,
    box,
    boxes,
    cluster,
    edited,
    element,
    info,
    matroska,
    number,
    table,
    track,
    tracks,
    ts_packet,
    ts_section,
    u32,
)

_STBL: Final = "moov/trak/mdia/minf/stbl"
_ENDLESS: Final = 0xFFFFFFFF
_HEAD: Final = box(b"ftyp", b"qt  ", u32(0))


def _nested(_: Sample) -> bytes:
    inside = b""
    for _level in range(500):
        inside = box(b"moov", box(b"trak", inside))
    return _HEAD + inside + box(b"mdat", bytes(64))


def _compressed_index(_: Sample) -> bytes:
    size = 1 << 26
    packer = zlib.compressobj(6)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()
    index = box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", u32(size), packed))
    return _HEAD + box(b"moov", index) + box(b"mdat", bytes(64))


def _compressed_blocks(sample: Sample) -> bytes:
    """Each unpacks to nine megabytes, a thousand times its size."""
    bomb = zlib.compress(bytes(9 << 20), 9)
    packing = element(
        0x6240, number(0x5031, 0), number(0x5032, 1), element(0x5034, number(0x4254, 0))
    )
    entry = track(element(0x6D80, packing))
    picture = zlib.compress(sample("tiny.jpg").read_bytes())
    blocks = [block(bomb, time=FRAME_MS * count) for count in range(1, 20)]
    return matroska(info(), tracks(entry), cluster(0, block(picture), *blocks))


def _many_tracks(data: bytes) -> bytes:
    index = dict(boxes(data))[b"moov"]
    one = next(payload for kind, payload in boxes(index) if kind == b"trak")
    return edited(data, "moov", lambda inside: inside + box(b"trak", one) * 3000)


def _many_entries(sample: Sample) -> bytes:
    entries = (track(at=place) for place in range(1, 5000))
    return matroska(info(), tracks(*entries), cluster(0, block(sample("tiny.jpg").read_bytes())))


def _programs(_: Sample) -> bytes:
    """Three thousand programs in a transport stream, with 180 streams each."""
    made = b""
    for first in range(1, 3001, 250):
        programs = range(first, first + 250)
        body = b"".join(struct.pack(">HH", each, 0xE000 | 0x20 + each) for each in programs)
        made += _sections(0, ts_section(0, 1, body))
    streams = b"".join(struct.pack(">BHH", 0x1B, 0xE000 | pid, 0xF000) for pid in range(5000, 5180))
    for program in range(1, 3000, 50):
        section = ts_section(2, program, struct.pack(">HH", 0xE101, 0xF000) + streams)
        made += _sections(0x20 + program, section)
    return made


def _sections(pid: int, section: bytes) -> bytes:
    parts = [section[at : at + 184] for at in range(0, len(section), 184)]
    return b"".join(
        ts_packet(pid, part, start=count == 0, counter=count) for count, part in enumerate(parts)
    )


def _endless_runs(data: bytes) -> bytes:
    return edited(data, "moof/traf/trun", lambda run: run[:4] + u32(_ENDLESS) + run[8:])


def _without_sizes(sample: Sample) -> bytes:
    frames = [block(sample("tiny.jpg").read_bytes(), time=FRAME_MS * place) for place in range(25)]
    return matroska(info(), tracks(track()), cluster(0, *frames, size=-1), size=-1)


def _only(*segment: bytes) -> Make:
    return lambda _: matroska(info(), tracks(track()), *segment)


COUNTS: Final[dict[str, Case]] = {
    "four thousand million samples": Case(
        of("tiny.mov", table(f"{_STBL}/stsz", u32(0, 1, _ENDLESS))), "damaged"
    ),
    "four thousand million times": Case(
        of("tiny.mov", table(f"{_STBL}/stts", u32(0, 1, _ENDLESS, 1))), None
    ),
    "a table longer than the file": Case(
        of("tiny.mov", table(f"{_STBL}/stco", u32(0, 0x10000000, 48))), "damaged"
    ),
    "media far behind the end": Case(
        of("tiny.mov", table(f"{_STBL}/stco", u32(0, 1, 0xFFFFFFF0))), "damaged"
    ),
    "a box that is larger than its parent": Case(
        lambda _: _HEAD + box(b"moov", u32(1 << 30) + b"trak"), "no picture"
    ),
    "a box of no size": Case(lambda _: _HEAD + u32(1) + b"moov" + bytes(8), "damaged"),
    "boxes a thousand deep": Case(_nested, "damaged"),
    "a film that is its own fragment without end": Case(
        of("fragments.mp4", _endless_runs), "damaged"
    ),
    "an index that unpacks to a thousand times its size": Case(_compressed_index, "damaged"),
    "blocks that unpack to a thousand times their size": Case(_compressed_blocks, None),
    "a matroska without sizes": Case(_without_sizes, None),
    "lacing without end": Case(
        _only(cluster(0, *[block(b"\xff" * 4000, flags=0x86)] * 50)), "damaged"
    ),
    "an element of an exabyte": Case(
        _only(element(0x1F43B675, bytes(64), size=1 << 55)), "damaged"
    ),
    "clusters a thousand deep": Case(_only(b"\x1f\x43\xb6\x75\x01" + b"\xff" * 7), "damaged"),
    "a hundred thousand tags": Case(
        film(
            element(0x1254C367, element(0x7373, element(0x67C8, element(0x45A3, b"a"))) * 100_000)
        ),
        None,
    ),
    "three thousand tracks in an mp4": Case(of("tiny.mov", _many_tracks), "more than 64 streams"),
    "five thousand tracks in a matroska": Case(_many_entries, "more than 64 streams"),
    "three thousand programs": Case(_programs, "more than 64 streams"),
}
