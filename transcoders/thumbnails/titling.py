"""A title over a picture: fitted, where the picture is calm, and readable. Runs in the child."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from transcoders.images.wanted import Face
from transcoders.thumbnails.seeing import calm, gradient
from transcoders.thumbnails.wanted import Brand, Shape, Titled

CONTRAST: Final = 4.5
"""WCAG 2, success criterion 1.4.3."""
# A little more than is asked for: encoders change colours by some levels.
_AIM: Final = 4.8
_WORST: Final = 1.0
_WHITE, _INK = (255, 255, 255), (17, 17, 17)
_SHADES: Final = (0.25, 0.4, 0.55, 0.7, 0.8, 0.9)
# Of the picture's shorter side.
_LARGEST, _SMALLEST = 0.15, 0.055
_LEADING: Final = 1.08
_PADDING: Final = 0.35
# The parts of the safe area that a title may take: left, top, right, bottom.
_PLACES: Final = (
    (0.0, 0.5, 1.0, 1.0),
    (0.0, 0.0, 1.0, 0.5),
    (0.0, 0.15, 0.55, 0.85),
    (0.45, 0.15, 1.0, 0.85),
    (0.0, 0.75, 1.0, 1.0),
    (0.0, 0.0, 1.0, 0.25),
)
# What covering a face costs, against a calm ground (1) and letters of the largest size (0.5).
_COVERED: Final = 4.0

_Colour = tuple[int, int, int]
_Box = tuple[int, int, int, int]


class Unsettable(Exception):
    """The title cannot be set; the reason is for people."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """Lines of one size, and where they are; pixels."""

    font: ImageFont.FreeTypeFont
    lines: tuple[str, ...]
    left: int
    top: int
    width: int
    step: int

    @property
    def box(self) -> _Box:
        return self.left, self.top, self.left + self.width, self.top + self.step * len(self.lines)


def titled(
    image: Image.Image, brand: Brand, shape: Shape, font: str, faces: tuple[Face, ...]
) -> tuple[Image.Image, Titled]:
    """The picture with its title. Raises Unsettable where the font or the room does not suffice."""
    _check_letters(brand.title, font)
    setting = _placed(image, brand.title, shape, font, faces)
    base, colour, over = _ground(image, setting, brand)
    mask = _mask(image.size, setting)
    least = _least_contrast(np.asarray(base)[np.asarray(mask) > 0], colour)
    if least < CONTRAST:
        raise Unsettable(f"its contrast would be {least:.1f}, and {CONTRAST} is the least")
    made = base.copy()
    made.paste(colour, mask=mask)
    width, height = image.size
    left, top, right, bottom = mask.getbbox() or setting.box
    box = left / width, top / height, right / width, bottom / height
    return made, Titled(
        over=over,
        contrast=round(least, 2),
        size=int(setting.font.size),
        lines=setting.lines,
        box=(round(box[0], 4), round(box[1], 4), round(box[2], 4), round(box[3], 4)),
        colour="#" + bytes(colour).hex(),
    )


def _check_letters(title: str, font: str) -> None:
    face = ImageFont.truetype(font, 32)
    missing = bytes(face.getmask("\uffff"))
    lost = [one for one in title if not one.isspace() and bytes(face.getmask(one)) == missing]
    if lost:
        raise Unsettable(f"the font has no {lost[0]!r}")


# --- Where, and how large


def _placed(
    image: Image.Image, title: str, shape: Shape, font: str, faces: tuple[Face, ...]
) -> _Setting:
    """The setting that is largest where the picture is calmest."""
    small = image.convert("L")
    small.thumbnail((320, 320), Image.Resampling.BOX)
    edges = gradient(np.asarray(small, dtype=np.float32))
    found: list[tuple[float, _Setting]] = []
    for place in _PLACES:
        setting = _fitted(image.size, title, shape, font, place)
        if setting is None:
            continue
        width, height = image.size
        left, top, right, bottom = _grown(setting)
        box = left / width, top / height, right / width, bottom / height
        large = setting.font.size / (_LARGEST * min(image.size))
        covered = max((_covered(face, box) for face in faces), default=0.0)
        found.append((calm(edges, box) + 0.5 * large - _COVERED * covered, setting))
    if not found:
        raise Unsettable("it is too long for the picture")
    return max(found, key=lambda one: one[0])[1]


def _covered(face: Face, box: tuple[float, float, float, float]) -> float:
    """The part of a face that lies under a box, 0 to 1."""
    across = min(face.left + face.width, box[2]) - max(face.left, box[0])
    down = min(face.top + face.height, box[3]) - max(face.top, box[1])
    return max(0.0, across) * max(0.0, down) / max(1e-9, face.width * face.height)


def _fitted(
    size: tuple[int, int],
    title: str,
    shape: Shape,
    path: str,
    place: tuple[float, float, float, float],
) -> _Setting | None:
    """The largest size at which the title fits a part of the safe area; None where none does."""
    width, height = size
    safe = shape.safe
    across, down = safe[2] - safe[0], safe[3] - safe[1]
    left, right = (safe[0] + across * part for part in (place[0], place[2]))
    top, bottom = (safe[1] + down * part for part in (place[1], place[3]))
    most = min(size) * _LARGEST
    for points in _sizes(most, min(size) * _SMALLEST):
        font = ImageFont.truetype(path, points)
        pad = round(points * _PADDING)
        room = round((right - left) * width) - 2 * pad
        lines = _broken(title, font, room, shape.lines)
        step = round(points * _LEADING)
        if lines is None or step * len(lines) + 2 * pad > (bottom - top) * height:
            continue
        wide = round(max(font.getlength(line) for line in lines))
        low = place[1] >= 0.5
        y = round(bottom * height) - pad - step * len(lines) if low else round(top * height) + pad
        return _Setting(font, lines, round(left * width) + pad, y, wide, step)
    return None


def _sizes(most: float, least: float) -> Iterator[int]:
    points = round(most)
    while points >= max(8, least):
        yield points
        points = min(points - 1, round(points * 0.92))


def _broken(
    title: str, font: ImageFont.FreeTypeFont, room: int, most: int
) -> tuple[str, ...] | None:
    """The title in as few lines as it needs, as even as may be; None where it needs more."""
    words = title.split()
    widths = [font.getlength(word) for word in words]
    space = font.getlength(" ")
    if not words or max(widths) > room:
        return None
    count = len(_filled(widths, space, room))
    if count > most:
        return None
    # The narrowest room that needs no more lines makes them even.
    low, high = round(max(widths)), room
    while low < high:
        middle = (low + high) // 2
        if len(_filled(widths, space, middle)) <= count:
            high = middle
        else:
            low = middle + 1
    ends = _filled(widths, space, high)
    return tuple(" ".join(words[begin:end]) for begin, end in pairwise([0, *ends]))


def _filled(widths: list[float], space: float, room: float) -> list[int]:
    """Behind which words lines end when each is filled."""
    ends: list[int] = []
    wide = 0.0
    for number, width in enumerate(widths):
        if number and wide + space + width > room:
            ends.append(number)
            wide = width
        else:
            wide += width + (space if number else 0.0)
    return [*ends, len(widths)]


def _mask(size: tuple[int, int], setting: _Setting) -> Image.Image:
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    for number, line in enumerate(setting.lines):
        draw.text((setting.left, setting.top + number * setting.step), line, 255, setting.font)
    return mask


# --- On what, and in which colour


def _ground(
    image: Image.Image, setting: _Setting, brand: Brand
) -> tuple[Image.Image, _Colour, str]:
    """What the letters lie on, their colour, and what that is called.

    A brand's own colour makes a plate; else the picture itself, and else a shade over it.
    """
    own = _rgb(brand.text)
    plate = _rgb(brand.plate)
    if plate is not None:
        colour = _readable(plate, own)
        return _with_plate(image, setting, plate), colour, "plate"
    mask = np.asarray(_mask(image.size, setting)) > 0
    pixels = np.asarray(image)
    colours = [one for one in (own, _WHITE, _INK) if one is not None]
    for colour in colours:
        if _least_contrast(pixels[mask], colour) >= _AIM:
            return image, colour, "picture"
    for strength in _SHADES:
        shaded = _with_shade(image, setting, strength)
        under = np.asarray(shaded)[mask]
        for colour in colours:
            if _least_contrast(under, colour) >= _AIM:
                return shaded, colour, "shade"
    return _with_plate(image, setting, _INK), _WHITE, "plate"


def _readable(plate: _Colour, own: _Colour | None) -> _Colour:
    """The brand's colour for text where it can be read on the plate, else white or ink."""
    ground = np.array([plate], dtype=np.uint8)
    if own is not None and _least_contrast(ground, own) >= _AIM:
        return own
    return max((_WHITE, (0, 0, 0)), key=lambda one: _least_contrast(ground, one))


def _grown(setting: _Setting) -> _Box:
    pad = round(setting.font.size * _PADDING)
    left, top, right, bottom = setting.box
    return left - pad, top - pad // 2, right + pad, bottom + pad


def _with_plate(image: Image.Image, setting: _Setting, colour: _Colour) -> Image.Image:
    made = image.copy()
    radius = round(setting.font.size * 0.15)
    ImageDraw.Draw(made).rounded_rectangle(_grown(setting), radius, fill=colour)
    return made


def _with_shade(image: Image.Image, setting: _Setting, strength: float) -> Image.Image:
    """Darker under the letters, and softly less so around them."""
    width, height = image.size
    left, top, right, bottom = _grown(setting)
    soft = setting.font.size * 1.2
    x, y = np.arange(width), np.arange(height)
    across = np.clip(np.minimum(x - left, right - x) / soft + 1, 0, 1)
    down = np.clip(np.minimum(y - top, bottom - y) / soft + 1, 0, 1)
    shade = strength * down[:, None] * across[None, :]
    pixels = np.asarray(image, dtype=np.float32) * (1 - shade[:, :, None])
    return Image.fromarray(pixels.astype(np.uint8), "RGB")


def _least_contrast(pixels: npt.NDArray[np.uint8], colour: _Colour) -> float:
    """WCAG's contrast of a colour with those pixels, that all but the worst hundredth have."""
    if not len(pixels):
        return 1.0
    ground = _luminance(pixels.reshape(-1, 3))
    letter = float(_luminance(np.array([colour], dtype=np.uint8))[0])
    high, low = np.maximum(ground, letter), np.minimum(ground, letter)
    return float(np.percentile((high + 0.05) / (low + 0.05), _WORST))


def _luminance(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Relative luminance of sRGB, 0 to 1 (WCAG 2)."""
    part = pixels.astype(np.float64) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    found: npt.NDArray[np.float64] = linear @ np.array([0.2126, 0.7152, 0.0722])
    return found


def _rgb(colour: str | None) -> _Colour | None:
    if colour is None:
        return None
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
