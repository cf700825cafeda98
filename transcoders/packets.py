"""What a file's packets tell that its headers do not, or lie about: read, never decoded.

A small file is read whole. Of a larger one with an index only its beginning, its end and one
keyframe at every few seconds are, so that the cost follows the duration and not the bytes.
"""

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from core.media import SeekIndex, SeekPoint
from core.process import LimitReached
from transcoders.layout import Layout

WHOLE_BYTES: Final = 48 << 20
HEAD_SECONDS: Final = 12
# Without an index a look elsewhere costs a search.
UNINDEXED_HEAD_SECONDS: Final = 120
MOST_PACKETS: Final = 6_000_000

_LOOK_SECONDS: Final = 2.5
_LOOK_ROUNDING: Final = 0.002
_MOST_LOOKS: Final = 2000
_POINT_SECONDS: Final = 5.0
_FIRST_BYTES: Final = 1 << 20

# Pictures are stored in another order than they are shown in, by this many at most (H.264, A.3.1).
_REORDERED: Final = 16


@dataclass(slots=True)
class Packets:
    """Packets of one stream in the order in which they were read, as far as they have a time.

    Seconds on the file's own clock; positions in bytes, -1 where unknown.
    """

    times: "array[float]" = field(default_factory=lambda: array("d"))
    lengths: "array[float]" = field(default_factory=lambda: array("d"))
    places: "array[int]" = field(default_factory=lambda: array("q"))
    keys: bytearray = field(default_factory=bytearray)

    def add(self, time: float, length: float, place: int, *, key: bool) -> None:
        """Take one packet in."""
        self.times.append(time)
        self.lengths.append(length)
        self.places.append(place)
        self.keys.append(key)

    def keyframes(self) -> list[tuple[float, int]]:
        """Times and places of keyframes, each once, by time."""
        marked = zip(self.times, self.places, self.keys, strict=True)
        return sorted({(time, place) for time, place, key in marked if key})


class PacketReader:
    """Takes in ffprobe's lines of `stream_index,pts_time,duration_time,pos,flags,…`.

    What follows are the names of what comes along with a packet.
    """

    def __init__(self) -> None:
        self.streams: dict[int, Packets] = {}
        self.encrypted = False
        self._read = 0

    def line(self, line: str) -> None:
        """Take one line in. Raises LimitReached."""
        self._read += 1
        if self._read > MOST_PACKETS:
            raise LimitReached("more packets than any real file has", limit="output")
        try:
            stream, time, length, place, flags, *rest = line.split(",")
            self.encrypted = self.encrypted or "Encryption info" in rest
            if flags[1:2] == "D":
                # Before the beginning that an edit list sets: read to be decoded, never shown.
                return
            packets = self.streams.setdefault(int(stream), Packets())
            packets.add(
                float(time),
                0.0 if length == "N/A" else float(length),
                -1 if place == "N/A" else int(place),
                key=flags.startswith("K"),
            )
        except ValueError:
            # A packet without a time is shown together with another one.
            return

    def of(self, stream: int) -> Packets:
        """The packets of a stream; none where it has none."""
        return self.streams.get(stream, Packets())


def head() -> str:
    """The `-read_intervals` for ffprobe of the beginning of a file that is dear to seek in."""
    return f"%+{UNINDEXED_HEAD_SECONDS}"


def head_and_end(begin: float, seconds: float) -> str:
    """The same of the first seconds, and of all from the last keyframe on.

    Seeking behind the end leads to that keyframe.
    """
    return f"%+{HEAD_SECONDS},{begin + seconds + 1:.3f}%"


def looks(begin: float, seconds: float) -> str:
    """The same of one packet every few seconds, each the keyframe before."""
    step = look_step(seconds)
    return ",".join(f"{begin + n * step:.3f}%+#1" for n in range(int(seconds / step) + 1))


def look_step(seconds: float) -> float:
    """Seconds between two looks."""
    return max(_LOOK_SECONDS, seconds / _MOST_LOOKS)


def end_of(packets: Packets, frame: float) -> float:
    """When the last picture has been shown; one that does not say how long it lasts has `frame`."""
    ends = zip(packets.times, packets.lengths, strict=True)
    return max((time + (length or frame) for time, length in ends), default=0.0)


def longest_step(runs: Iterable[Sequence[float]]) -> float:
    """The longest time from one frame to the next."""
    return max((b - a for times in runs for a, b in pairwise(times)), default=math.inf)


def longest_gop(packets: Packets, *, whole: bool = True) -> float | None:
    """Seconds between keyframes at most; None where nothing tells. The last packet ends a group.

    Where it is not the whole file, the beginning of it.
    """
    times = packets.times if whole else packets.times[: _head_end(packets)]
    keys = [time for time, key in zip(times, packets.keys, strict=False) if key]
    if not keys:
        return None
    return round(max(b - a for a, b in pairwise([*sorted(keys), max(times)])), 3)


def last_gop(packets: Packets) -> float | None:
    """Seconds from the last keyframe to the end."""
    keys = packets.keyframes()
    return round(max(packets.times) - keys[-1][0], 3) if keys else None


def longest_seen_gop(looked: Packets, begin: float, seconds: float) -> float | None:
    """The same from looks, as far as it is certain; it may be longer by less than a step.

    Of two keyframes that were found one after the other, the first was before the last look that
    did not lead to the second.
    """
    step = look_step(seconds)
    keys = [time for time, _ in looked.keyframes()]
    # A look within the rounding of its time may have led to the second already.
    counts = (math.ceil((b - begin - _LOOK_ROUNDING) / step) - 1 for b in keys[1:])
    last_looks = (begin + count * step for count in counts)
    sure = max((look - a for look, a in zip(last_looks, keys, strict=False)), default=0.0)
    return round(sure, 3) if sure > 0 else None


def runs(packets: Packets, *, whole: bool, to_end: bool) -> tuple[list[float], ...]:
    """Times of frames that follow each other without a gap in reading, in the order of showing."""
    if whole:
        return (sorted(packets.times),)
    cut = _head_end(packets) if to_end else len(packets.times)
    # Where reading stopped, pictures are missing that are stored late and shown early.
    return sorted(packets.times[:cut])[:-_REORDERED], sorted(packets.times[cut:])


def _head_end(packets: Packets) -> int:
    """Where the first stretch ends: at a time past it, or a place that was read before."""
    times, places = packets.times, packets.places
    until = times[0] + HEAD_SECONDS
    numbers = range(1, len(times))
    ends = (at for at in numbers if times[at] >= until or places[at] <= places[at - 1])
    return next(ends, len(times))


def seek_index(
    keyframes: Sequence[tuple[float, int]], begin: float, layout: Layout
) -> SeekIndex | None:
    """Keyframes a few seconds apart, in seconds from the source's beginning.

    What counts as before all media includes the first packets: a reader looks at them, wherever it
    is to seek to, to learn what kind of pictures they are.
    """
    points: list[SeekPoint] = []
    for time, place in keyframes:
        seconds, entry = round(time - begin, 6), layout.entry(place)
        far = not points or seconds - points[-1].seconds >= _POINT_SECONDS
        if far and entry is not None:
            points.append(SeekPoint(seconds=seconds, offset=entry))
    if not points:
        return None
    places = [place for _, place in keyframes]
    inside = all(layout.begin <= place < layout.end for place in places)
    rising = all(a < b for a, b in pairwise(places))
    first = min(layout.begin + _FIRST_BYTES, *(point.offset for point in points[1:2]), layout.end)
    return SeekIndex(
        points=tuple(points),
        begin=max(layout.begin, first),
        end=layout.end,
        ordered=inside and rising and not layout.separate,
    )
