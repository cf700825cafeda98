"""What is cut out of each shot for a shape: one window that follows, or two that stand together.

Windows are the largest of their shape. A shot in which everybody fits is one window around them;
two people who do not fit are shown one above the other; of more, who talks is shown, and the
picture cuts, never pans, from one to the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from transcoders.subjects.looking import Face, Look, standing_out
from transcoders.subjects.steady import Bounds, steady
from transcoders.subjects.tracks import Track, tracks
from transcoders.subjects.wanted import Piece, Request, Seen, Shape, Window

# Windows a second squared: from rest, half a window's move takes a second and a half.
MOST_ACCELERATION: Final = 0.8
# How far a subject may be off the middle before the camera moves: parts of the window.
_COMFORT: Final = 0.14
_ROUGH_COMFORT: Final = 0.3
_MARGIN: Final = 0.06
# Detectors see brow to chin: a head is wider and higher.
_HEAD: Final = 1.5
_ABOVE, _BELOW = 0.45, 0.25
# Faces stand a little above the middle.
_EYE_LINE: Final = 0.42
_TOGETHER_PART: Final = 0.6
_FITS_PART: Final = 0.9
_LEAST_PIECE_SECONDS: Final = 1.5
_SPLIT_FACES: Final = 3.4
_MOST_ENLARGED: Final = 3.0
# What it costs to cut to somebody else, in samples of looking at the wrong one.
_CUT_COST: Final = 8.0

_Line = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shot:
    """Samples of one shot: frames `begin` to before `end`, looks at every `step`th from `first`."""

    begin: int
    end: int
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """Samples from `first` to before `last` of one shot, and the faces to be kept in each."""

    first: int
    last: int
    faces: tuple[tuple[Face, ...], ...]


def shots(request: Request, looks: Sequence[Look]) -> list[Shot]:
    """The looks, shot by shot; a shot between two looks has the one before it."""
    inside = sorted({cut for cut in request.cuts if 0 < cut < request.frames})
    bounds = [0, *inside, request.frames]
    found = []
    for begin, end in pairwise(bounds):
        first = -(-begin // request.step)
        last = -(-end // request.step)
        seen = looks[first:last] or looks[max(0, first - 1) : first]
        found.append(Shot(begin, end, tuple(seen)))
    return found


def pieces(request: Request, shape: Shape, seen: Sequence[Shot]) -> tuple[Piece, ...]:
    """What is cut out for one shape over the whole clip."""
    half = _half_size(request, shape, seen)
    found: list[Piece] = []
    for shot in seen:
        found += _Cutter(request, shape, shot).pieces(half)
    return tuple(found)


def window_size(request: Request, shape: Shape) -> tuple[int, int]:
    """The largest window of the shape, of even sides."""
    width = min(request.width, request.height * shape.width / shape.height)
    height = min(request.height, request.width * shape.height / shape.width)
    return max(2, int(width / 2 + 1e-9) * 2), max(2, int(height / 2 + 1e-9) * 2)


def _half_size(request: Request, shape: Shape, seen: Sequence[Shot]) -> tuple[int, int] | None:
    """How large each of two windows is, the same all through a clip; None where nobody needs it."""
    faces = [
        face.height * request.height
        for shot in seen
        for look in shot.looks
        if len(look.faces) >= 2
        for face in look.faces
    ]
    if not faces:
        return None
    wide = shape.width / (shape.height / 2)
    least = shape.height / 2 / _MOST_ENLARGED
    height = min(
        max(float(np.percentile(faces, 80)) * _SPLIT_FACES, least),
        request.height,
        request.width / wide,
    )
    return max(2, int(height * wide / 2) * 2), max(2, int(height / 2) * 2)


class _Cutter:
    """One shot, one shape."""

    def __init__(self, request: Request, shape: Shape, shot: Shot) -> None:
        self._request, self._shot = request, shot
        self._size = window_size(request, shape)
        self._people = tracks([look.faces for look in shot.looks])
        self._count = len(shot.looks)

    def pieces(self, half: tuple[int, int] | None) -> list[Piece]:
        """One, or several where the picture cuts between people."""
        shot, people = self._shot, self._people
        if not people:
            return [self._piece(shot.begin, shot.end, "saliency", (self._standing_out(),))]
        everybody = _Run(0, self._count, self._together(people))
        if self._fit(everybody):
            return [self._piece(shot.begin, shot.end, "faces", (self._following(everybody),))]
        pair = self._pair(people[:2], half) if len(people) == 2 else None
        if pair is not None:
            return [self._piece(shot.begin, shot.end, "faces", pair)]
        found = []
        runs = self._turns(people)
        for number, run in enumerate(runs):
            begin = shot.begin if number == 0 else self._frame(run.first)
            end = shot.end if number == len(runs) - 1 else self._frame(run.last)
            found.append(self._piece(begin, end, "faces", (self._following(run),)))
        return found

    def _piece(self, begin: int, end: int, seen: Seen, windows: tuple[Window, ...]) -> Piece:
        whole = self._size == (self._request.width // 2 * 2, self._request.height // 2 * 2)
        return Piece(begin, end, "whole" if whole else seen, windows)

    def _frame(self, sample: int) -> int:
        first = -(-self._shot.begin // self._request.step)
        return min(self._shot.end - 1, (first + sample) * self._request.step)

    def _together(self, people: Sequence[Track]) -> tuple[tuple[Face, ...], ...]:
        return tuple(
            tuple(one.faces[at] for one in people if at in one.faces) for at in range(self._count)
        )

    # --- One window

    def _fit(self, run: _Run) -> bool:
        """Whether everybody's heads are in one window nearly all of the time."""
        request, (width, height) = self._request, self._size
        boxes = [_heads(faces) for faces in run.faces if faces]
        if not boxes:
            return True
        fits = [
            (right - left) * request.width <= width * (1 - _MARGIN)
            and (bottom - top) * request.height <= height * (1 + _MARGIN)
            for left, top, right, bottom in boxes
        ]
        # One head that is larger than any window is as well in the middle of one.
        alone = max(len(faces) for faces in run.faces) == 1
        return alone or sum(fits) >= _FITS_PART * len(fits)

    def _following(self, run: _Run) -> Window:
        request, (width, height) = self._request, self._size
        boxes = [_heads(faces) if faces else None for faces in run.faces]
        xs = [None if box is None else (box[0] + box[2]) / 2 for box in boxes]
        ys = [None if box is None else (box[1] + box[3]) / 2 for box in boxes]
        wide = max((box[2] - box[0] for box in boxes if box), default=0.0) * request.width
        high = max((box[3] - box[1] for box in boxes if box), default=0.0) * request.height
        x = self._line(xs, request.width, width, wide)
        y = self._line(
            [None if at is None else at + (0.5 - _EYE_LINE) * height / request.height for at in ys],
            request.height, height, high,
        )  # fmt: skip
        return Window(width, height, x, y)

    def _line(
        self, seen: Sequence[float | None], length: int, window: int, subject: float
    ) -> tuple[float, ...]:
        room = max(0.0, (window * (1 - _MARGIN) - subject) / 2 / window)
        return self._steady(seen, length, window, min(_COMFORT, room))

    def _steady(
        self, seen: Sequence[float | None], length: int, window: int, comfort: float
    ) -> tuple[float, ...]:
        """The near edge of a window over the samples, in pixels, from where its middle is best."""
        if length - window < 2:
            return ((length - window) / 2,)
        seconds = self._request.step / self._request.fps
        bounds = Bounds(
            low=0.5,
            high=length / window - 0.5,
            acceleration=MOST_ACCELERATION * seconds * seconds,
            comfort=comfort,
        )
        places = np.array([0.0 if at is None else at * length / window for at in seen])
        weights = np.array([0.0 if at is None else 1.0 for at in seen])
        path = steady(places, weights, bounds)
        edges = np.clip((path - 0.5) * window, 0.0, length - window)
        if len(edges) == 1:
            # Whole pixels of colour: what stands still is not blurred.
            return (float(round(edges[0] / 2) * 2),)
        return tuple(round(float(edge), 2) for edge in edges)

    def _standing_out(self) -> Window:
        request, (width, height) = self._request, self._size
        found = []
        before = None
        for look in self._shot.looks:
            found.append(standing_out(look.small, before))
            before = look.small
        smooth = _smoothed([None if one is None else one[0] for one in found])
        down = _smoothed([None if one is None else one[1] for one in found])
        return Window(
            width,
            height,
            self._steady(smooth, request.width, width, _ROUGH_COMFORT),
            self._steady(down, request.height, height, _ROUGH_COMFORT),
        )

    # --- Two windows

    def _pair(
        self, people: Sequence[Track], half: tuple[int, int] | None
    ) -> tuple[Window, Window] | None:
        """Both, the left one above; None where they are not both there, or move about."""
        request, shot = self._request, self._shot
        both = sum(all(at in one.faces for one in people) for at in range(self._count))
        long = (shot.end - shot.begin) / request.fps >= _LEAST_PIECE_SECONDS
        if half is None or not long or both < _TOGETHER_PART * self._count:
            return None
        windows = []
        for one in sorted(people, key=lambda person: person.x):
            x = self._still([f.x for f in one.faces.values()], 0.5, request.width, half[0])
            y = self._still([f.y for f in one.faces.values()], _EYE_LINE, request.height, half[1])
            if x is None or y is None:
                return None
            windows.append(Window(*half, (x,), (y,)))
        return windows[0], windows[1]

    def _still(self, seen: Sequence[float], part: float, length: int, window: int) -> float | None:
        """A window's edge with the middle of what is seen at a part of it; None if it moves."""
        low, middle, high = (float(v) * length for v in np.percentile(seen, (5, 50, 95)))
        if high - low > 0.5 * window:
            return None
        edge = min(max(0.0, middle - part * window), float(length - window))
        return float(int(edge / 2) * 2)

    # --- One of several

    def _turns(self, people: Sequence[Track]) -> list[_Run]:
        """Who is shown when: who is there, is large and talks, with few cuts (Viterbi)."""
        costs = _costs(people, self._count)
        total, came = costs[0].copy(), []
        for row in costs[1:]:
            best = int(total.argmin())
            stay = total <= total[best] + _CUT_COST
            came.append([at if stay[at] else best for at in range(len(people))])
            total = np.minimum(total, total[best] + _CUT_COST) + row
        who = [int(total.argmin())]
        for row in reversed(came):
            who.append(row[who[-1]])
        who.reverse()
        ends = [at for at in range(1, self._count) if who[at] != who[at - 1]]
        return [
            _Run(
                first,
                last,
                tuple(
                    (people[who[first]].faces[at],) if at in people[who[first]].faces else ()
                    for at in range(first, last)
                ),
            )
            for first, last in zip([0, *ends], [*ends, self._count], strict=True)
        ]


def _costs(people: Sequence[Track], count: int) -> _Line:
    """What it costs to show each person in each sample: a row a sample."""
    costs = np.full((count, len(people)), 2.0)
    talk = np.zeros((count, len(people)))
    largest = max(one.area for one in people)
    for column, one in enumerate(people):
        for at in one.faces:
            costs[at, column] = 0.5 * (1 - one.area / largest)
        for at, moved in one.talking().items():
            talk[at, column] = moved
    window = np.ones(7) / 7
    smooth = np.apply_along_axis(np.convolve, 0, talk, window, "same") if count >= 7 else talk
    most = smooth.max(axis=1, keepdims=True)
    costs += np.where(most > 0, 1.0 - smooth / np.maximum(most, 1e-9), 0.0)
    return costs


def _heads(faces: Sequence[Face]) -> tuple[float, float, float, float]:
    """The box around whole heads: left, top, right, bottom, 0 to 1."""
    side = (_HEAD - 1) / 2
    return (
        min(face.left - side * face.width for face in faces),
        min(face.top - _ABOVE * face.height for face in faces),
        max(face.left + (1 + side) * face.width for face in faces),
        max(face.top + (1 + _BELOW) * face.height for face in faces),
    )


def _smoothed(seen: Sequence[float | None]) -> list[float | None]:
    """The median of about two seconds: what stands out in one frame may not in the next."""
    found: list[float | None] = []
    for at in range(len(seen)):
        near = [one for one in seen[max(0, at - 5) : at + 6] if one is not None]
        found.append(float(np.median(near)) if near else None)
    return found
