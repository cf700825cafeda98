"""Where the media lies in a file, from the sizes that its outermost boxes or elements state.

Nothing inside them is read. A file has a layout only where one index tells all of its packets:
an MP4 that is not made of fragments (ISO/IEC 14496-12, 4.2), a Matroska with cues (RFC 9559, 5.1).
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_MOST_ELEMENTS: Final = 200_000

_NO_SIZE: Final = 0xFFFFFF00

# Of a cluster: what comes before a keyframe that is said to be at its beginning.
_EARLY_PART: Final = 1 / 8

_SEGMENT: Final = 0x18538067
_CLUSTER: Final = 0x1F43B675
_CUES: Final = 0x1C53BB6B

_Extents = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Layout:
    """The first byte of all media, and the byte behind the last.

    `pieces` are where parts begin that a reader has to begin at, and end: a Matroska's clusters.
    `separate` says that what lies in between has to be read, too.
    """

    begin: int
    end: int
    pieces: tuple[tuple[int, int], ...] = ()
    separate: bool = False

    def entry(self, place: int) -> int | None:
        """Where to begin reading for a packet at that place; None where much else comes before."""
        if not self.pieces:
            return place
        number = bisect_right(self.pieces, place, key=lambda piece: piece[0]) - 1
        begin, end = self.pieces[max(0, number)]
        return begin if 0 <= place - begin <= (end - begin) * _EARLY_PART else None


def layout_of(path: Path, demuxer: str) -> Layout | None:
    """The layout of an indexed file; None where there is none, or where its sizes do not fit."""
    size = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        if demuxer == "mov":
            return _mov(file, size)
        if demuxer == "matroska":
            return _matroska(file, size)
    return None


def promised_bytes(path: Path, demuxer: str) -> int | None:
    """How long a file says that it is, where its packets alone would not tell that it was cut.

    The durations of an AVI are guessed from the bytes that are there.
    """
    if demuxer != "avi":
        return None
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8)[4:], "little")
    # Recorders that were stopped hard, and those that write more than 4 GB, say nothing of use.
    return 8 + size if 0 < size < _NO_SIZE else None


def _mov(file: BinaryIO, size: int) -> Layout | None:
    media, index = [], []
    for kind, begin, inside, end in _boxes(file, size):
        if kind == b"moof":
            return None
        if kind == b"moov":
            index.append((begin, end))
        elif kind == b"mdat":
            media.append((inside, end))
    # The boxes' own heads are needed to find the way from one to the next.
    return _around(media, index, separate=len(media) > 1)


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Type, first byte, first byte inside and end of each box, as far as they fit together."""
    at = 0
    for _ in range(_MOST_ELEMENTS):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        length, header = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, header = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = size - at
        if length < header:
            return
        yield head[4:8], at, at + header, min(at + length, size)
        at += length


def _matroska(file: BinaryIO, size: int) -> Layout | None:
    media, index = [], []
    for kind, begin, end in _elements(file, size):
        if kind == _CUES:
            index.append((begin, end))
        elif kind == _CLUSTER:
            media.append((begin, end))
    return _around(media, index, pieces=tuple(media))


def _around(
    media: _Extents,
    index: _Extents,
    *,
    pieces: tuple[tuple[int, int], ...] = (),
    separate: bool = False,
) -> Layout | None:
    """All media, with the index before or behind it."""
    if not media or not index:
        return None
    found = Layout(media[0][0], media[-1][1], pieces, separate)
    outside = all(end <= found.begin or begin >= found.end for begin, end in index)
    return found if outside else None


def _elements(file: BinaryIO, size: int) -> Iterator[tuple[int, int, int]]:
    """Id, first byte and end of each element of the segment, until one has no size."""
    at = 0
    for _ in range(_MOST_ELEMENTS):
        file.seek(at)
        head = file.read(12)
        kind, used = _number(head, keep_marker=True)
        length, more = _number(head[used:], keep_marker=False)
        if not used or not more:
            return
        inside = at + used + more
        if kind == _SEGMENT:
            at = inside
            continue
        if length == (1 << 7 * more) - 1 or inside + length > size:
            return
        yield kind, at, inside + length
        at = inside + length


def _number(head: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """An EBML number of variable length and its length in bytes; 0 bytes where there is none."""
    if not head or head[0] == 0:
        return 0, 0
    length = 9 - head[0].bit_length()
    if len(head) < length:
        return 0, 0
    value = int.from_bytes(head[:length], "big")
    return (value if keep_marker else value & ((1 << 7 * length) - 1)), length
