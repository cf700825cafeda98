"""How an MP4 or QuickTime file is laid out, from its boxes' heads; any file, and none is trusted.

Only heads are read, and of edit lists their first entry: within a bound whatever a file says.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

# Ten times what a film with many tracks has in the places that are looked at.
_MOST_BOXES: Final = 10_000
_MEDIA: Final = (b"mdat", b"moof")
_TO_TRACKS: Final = (b"moov", b"trak", b"edts")


@dataclass(frozen=True, slots=True)
class MovFacts:
    """`index_first`: the index (`moov`) stands before the media.

    `plain_timeline`: no edit list moves a track or cuts something off it. One that plays it all
    from its first sample on does nothing, and is none.
    """

    index_first: bool
    plain_timeline: bool


def mov_facts(path: Path, demuxer: str) -> MovFacts | None:
    """The facts of a file; None where it is of another kind."""
    if demuxer != "mov":
        return None
    with path.open("rb") as file:
        return _read(file, path.stat().st_size)


def _read(file: BinaryIO, size: int) -> MovFacts:
    """Whatever does not fit together counts as a fault, so that the file is packaged again."""
    first, plain = None, True
    left = iter(range(_MOST_BOXES))
    parts = [(0, size)]
    while parts:
        begin, end = parts.pop()
        for kind, inside, after in _boxes(file, begin, end):
            if next(left, None) is None:
                return MovFacts(first is True, plain_timeline=False)
            if begin == 0 and first is None and kind in (*_MEDIA, b"moov"):
                first = kind == b"moov"
            if kind in _TO_TRACKS:
                parts.append((inside, after))
            elif kind == b"elst":
                plain = plain and _does_nothing(file, inside, after)
    return MovFacts(first is True, plain)


def _boxes(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Type, first byte of the contents and end of the boxes side by side in a part of a file."""
    at = begin
    while at + 8 <= end:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        length, header = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, header = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = end - at
        if length < header:
            return
        yield head[4:8], at + header, min(at + length, end)
        at += length


def _does_nothing(file: BinaryIO, inside: int, after: int) -> bool:
    """Whether an edit list has one entry, which begins with the track's own beginning."""
    file.seek(inside)
    content = file.read(min(after - inside, 28))
    form = ">Qq" if content[:1] == b"\x01" else ">Ii"
    if len(content) < 8 + struct.calcsize(form):
        return False
    (count,) = struct.unpack_from(">I", content, 4)
    _, begin = struct.unpack_from(form, content, 8)
    return bool(count == 1 and begin == 0)
