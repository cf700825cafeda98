"""Packets in the order in which they are stored, held against the frames that they must be."""

from array import array
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from core.errors import Retryable
from core.renditions import Grid

# Pictures are stored in another order than they are shown in, by this many at most (H.264, A.3.1;
# AV1 shows one for each that is stored).
_MOST_REORDERED: Final = 17


class OutputWrong(Retryable):
    """What was made is not what was to be made: never the input's fault, so worth another try."""

    code = "output_wrong"


class FrameSequence:
    """State of a picture's packets on their way: which frames have come, and what is expected.

    Frames come in the order in which they are decoded; memory does not grow with their number.
    """

    def __init__(self, grid: Grid, boundaries: Collection[int] = ()) -> None:
        """`boundaries` are frames that must be keyframes beside every first one of a group."""
        self._grid, self._boundaries = grid, frozenset(boundaries)
        self._next = 0
        self._early: set[int] = set()
        self.first_pts = self.ticks = self.end_pts = 0
        self.group_bytes = array("q", bytes(8 * -(-grid.frames // grid.gop_frames)))

    @property
    def waiting(self) -> int:
        """How many frames have come before one that is shown earlier."""
        return len(self._early)

    def take(self, pts: int, duration: int, size: int, *, key: bool) -> None:
        """Take a packet in. Raises OutputWrong where it is not the frame that it should be."""
        if not self._next and not self._early:
            # A group's first frame is the first in any order.
            self.first_pts, self.ticks = pts, max(1, duration)
        frame, off = divmod(pts - self.first_pts, self.ticks)
        if off:
            raise OutputWrong(f"a frame after frame {frame} is not at a frame's time")
        if frame < self._next or frame in self._early:
            raise OutputWrong(f"frame {frame} comes twice")
        if frame >= self._grid.frames:
            raise OutputWrong(f"there is a frame {frame} after the last, {self._grid.frames - 1}")
        self._check_key(frame, key)
        self.group_bytes[frame // self._grid.gop_frames] += size
        self.end_pts = max(self.end_pts, pts - self.first_pts + duration)
        self._early.add(frame)
        while self._next in self._early:
            self._early.remove(self._next)
            self._next += 1
        if len(self._early) > _MOST_REORDERED:
            raise OutputWrong(f"frame {self._next} is missing")

    def _check_key(self, frame: int, key: bool) -> None:
        wanted = frame % self._grid.gop_frames == 0 or frame in self._boundaries
        if wanted and not key:
            raise OutputWrong(f"frame {frame} should be a keyframe and is not")
        if key and not wanted:
            raise OutputWrong(f"frame {frame} is a keyframe and should not be")
        if key and (frame != self._next or self._early):
            missing = f"frame {self._next} is missing or stored behind it"
            raise OutputWrong(f"the group before keyframe {frame} is not closed: {missing}")

    def finish(self, time_base: Fraction) -> None:
        """Raises OutputWrong where the whole is not the grid's; `time_base` in seconds."""
        if self.first_pts != 0:
            seconds = float(self.first_pts * time_base)
            raise OutputWrong(f"the picture begins at {seconds:.6f} s, not at 0")
        if self._next < self._grid.frames:
            raise OutputWrong(f"frame {self._next} of {self._grid.frames} is missing")
        if self.ticks * time_base * self._grid.fps != 1:
            found = float(1 / (self.ticks * time_base))
            raise OutputWrong(f"it has {found:.5f} frames a second, not {self._grid.rate}")
        if self.end_pts != self._grid.frames * self.ticks:
            seconds = float(self.end_pts * time_base)
            raise OutputWrong(f"the picture lasts {seconds:.6f} s, not {self._grid.seconds:.6f}")


@dataclass(slots=True)
class SoundSequence:
    """State of a sound track's packets on their way: each must begin where the last ended."""

    first: int | None = None
    end: int = 0

    def take(self, pts: int, duration: int) -> None:
        """Take a packet in. Raises OutputWrong where it leaves a gap or overlaps."""
        if self.first is None:
            self.first = pts
        elif pts != self.end:
            what = "a gap" if pts > self.end else "an overlap"
            raise OutputWrong(f"the sound has {what} at {self.end} (in samples)")
        self.end = pts + duration
