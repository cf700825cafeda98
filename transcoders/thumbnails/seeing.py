"""What is in a frame, measured. Runs in the child."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from transcoders.images import attention
from transcoders.images.geometry import cut
from transcoders.images.wanted import Face
from transcoders.thumbnails.wanted import Fit, Seen, Shape

# Everything but faces is measured at this width: what a card shows.
_WIDTH: Final = 320
_BLOCK: Final = 20
# Of all blocks the sharpest part: a soft background is no blur.
_SHARPEST: Final = 0.2
_SHARP_WIDTH: Final = 640
# Parts of its steps that a soft picture loses, and that a sharp one does.
_SOFT, _SHARP = 0.45, 0.75
_LEAST_STEP: Final = 2.0
_DARK, _BRIGHT = 8, 247
# Hasler and Süsstrunk 2003: 15 is slightly colourful, 82 highly.
_COLOURFUL: Final = 70.0
# Mean gradients of a side on which words are read at once, and of one on which they are not.
_CALM, _BUSY = 3.0, 18.0
_SIDES: Final = {
    "left": (0.04, 0.1, 0.45, 0.9),
    "right": (0.55, 0.1, 0.96, 0.9),
    "top": (0.04, 0.04, 0.96, 0.4),
    "bottom": (0.04, 0.6, 0.96, 0.96),
}
# What reaches this near to an edge may go on beyond it.
_EDGE: Final = 0.005

_Plane = npt.NDArray[np.float32]


def seen(image: Image.Image, shapes: tuple[Shape, ...], detector: Path | None) -> Seen:
    """Everything about one RGB frame that a choice hangs on."""
    small = image.resize((_WIDTH, max(2, round(image.height * _WIDTH / image.width))),
                         Image.Resampling.BOX)  # fmt: skip
    pixels = np.asarray(small, dtype=np.float32)
    luma = pixels @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    low, high = np.percentile(luma, (5, 95))
    edges = gradient(luma)
    focus = attention.focus(image, detector)
    weight = _standing_out(edges, focus.x, focus.y)
    taken = _faces_area(focus.faces) if focus.faces else _spread(weight)
    return Seen(
        luma=round(float(luma.mean()) / 255, 4),
        clipped=round(float(((luma < _DARK) | (luma > _BRIGHT)).mean()), 4),
        contrast=round(float(high - low) / 255, 4),
        sharpness=round(sharpness(image), 4),
        colour=round(min(1.0, _colourfulness(pixels) / _COLOURFUL), 4),
        subject=round(taken, 4),
        subject_by=focus.found_by,
        room=round(max(calm(edges, box, focus.faces) for box in _SIDES.values()), 4),
        mark=f"{_mark(image):016x}",
        faces=focus.faces,
        fits=tuple(_fit(image.size, shape, (focus.x, focus.y), focus.faces, weight)
                   for shape in shapes),
    )  # fmt: skip


def gradient(luma: _Plane) -> _Plane:
    """How steep luma is at each pixel, 0 to 255 a pixel."""
    across, down = np.zeros_like(luma), np.zeros_like(luma)
    across[:, 1:-1] = (luma[:, 2:] - luma[:, :-2]) / 2
    down[1:-1, :] = (luma[2:, :] - luma[:-2, :]) / 2
    found: _Plane = np.hypot(across, down)
    return found


def calm(
    edges: _Plane, box: tuple[float, float, float, float], faces: tuple[Face, ...] = ()
) -> float:
    """How well words would stand in a part of a picture, 0 to 1; not at all over a face."""
    for face in faces:
        if (face.left < box[2] and face.left + face.width > box[0]
                and face.top < box[3] and face.top + face.height > box[1]):  # fmt: skip
            return 0.0
    height, width = edges.shape
    left, top = int(box[0] * width), int(box[1] * height)
    part = edges[top : max(top + 1, int(box[3] * height)),
                 left : max(left + 1, int(box[2] * width))]  # fmt: skip
    return 1 - min(1.0, max(0.0, (float(part.mean()) - _CALM) / (_BUSY - _CALM)))


def sharpness(image: Image.Image) -> float:
    """How much of its steps a picture loses when it is blurred, where it is sharpest.

    What is sharp loses most of them, and what is out of focus hardly any, however bright it is
    (Crété et al. 2007).
    """
    width = min(image.width, _SHARP_WIDTH)
    small = image.resize((width, max(2, round(image.height * width / image.width))))
    luma = np.asarray(small.convert("L"), dtype=np.float32)
    soft = np.asarray(small.convert("L").filter(ImageFilter.BoxBlur(4)), dtype=np.float32)
    steps, lost = (
        _blocks(np.abs(np.diff(luma, axis=1))),
        _blocks(np.maximum(0, np.abs(np.diff(luma, axis=1)) - np.abs(np.diff(soft, axis=1)))),
    )
    if not len(steps):
        return 0.0
    best = np.argsort(lost)[-max(1, round(len(lost) * _SHARPEST)) :]
    total = float(steps[best].sum())
    # Noise alone is sharp and shows nothing.
    if total < _LEAST_STEP * len(best) * _BLOCK**2:
        return 0.0
    part = float(lost[best].sum()) / total
    return min(1.0, max(0.0, (part - _SOFT) / (_SHARP - _SOFT)))


def _blocks(plane: _Plane) -> _Plane:
    """Sums over squares of pixels, in one line."""
    height, width = (side // _BLOCK * _BLOCK for side in plane.shape)
    squares = plane[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    found: _Plane = squares.sum(axis=(1, 3)).ravel()
    return found


def _colourfulness(pixels: _Plane) -> float:
    red, green, blue = pixels[:, :, 0], pixels[:, :, 1], pixels[:, :, 2]
    one, two = red - green, (red + green) / 2 - blue
    return float(np.hypot(one.std(), two.std()) + 0.3 * np.hypot(one.mean(), two.mean()))


def _standing_out(edges: _Plane, x: float, y: float) -> _Plane:
    """What has edges near the focal point, as parts of the whole."""
    height, width = edges.shape
    rows = (np.arange(height, dtype=np.float32) + 0.5) / height - y
    columns = (np.arange(width, dtype=np.float32) + 0.5) / width - x
    near = np.exp(-(rows[:, None] ** 2 + columns[None, :] ** 2) / (2 * 0.25**2))
    weight = (edges + 1) * near
    found: _Plane = (weight / weight.sum()).astype(np.float32)
    return found


def _spread(weight: _Plane) -> float:
    """The part of the picture in which half of what stands out is."""
    order = np.sort(weight.ravel())[::-1]
    return float(np.searchsorted(np.cumsum(order), 0.5) / len(order))


def _faces_area(faces: tuple[Face, ...]) -> float:
    return min(1.0, sum(face.width * face.height for face in faces))


def _fit(
    size: tuple[int, int],
    shape: Shape,
    focus: tuple[float, float],
    faces: tuple[Face, ...],
    weight: _Plane,
) -> Fit:
    place = cut(size, shape, focus, attention.kept_boxes(faces)).box
    left, top, right, bottom = (
        place[0] / size[0], place[1] / size[1], place[2] / size[0], place[3] / size[1]
    )  # fmt: skip
    height, width = weight.shape
    kept = weight[round(top * height) : round(bottom * height),
                  round(left * width) : round(right * width)]  # fmt: skip
    whole = all(
        face.left > max(left, _EDGE) and face.left + face.width < min(right, 1 - _EDGE)
        and face.top > max(top, _EDGE) and face.top + face.height < min(bottom, 1 - _EDGE)
        for face in faces
    )  # fmt: skip
    return Fit(shape.name, round(min(1.0, float(kept.sum())), 4), whole)


def _mark(image: Image.Image) -> int:
    """The difference hash (dHash): whether each of 8 by 8 places is brighter than the one left."""
    grey = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), dtype=np.int16)
    bits = (grey[:, 1:] > grey[:, :-1]).ravel()
    return int("".join("1" if bit else "0" for bit in bits), 2)
