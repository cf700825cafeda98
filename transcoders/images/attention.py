"""Where people look first: faces, else what stands out. Runs in the child."""

import math
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from transcoders.images.wanted import Face, Focus

# YuNet finds faces of 10 to 300 pixels.
_FACES_SIDE: Final = 640
_LEAST_SCORE: Final = 0.75
_MOST_FACES: Final = 20
# Of a face's area against the largest: who stands further back is scenery.
_LEAST_PART: Final = 0.2
_SALIENCY_SIDE: Final = 64
# These were chosen by looking at crops of eleven pictures: docs/decisions/0037-images.md.
_CENTRE_SIGMA: Final = 0.33
_FLOOR: Final = 0.4
_DENSE: Final = 1 / 5
# Of 255: a plane of one colour has less.
_LEAST_SPREAD: Final = 1.0
# A ground is plain where the outer ring of pixels has its colour, but for so much of it.
_RING: Final = 2
_DIFFERS: Final = 24.0
_MOST_TOUCHING: Final = 0.1

_Plane = npt.NDArray[np.float64]


def focus(image: Image.Image, detector: Path | None) -> Focus:
    """The focal point of an upright RGB picture, found by faces or by saliency."""
    faces = _faces(image, detector) if detector is not None else ()
    if faces:
        largest = max(face.width * face.height for face in faces)
        main = [face for face in faces if face.width * face.height >= largest * _LEAST_PART]
        weights = [face.width * face.height * face.score for face in main]
        total = sum(weights)
        x = sum(w * (f.left + f.width / 2) for w, f in zip(weights, main, strict=True)) / total
        y = sum(w * (f.top + f.height / 2) for w, f in zip(weights, main, strict=True)) / total
        return Focus(_part(x), _part(y), "faces", tuple(main))
    found = salient(image)
    if found is None:
        return Focus(0.5, 0.5, "centre")
    return Focus(_part(found[0]), _part(found[1]), "saliency")


def kept_boxes(faces: tuple[Face, ...]) -> list[tuple[float, float, float, float]]:
    """Whole heads, the largest first: detectors see brow to chin."""
    order = sorted(faces, key=lambda face: -face.width * face.height)
    return [
        (
            max(0.0, face.left - 0.25 * face.width),
            max(0.0, face.top - 0.45 * face.height),
            min(1.0, face.left + 1.25 * face.width),
            min(1.0, face.top + 1.25 * face.height),
        )
        for face in order
    ]


def _part(value: float) -> float:
    return round(min(1.0, max(0.0, float(value))), 4)


def _faces(image: Image.Image, detector: Path) -> tuple[Face, ...]:
    import cv2

    cv2.setNumThreads(1)
    small = image.copy()
    small.thumbnail((_FACES_SIDE, _FACES_SIDE), Image.Resampling.BILINEAR)
    width, height = small.size
    if min(width, height) < 16:
        return ()
    found = cv2.FaceDetectorYN.create(
        str(detector), "", (width, height), _LEAST_SCORE, 0.3, _MOST_FACES
    ).detect(np.ascontiguousarray(np.asarray(small)[:, :, ::-1]))[1]
    if found is None:
        return ()
    return tuple(
        Face(
            round(float(row[0]) / width, 4),
            round(float(row[1]) / height, 4),
            round(float(row[2]) / width, 4),
            round(float(row[3]) / height, 4),
            round(float(row[14]), 3),
        )
        for row in found
        if row[2] > 0 and row[3] > 0
    )


def salient(image: Image.Image) -> tuple[float, float] | None:
    """The densest place of what stands out, 0 to 1; None where nothing does."""
    side = _SALIENCY_SIDE
    small = image.resize((side, side), Image.Resampling.BOX)
    soft = small.filter(ImageFilter.GaussianBlur(1)).convert("YCbCr")
    planes = np.asarray(soft, dtype=np.float64)
    if float(planes.std(axis=(0, 1)).max()) < _LEAST_SPREAD:
        return None
    alone = _on_plain_ground(planes)
    if alone is not None:
        return alone
    # Colours far from the picture's own (Achanta et al. 2009), and what its spectrum does not
    # expect (Hou and Zhang 2007).
    colour = np.sqrt(((planes - planes.mean(axis=(0, 1))) ** 2).sum(axis=2))
    residual = _spectral_residual(np.asarray(small.convert("L"), dtype=np.float64))
    axis = (np.arange(side) + 0.5) / side - 0.5
    centre = np.exp(-(axis[:, None] ** 2 + axis[None, :] ** 2) / (2 * _CENTRE_SIGMA**2))
    # Each alone is wrong often, and the middle rarely: what counts is where they agree.
    seen = (_FLOOR + _unit(colour)) * (_FLOOR + _unit(residual)) * centre
    dense = _blurred(seen, side * _DENSE)
    y, x = np.unravel_index(int(dense.argmax()), dense.shape)
    rows, columns = np.mgrid[0:side, 0:side]
    near = seen * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * (side * _DENSE) ** 2))
    total = float(near.sum())
    if not math.isfinite(total) or total <= 0:
        return None
    return (
        (float((near * columns).sum()) / total + 0.5) / side,
        (float((near * rows).sum()) / total + 0.5) / side,
    )


def _on_plain_ground(planes: _Plane) -> tuple[float, float] | None:
    """The middle of what lies on a ground of one colour, as products do; None on any other."""
    inner = np.zeros(planes.shape[:2], dtype=bool)
    inner[_RING:-_RING, _RING:-_RING] = True
    ground = np.median(planes[~inner], axis=0)
    differs = np.sqrt(((planes - ground) ** 2).sum(axis=2)) > _DIFFERS
    if float(differs[~inner].mean()) > _MOST_TOUCHING or not differs.any():
        return None
    rows, columns = np.nonzero(differs)
    side = planes.shape[0]
    return (
        float(columns.min() + columns.max() + 1) / 2 / side,
        float(rows.min() + rows.max() + 1) / 2 / side,
    )


def _spectral_residual(grey: _Plane) -> _Plane:
    spectrum = np.fft.fft2(grey)
    amplitude = np.log(np.abs(spectrum) + 1e-9)
    expected = sum(np.roll(amplitude, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
    residual = np.exp(amplitude - expected / 9 + 1j * np.angle(spectrum))
    return _blurred(np.abs(np.fft.ifft2(residual)) ** 2, 2.5)


def _blurred(plane: _Plane, sigma: float) -> _Plane:
    """With a Gaussian of `sigma` pixels; edges are held."""
    reach = int(3 * sigma)
    steps = np.arange(-reach, reach + 1)
    kernel = np.exp(-(steps**2) / (2 * sigma**2))
    kernel /= kernel.sum()
    for axis in (0, 1):
        held = np.pad(plane, [(reach, reach) if one == axis else (0, 0) for one in (0, 1)], "edge")
        plane = np.apply_along_axis(np.convolve, axis, held, kernel, "valid")
    return plane


def _unit(plane: _Plane) -> _Plane:
    low, high = np.percentile(plane, (5, 99))
    clipped: _Plane = np.clip((plane - low) / max(float(high - low), 1e-9), 0, 1)
    return clipped
