"""Where a window is at each frame: uniform quadratic B-splines, evaluated or told to ffmpeg. Pure.

A spline stays between its least and its greatest control point, and its acceleration is their
second difference: what holds for the points holds for every frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from transcoders.subjects.wanted import Piece


@dataclass(frozen=True, slots=True)
class Span:
    """Frames `begin` to before `end`: `a + b n + c n²`, with n counted from `begin`."""

    begin: int
    end: int
    a: float
    b: float = 0.0
    c: float = 0.0

    def at(self, frame: int) -> float:
        """The value at a frame."""
        n = frame - self.begin
        return self.a + self.b * n + self.c * n * n


def spans(points: Sequence[float], begin: int, end: int, step: int) -> list[Span]:
    """The polynomials of a spline whose points lie `step` frames apart from `begin` on."""
    if len(points) == 1 or end - begin <= 1:
        return [Span(begin, end, points[0])]
    # Beyond its ends the spline goes on straight, so that it begins and ends on its points.
    first, last = 2 * points[0] - points[1], 2 * points[-1] - points[-2]
    line = [first, *points, last]
    found: list[Span] = []
    for number in range(len(points)):
        middle = begin + number * step
        start = max(begin, -((step // 2) - middle))
        stop = min(end, middle + step - step // 2)
        if number == len(points) - 1:
            stop = end
        if start >= stop:
            continue
        before, here, after = line[number : number + 3]
        # In u, from 0 to 1 over the span, and then in frames from `start`.
        u = (start - middle) / step + 0.5
        a = 0.5 * (before * (1 - u) ** 2 + here * (1 + 2 * u - 2 * u * u) + after * u * u)
        b = (before * (u - 1) + here * (1 - 2 * u) + after * u) / step
        c = 0.5 * (before - 2 * here + after) / (step * step)
        found.append(Span(start, stop, a, b, c))
    return found


def at(points: Sequence[float], frame: int, step: int) -> float:
    """The spline's value `frame` frames after its beginning."""
    every = spans(points, 0, max(frame + 1, (len(points) - 1) * step + 1), step)
    return next(one for one in every if one.begin <= frame < one.end).at(frame)


def expression(found: Sequence[Span]) -> str:
    """An expression of ffmpeg's in n, the frame's number: halved again and again, so not deep."""
    if len(found) == 1:
        return _polynomial(found[0])
    middle = len(found) // 2
    left, right = expression(found[:middle]), expression(found[middle:])
    return left if left == right else f"if(lt(n,{found[middle].begin}),{left},{right})"


def _polynomial(one: Span) -> str:
    if abs(one.b) < 1e-9 and abs(one.c) < 1e-9:
        return f"{one.a:.3f}"
    n = f"(n-{one.begin})"
    return f"({one.a:.3f}+{n}*({one.b:.6f}+{n}*({one.c:.8f})))"


def path(pieces: Sequence[Piece], window: int, axis: str, step: int) -> list[Span]:
    """Where one of the windows is on an axis, over all pieces; the last one where it has fewer."""
    found: list[Span] = []
    for piece in pieces:
        one = piece.windows[min(window, len(piece.windows) - 1)]
        points = one.x if axis == "x" else one.y
        found += spans(points, piece.begin, piece.end, step)
    return found
