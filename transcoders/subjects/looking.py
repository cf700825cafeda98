"""What is seen in small frames: faces, and what stands out where there are none. In the child."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from transcoders.images.attention import salient

_LEAST_SCORE: Final = 0.7
_MOST_FACES: Final = 20
# The detector strides over 32 pixels.
_LEAST_SIDE: Final = 32
_SMALL_SIDE: Final = 64
_MOUTH_SIDE: Final = 12

_Grey = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Face:
    """A face in parts of the picture, 0 to 1; `mouth` is what it looks like, small and grey."""

    left: float
    top: float
    width: float
    height: float
    score: float
    mouth: _Grey | None = None

    @property
    def x(self) -> float:
        """Its middle."""
        return self.left + self.width / 2

    @property
    def y(self) -> float:
        """Its middle."""
        return self.top + self.height / 2

    @property
    def area(self) -> float:
        """In parts of the picture's."""
        return self.width * self.height


@dataclass(slots=True)
class Look:
    """One small frame: its faces, and the frame itself at 64 by 64 pixels."""

    faces: tuple[Face, ...]
    small: npt.NDArray[np.uint8] = field(repr=False)


def looks(frames: Path, detector: Path | None) -> Iterator[Look]:
    """Every JPEG of a file in which they stand one behind the other."""
    import cv2

    cv2.setNumThreads(1)
    finder: Any = None
    for data in _jpegs(frames.read_bytes()):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise ValueError("a frame of ours cannot be decoded")
        height, width = image.shape[:2]
        faces: tuple[Face, ...] = ()
        if detector is not None and min(width, height) >= _LEAST_SIDE:
            if finder is None:
                finder = cv2.FaceDetectorYN.create(
                    str(detector), "", (width, height), _LEAST_SCORE, 0.3, _MOST_FACES
                )
            faces = tuple(_faces(finder.detect(image)[1], cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)))
        small = cv2.resize(image, (_SMALL_SIDE, _SMALL_SIDE), interpolation=cv2.INTER_AREA)
        yield Look(faces, np.ascontiguousarray(small[:, :, ::-1]))


def _jpegs(data: bytes) -> Iterator[bytes]:
    """Of ffmpeg's own JPEGs: within one, no end of image stands but at its end."""
    begin = 0
    while (end := data.find(b"\xff\xd9", begin)) >= 0:
        yield data[begin : end + 2]
        begin = end + 2


def _faces(found: Any, grey: npt.NDArray[Any]) -> Iterator[Face]:
    height, width = grey.shape
    for row in [] if found is None else found:
        left, top, across, down = (float(value) for value in row[:4])
        if across <= 0 or down <= 0:
            continue
        yield Face(
            left / width,
            top / height,
            across / width,
            down / height,
            float(row[14]),
            _mouth(grey, row, across),
        )


def _mouth(grey: npt.NDArray[Any], row: Any, across: float) -> _Grey | None:
    """The patch around the corners of the mouth, evenly lit."""
    import cv2

    x, y = (float(row[10] + row[12]) / 2, float(row[11] + row[13]) / 2)
    side = across * 0.28
    box = [int(y - side), int(y + side), int(x - side), int(x + side)]
    patch = grey[max(0, box[0]) : max(0, box[1]), max(0, box[2]) : max(0, box[3])]
    if min(patch.shape) < _MOUTH_SIDE // 2:
        return None
    small = cv2.resize(
        patch, (_MOUTH_SIDE, _MOUTH_SIDE), interpolation=cv2.INTER_AREA
    ).astype(np.float32)  # fmt: skip
    even: _Grey = (small - small.mean()) / (float(small.std()) + 8.0)
    return even


def standing_out(small: npt.NDArray[np.uint8], before: npt.NDArray[np.uint8] | None) -> (
    tuple[float, float] | None
):  # fmt: skip
    """Where people look in a picture without faces, 0 to 1; None where nothing stands out.

    What moves alone is looked at first: `before` is the same shot a moment earlier.
    """
    moved = _moving(small, before) if before is not None else None
    still = salient(Image.fromarray(small))
    if moved is None or still is None:
        return moved or still
    return (moved[0] + still[0]) / 2, (moved[1] + still[1]) / 2


def _moving(
    small: npt.NDArray[np.uint8], before: npt.NDArray[np.uint8]
) -> tuple[float, float] | None:
    change = np.abs(small.astype(np.float64) - before).mean(axis=2)
    change = np.maximum(change - 12.0, 0.0)
    total = float(change.sum())
    # All of it moves where the camera does.
    share = float((change > 0).mean())
    if total < 200.0 or share > 0.35:
        return None
    rows, columns = np.mgrid[0:_SMALL_SIDE, 0:_SMALL_SIDE]
    x, y = float((change * columns).sum()) / total, float((change * rows).sum()) / total
    return (x + 0.5) / _SMALL_SIDE, (y + 0.5) / _SMALL_SIDE
