"""The parts of a fragmented MP4, from its own index (ISO/IEC 14496-12, 8.8 and 8.16).

A file of one track: a header (`ftyp`, `moov`), an index (`sidx`) of all fragments, the fragments
(`moof`, `mdat`). What does not fit together is a ValueError.
"""

import struct
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import BinaryIO, Final

from transcoders import boxes
from transcoders.boxes import Box

_NOT_SYNC: Final = 0x10000


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes of the file and ticks of its time."""

    offset: int
    bytes: int
    ticks: int


@dataclass(frozen=True, slots=True)
class Fragmented:
    """A file's header (its first bytes), and what is behind it in order.

    Of pictures each fragment begins with a keyframe, whose bytes lead from the fragment's beginning
    to the frame's own end: what a player needs to show it alone. A track of sound has none.
    """

    timescale: int
    header_bytes: int
    fragments: tuple[Span, ...]
    keyframes: tuple[Span, ...]

    @property
    def ticks(self) -> int:
        """How long all fragments last."""
        return sum(fragment.ticks for fragment in self.fragments)


def read(path: Path) -> Fragmented:
    """The index of a file, held against the fragments that are really there."""
    movie, header = b"", 0
    fragments: tuple[Span, ...] = ()
    with boxes.complete(), path.open("rb") as file:
        for box in boxes.outer(file):
            if box.kind == b"moov":
                movie, header = _content(file, box), box.end
            elif box.kind == b"sidx":
                fragments = _indexed(_content(file, box), box.end)
                break
        usual = boxes.first(movie, "mvex/trex")
        # Every frame of sound can be begun with, and the first of them are not heard.
        pictures = fragments if boxes.tracks(movie, "vide") else ()
        keyframes = tuple(_keyframe(file, fragment, usual) for fragment in pictures)
        scale = boxes.timescale(boxes.first(movie, "trak/mdia"))
    if not fragments or fragments[-1].offset + fragments[-1].bytes != path.stat().st_size:
        raise ValueError("the index does not lead to the end of the file")
    return Fragmented(scale, header, fragments, keyframes)


def _content(file: BinaryIO, box: Box) -> bytes:
    file.seek(box.inside)
    return file.read(box.end - box.inside)


def _indexed(table: bytes, end: int) -> tuple[Span, ...]:
    """The entries of a `sidx` that ends at byte `end`."""
    form, at = (">QQ", 28) if table[0] else (">II", 20)
    _, gap = struct.unpack_from(form, table, 12)
    (count,) = struct.unpack_from(">H", table, at + 2)
    offset, spans = end + gap, []
    for size, ticks, _ in struct.iter_unpack(">III", table[at + 4 : at + 4 + 12 * count]):
        # The highest bit would say that the entry leads to another index.
        if size >> 31:
            raise ValueError("the index has several levels")
        spans.append(Span(offset, size, ticks))
        offset += size
    if len(spans) != count:
        raise ValueError("the index is incomplete")
    return tuple(spans)


def _keyframe(file: BinaryIO, fragment: Span, usual: bytes) -> Span:
    """The first frame of a fragment; its ticks are those of the whole."""
    head, *rest = boxes.outer(file, fragment.offset, fragment.offset + fragment.bytes)
    if head.kind != b"moof" or [box.kind for box in rest] != [b"mdat"]:
        raise ValueError("the index leads to something else than a fragment")
    size, ticks, sync = _run(_content(file, head), usual)
    if ticks != fragment.ticks or not sync:
        raise ValueError("a fragment has no keyframe, or another length than the index says")
    return Span(fragment.offset, size, ticks)


def _run(fragment: bytes, usual: bytes) -> tuple[int, int, bool]:
    """Bytes to the end of the first frame, ticks of all, and whether the first is a keyframe."""
    header = boxes.first(fragment, "traf/tfhd")
    said = int.from_bytes(header[1:4], "big")
    at = 8 + (8 if said & 1 else 0) + (4 if said & 2 else 0)
    # Version, flags, track, description; then defaults of duration, size and flags.
    usual_ticks, usual_bytes, usual_flags = struct.unpack_from(">III", usual, 12)
    if said & 0x8:
        (usual_ticks,), at = struct.unpack_from(">I", header, at), at + 4
    if said & 0x10:
        (usual_bytes,), at = struct.unpack_from(">I", header, at), at + 4
    if said & 0x20:
        (usual_flags,) = struct.unpack_from(">I", header, at)
    (run,) = boxes.inner(fragment, "traf/trun")
    has = int.from_bytes(run[1:4], "big")
    count, begin = struct.unpack_from(">Ii", run, 4)
    at = 12
    if has & 0x4:
        (usual_flags,), at = struct.unpack_from(">I", run, at), at + 4
    fields = [flag for flag in (0x100, 0x200, 0x400, 0x800) if has & flag]
    width = 4 * len(fields)
    if not has & 1 or not count or len(run) != at + width * count:
        raise ValueError("a fragment is incomplete")
    rows = struct.iter_unpack(f">{'I' * len(fields)}", run[at:]) if fields else repeat((), count)
    table = list(rows)
    first = dict(zip(fields, table[0], strict=True))
    ticks = sum(row[0] for row in table) if has & 0x100 else usual_ticks * count
    flags = first.get(0x400, usual_flags)
    return begin + first.get(0x200, usual_bytes), ticks, not flags & _NOT_SYNC
