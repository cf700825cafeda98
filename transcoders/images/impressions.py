"""A picture in few bytes: ThumbHash and the colours that dominate. Runs in the child."""

import base64
import math
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

_HASH_SIDE: Final = 100
_PALETTE_SIDE: Final = 96
_COLOURS: Final = 12
_KEPT: Final = 6
# In RGB; what is nearer looks like one colour.
_NEAR: Final = 36.0
_LEAST_SHARE: Final = 0.01

_Plane = npt.NDArray[np.float64]


def placeholder(image: Image.Image) -> str:
    """A ThumbHash in base64: about 25 bytes that blur into the picture, alpha included.

    https://evanw.github.io/thumbhash/, the reference's arithmetic.
    """
    small = image.convert("RGBA")
    small.thumbnail((_HASH_SIDE, _HASH_SIDE), Image.Resampling.BOX)
    width, height = small.size
    pixels = np.asarray(small, dtype=np.float64) / 255
    alpha = pixels[:, :, 3]
    total = float(alpha.sum())
    mean = (pixels[:, :, :3] * alpha[:, :, None]).sum(axis=(0, 1)) / (total or 1)
    see_through = total < width * height
    red, green, blue = np.moveaxis(
        mean * (1 - alpha[:, :, None]) + pixels[:, :, :3] * alpha[:, :, None], 2, 0
    )
    limit, longest = (5 if see_through else 7), max(width, height)
    across = max(1, _round(limit * width / longest))
    down = max(1, _round(limit * height / longest))
    light = _channel((red + green + blue) / 3, max(3, across), max(3, down))
    yellow = _channel((red + green) / 2 - blue, 3, 3)
    ruddy = _channel(red - green, 3, 3)
    wide = width > height
    header = (
        _round(63 * light[0])
        | _round(31.5 + 31.5 * yellow[0]) << 6
        | _round(31.5 + 31.5 * ruddy[0]) << 12
        | _round(31 * light[2]) << 18
        | see_through << 23
    )
    shape = (
        (down if wide else across)
        | _round(63 * yellow[2]) << 3
        | _round(63 * ruddy[2]) << 9
        | wide << 15
    )
    made = bytearray(header.to_bytes(3, "little") + shape.to_bytes(2, "little"))
    parts = [*light[1], *yellow[1], *ruddy[1]]
    if see_through:
        clear = _channel(alpha, 5, 5)
        made.append(_round(15 * clear[0]) | _round(15 * clear[2]) << 4)
        parts += clear[1]
    nibbles = [_round(15 * part) for part in parts]
    nibbles += [0] * (len(nibbles) % 2)
    made += bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return base64.b64encode(made).decode()


def _channel(plane: _Plane, across: int, down: int) -> tuple[float, list[float], float]:
    """The mean of a plane, its lowest frequencies as 0 to 1, and what these are parts of."""
    height, width = plane.shape
    rows = np.cos(np.pi / height * np.outer(np.arange(down), np.arange(height) + 0.5))
    columns = np.cos(np.pi / width * np.outer(np.arange(across), np.arange(width) + 0.5))
    found = rows @ plane @ columns.T / (width * height)
    waves = [
        float(found[y, x])
        for y in range(down)
        for x in range(across)
        if (x or y) and x * down < across * (down - y)
    ]
    scale = max(map(abs, waves), default=0.0)
    parts = [0.5 + 0.5 / scale * wave for wave in waves] if scale else waves
    return float(found[0, 0]), parts, scale


def _round(value: float) -> int:
    return math.floor(value + 0.5)


def palette(image: Image.Image) -> list[tuple[str, float]]:
    """The colours that dominate as `#rrggbb`, each with its share of what is seen, 0 to 1."""
    small = image.copy()
    small.thumbnail((_PALETTE_SIDE, _PALETTE_SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small.convert("RGBA")).reshape(-1, 4)
    seen = pixels[pixels[:, 3] >= 128][:, :3]
    if not len(seen):
        return []
    strip = Image.fromarray(np.ascontiguousarray(seen)[None, :, :], "RGB")
    reduced = strip.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=2)
    table = np.array(reduced.getpalette(), dtype=np.float64).reshape(-1, 3)
    counted = sorted(reduced.getcolors() or (), reverse=True)
    merged: list[tuple[_Plane, int]] = []
    for count, index in counted:
        assert isinstance(index, int)
        colour = table[index]
        for place, (other, number) in enumerate(merged):
            if float(np.linalg.norm(colour - other)) < _NEAR:
                merged[place] = other, number + count
                break
        else:
            merged.append((colour, count))
    merged.sort(key=lambda one: -one[1])
    shares = [(_hex(colour), round(count / len(seen), 4)) for colour, count in merged[:_KEPT]]
    return [one for one in shares if one[1] >= _LEAST_SHARE]


def _hex(colour: _Plane) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in colour)
