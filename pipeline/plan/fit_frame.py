"""Which size and shape a film is given: the one closest to its own that a network takes. Pure."""

import math
from collections.abc import Sequence
from typing import Final

from core.renditions import Frame
from pipeline.plan.fit_types import FitChoices
from pipeline.plan.networks.types import Range

# What decoders of level 5.2 take (ITU-T H.264, table A-1), and one side of what hardware does.
MOST_PIXELS: Final = 4096 * 2304
MOST_SIDE: Final = 4096
LEAST_SIDE: Final = 2
_FULL_HD: Final = 1920 * 1080
# Below it nothing is made smaller for the sake of its bits.
_LEAST_SHORT_SIDE: Final = 360
# A shape at a bound would be outside of it once sides are rounded to even pixels.
_INSIDE: Final = 0.005
# A range as narrow as this means one shape, its middle.
_ONE_SHAPE: Final = 1.05
# The short side of a picture whose other one is the longest: nothing narrower is a film.
_SLIT: Final = 64
_NEAR: Final = (0, -2, 2, -4, 4, -6, 6, -8, 8)

Size = tuple[int, int]
Bounds = tuple[float, float]


def frame_for(
    size: Size, ranges: Sequence[Range], choices: FitChoices, *, most_pixels: float = math.inf
) -> Frame | None:
    """The frame for a film of that size as seen; None where no size satisfies a network.

    `most_pixels` is how many are worth encoding at the rate that there is; a network's least size
    goes before it.
    """
    canvas = _canvas(size, ranges, choices, most_pixels)
    if canvas is None:
        return None
    width, height = canvas
    across, down = width / size[0], height / size[1]
    scale = max(across, down) if choices.shape == "crop" else min(across, down)
    inner = (_side(size[0] * scale, width), _side(size[1] * scale, height))
    return Frame(
        width=width,
        height=height,
        inner_width=inner[0],
        inner_height=inner[1],
        x=_place(inner[0], width, choices.focus_x),
        y=_place(inner[1], height, choices.focus_y),
    )


def _side(length: float, canvas: int) -> int:
    """A side of the picture in even pixels; the canvas's where it differs by rounding alone."""
    side = max(LEAST_SIDE, _even(length))
    return canvas if abs(side - canvas) <= LEAST_SIDE else side


def _place(inner: int, canvas: int, focus: float) -> int:
    """Where the picture begins on the canvas: bars are alike, a crop looks where it is told."""
    if inner <= canvas:
        return _even((canvas - inner) / 2)
    return -_even(min(max(0.0, inner * focus - canvas / 2), inner - canvas))


def _canvas(
    size: Size, ranges: Sequence[Range], choices: FitChoices, most_pixels: float
) -> Size | None:
    shape = _shape(size[0] / size[1], _shapes(ranges))
    wider = shape > size[0] / size[1]
    if wider == (choices.shape == "pad"):
        natural = (size[1] * shape, float(size[1]))
    else:
        natural = (float(size[0]), size[0] / shape)
    least, most = _scales(natural, ranges)
    if least > most:
        return None
    # Bars are no reason for more pixels than screens have.
    worth = min(most_pixels, max(size[0] * size[1], _FULL_HD))
    wanted = 1.0
    if natural[0] * natural[1] > worth:
        smaller = math.sqrt(worth / (natural[0] * natural[1]))
        floor = _LEAST_SHORT_SIDE / min(natural)
        wanted = max(smaller, min(1.0, floor))
    scale = min(max(wanted, least), most)
    return _nearest((natural[0] * scale, natural[1] * scale), ranges)


def _shapes(ranges: Sequence[Range]) -> Bounds:
    """The shapes that are taken, and that a picture can have whose short side is long enough."""
    short = max(_SLIT, _bounds(ranges, "short_side")[0])
    least, most = _bounds(ranges, "aspect")
    return max(least, short / MOST_SIDE), min(most, MOST_SIDE / short)


def _shape(shape: float, bounds: Bounds) -> float:
    """The closest shape that is taken, a little inside its bounds."""
    least, most = bounds
    if least <= shape <= most:
        return shape
    if least > 0 and most / least < _ONE_SHAPE:
        return math.sqrt(least * most)
    return min(max(shape, least * (1 + _INSIDE)), most * (1 - _INSIDE))


def _scales(natural: tuple[float, float], ranges: Sequence[Range]) -> Bounds:
    """By how much a canvas must and may be scaled."""
    width, height = natural
    short, pixels = min(natural), width * height
    least, most = LEAST_SIDE / short, min(MOST_SIDE / max(natural), (MOST_PIXELS / pixels) ** 0.5)
    for fact, value, power in (
        ("width", width, 1.0),
        ("height", height, 1.0),
        ("short_side", short, 1.0),
        ("pixels", pixels, 0.5),
    ):
        low, high = _bounds(ranges, fact)
        least, most = max(least, (low / value) ** power), min(most, (high / value) ** power)
    return least, most


def _nearest(wanted: tuple[float, float], ranges: Sequence[Range]) -> Size | None:
    """The even size closest to what is wanted that lies within all ranges."""
    width, height = _even(wanted[0]), _even(wanted[1])
    sizes = [
        (width + across, height + down)
        for across in _NEAR
        for down in _NEAR
        if width + across >= LEAST_SIDE and height + down >= LEAST_SIDE
    ]
    taken = [size for size in sizes if _within(size, ranges)]
    shape = wanted[0] / wanted[1]
    return min(
        taken,
        key=lambda size: (
            abs(size[0] - wanted[0]) / wanted[0]
            + abs(size[1] - wanted[1]) / wanted[1]
            + abs(math.log(size[0] / size[1] / shape))
        ),
        default=None,
    )


def _within(size: Size, ranges: Sequence[Range]) -> bool:
    width, height = size
    facts = {
        "width": width,
        "height": height,
        "short_side": min(size),
        "pixels": width * height,
        "aspect": width / height,
    }
    if width * height > MOST_PIXELS or max(size) > MOST_SIDE:
        return False
    for one in ranges:
        value = facts.get(one.fact)
        if value is None:
            continue
        if one.least is not None and value < one.least:
            return False
        if one.most is not None and value > one.most:
            return False
    return True


def _bounds(ranges: Sequence[Range], fact: str) -> Bounds:
    least, most = 0.0, math.inf
    for one in ranges:
        if one.fact == fact:
            least = max(least, one.least if one.least is not None else 0.0)
            most = min(most, one.most if one.most is not None else math.inf)
    return least, most


def _even(length: float) -> int:
    return 2 * round(length / 2)
