"""The boxes of an MP4 (ISO/IEC 14496-12): where they are, and what the tables of a track say.

Only files that our own programs wrote are read, so that what does not fit together is a failure of
theirs: ValueError.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

# An index of 12 hours at 60 frames a second has 40 MB.
_MOST_INDEX_BYTES: Final = 256 << 20
_MOST_FRAMES: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class Box:
    """A box: bytes `begin` to `end` of a file, what is inside of it from `inside` on."""

    kind: bytes
    begin: int
    inside: int
    end: int


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """What a track of pictures says of itself.

    `sample_entry` is its codec's four letters, `configuration` that codec's record (parameter
    sets), `timescale` ticks a second, `durations` runs of (frames, ticks), `shifts` for each frame
    the ticks from its place in storage to its place in showing, `edit` the ticks cut off first.
    """

    sample_entry: str
    configuration: bytes
    width: int
    height: int
    timescale: int
    durations: tuple[tuple[int, int], ...]
    shifts: tuple[tuple[int, int], ...]
    edit: int

    @property
    def frames(self) -> int:
        """How many pictures there are."""
        return sum(count for count, _ in self.durations)


@contextmanager
def complete() -> Iterator[None]:
    """Turns reading past the end of a box into ValueError."""
    try:
        yield
    except (struct.error, IndexError) as error:
        raise ValueError("a box is cut short") from error


def outer(file: BinaryIO, begin: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes side by side in a part of a file; contents are not read."""
    at = begin
    while end is None or at < end:
        file.seek(at)
        head = file.read(16)
        if not head:
            return
        box = _box(head, 0, at)
        yield box
        at = box.end


def inner(data: bytes, path: str) -> Iterator[bytes]:
    """The contents of every box of that path, such as `trak/mdia`, inside of a box."""
    kind, _, rest = path.partition("/")
    at = 0
    while at + 8 <= len(data):
        box = _box(data, at, at)
        if box.kind == kind.encode():
            content = data[box.inside : box.end]
            if rest:
                yield from inner(content, rest)
            else:
                yield content
        at = box.end


def first(data: bytes, path: str) -> bytes:
    """The first box of that path; ValueError where there is none."""
    for content in inner(data, path):
        return content
    raise ValueError(f"there is no box {path}")


def _box(data: bytes, at: int, place: int) -> Box:
    """The box whose head is at `at` of what was read, and at `place` of the whole."""
    if len(data) < at + 8:
        raise ValueError("a box is cut short")
    size, kind = struct.unpack_from(">I4s", data, at)
    head = 8
    if size == 1:
        if len(data) < at + 16:
            raise ValueError("a box is cut short")
        (size,), head = struct.unpack_from(">Q", data, at + 8), 16
    if size < head:
        raise ValueError("a box has no size")
    return Box(kind, place, place + head, place + size)


def index(path: Path) -> bytes:
    """The contents of a file's `moov` box."""
    with path.open("rb") as file:
        for box in outer(file):
            if box.kind == b"moov":
                if box.end - box.begin > _MOST_INDEX_BYTES:
                    raise ValueError("the index is too large")
                file.seek(box.inside)
                return file.read(box.end - box.inside)
    raise ValueError("there is no index")


def tracks(movie: bytes, handler: str) -> list[bytes]:
    """The tracks of one kind in a `moov`: `vide` or `soun`."""
    return [
        track
        for track in inner(movie, "trak")
        if first(track, "mdia/hdlr")[8:12] == handler.encode()
    ]


def sample_count(track: bytes) -> int:
    """How many packets a track has."""
    (count,) = struct.unpack_from(">I", first(track, "mdia/minf/stbl/stsz"), 8)
    return int(count)


# The record with the parameter sets of each codec (ISO/IEC 14496-15; AV1 in ISO-BMFF, 2.3).
_RECORDS: Final = {"avc1": "avcC", "hvc1": "hvcC", "hev1": "hvcC", "av01": "av1C"}
# Of a VisualSampleEntry (ISO/IEC 14496-12, 12.1.3), up to the boxes in it.
_VISUAL_BYTES: Final = 78


def video_track(path: Path) -> VideoTrack:
    """The track of pictures of a plain MP4; sound beside it does not matter."""
    with complete():
        found = tracks(index(path), "vide")
        if len(found) != 1:
            raise ValueError(f"there are {len(found)} pictures")
        media = first(found[0], "mdia")
        table = first(media, "minf/stbl")
        # Version, flags and a count; then the size and the four letters of one entry.
        described = first(table, "stsd")[8:]
        entry, visual = described[4:8].decode("latin-1"), described[8:]
        width, height = struct.unpack_from(">HH", visual, 24)
        video = VideoTrack(
            sample_entry=entry,
            configuration=first(visual[_VISUAL_BYTES:], _RECORDS.get(entry, "esds")),
            width=width,
            height=height,
            timescale=timescale(media),
            durations=_runs(first(table, "stts"), ">II"),
            shifts=_shifts(table),
            edit=_edit(found[0]),
        )
        if video.frames != sample_count(found[0]) or video.frames > _MOST_FRAMES:
            raise ValueError("its tables tell of different numbers of frames")
        return video


def timescale(media: bytes) -> int:
    """Ticks a second, from a `mdia`."""
    header = first(media, "mdhd")
    (ticks,) = struct.unpack_from(">I", header, 20 if header[0] else 12)
    return int(ticks)


def _shifts(table: bytes) -> tuple[tuple[int, int], ...]:
    for content in inner(table, "ctts"):
        return _runs(content, ">Ii" if content[0] else ">II")
    return ()


def _runs(content: bytes, form: str) -> tuple[tuple[int, int], ...]:
    (count,) = struct.unpack_from(">I", content, 4)
    return tuple(struct.iter_unpack(form, content[8 : 8 + 8 * count]))


def _edit(track: bytes) -> int:
    """Ticks that an edit list cuts off; ValueError where it does anything else."""
    for content in inner(track, "edts/elst"):
        (count,) = struct.unpack_from(">I", content, 4)
        _, begin = struct.unpack_from(">Qq" if content[0] else ">Ii", content, 8)
        if count != 1 or begin < 0:
            raise ValueError("the edit list does more than to begin later")
        return int(begin)
    return 0
