"""Sizes and crops, purely: whole pixels, never enlarged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from transcoders.images.wanted import Crop

Size = tuple[int, int]
Box = tuple[float, float, float, float]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Cut:
    """What is cut out of the upright picture, in its pixels, and how large it is made."""

    name: str
    box: Box
    size: Size


def widths_for(size: Size, wanted: Iterable[int]) -> list[int]:
    """The widths to make, largest first: the picture's own where it is below one that is wanted.

    The own width stands in for the next larger one, unless a smaller one is within a tenth of it.
    """
    order = sorted(wanted)
    found = [width for width in order if width <= size[0]]
    if len(found) < len(order) and (not found or found[-1] * 1.1 < size[0]):
        found.append(size[0])
    return found[::-1]


def scaled(size: Size, width: int) -> Size:
    """The same shape at a width; at least one pixel high."""
    return width, max(1, round(size[1] * width / size[0]))


def cut(size: Size, crop: Crop, focus: Point, keep: Sequence[Box] = ()) -> Cut:
    """The largest window of a shape with the focal point as near to its middle as edges allow.

    Of the boxes in `keep` (0 to 1, the most important first) as many stay whole as fit together:
    the window moves no further than they need.
    """
    width, height = size
    shape = crop.width / crop.height
    across, down = min(width, height * shape), min(height, width / shape)
    left = _begin(width, across, focus[0], [(box[0], box[2]) for box in keep])
    top = _begin(height, down, focus[1], [(box[1], box[3]) for box in keep])
    scale = min(1.0, crop.width / across)
    made = max(1, round(across * scale)), max(1, round(down * scale))
    return Cut(crop.name, (left, top, left + across, top + down), made)


def _begin(length: int, window: float, focus: float, keep: list[tuple[float, float]]) -> float:
    """Where a window begins on one axis; pixels."""
    at = focus * length - window / 2
    least, most = 0.0, length - window
    for begin, end in keep:
        # The window must begin at or before what is kept, and end at or behind it.
        lower, upper = max(least, end * length - window), min(most, begin * length)
        if lower <= upper:
            least, most = lower, upper
    return min(max(at, least), most)


def needed_scale(size: Size, outputs: Iterable[tuple[float, int]]) -> float:
    """The part of its size at which a picture must be decoded, 0 to 1.

    `outputs` are pairs of a width within the picture and the width that is made of it.
    """
    return min(1.0, max((made / across for across, made in outputs), default=1.0))
