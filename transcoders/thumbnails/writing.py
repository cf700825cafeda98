"""Thumbnails as files, each under its network's size. Runs in the child."""

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from PIL import Image

from transcoders.images import attention
from transcoders.images.geometry import cut
from transcoders.images.wanted import Face
from transcoders.thumbnails.titling import Unsettable, titled
from transcoders.thumbnails.wanted import File, Request, Shape, Titled

_PLAIN: Final = ("jpeg",)
_BRANDED: Final = ("jpeg", "webp", "png")
_ENDINGS: Final = {"jpeg": "jpg", "webp": "webp", "png": "png"}
_SCALES: Final = (1.0, 0.75, 0.5)


def make(
    frames: list[Image.Image], request: Request, detector: Path | None
) -> tuple[list[File], list[str]]:
    """The files, and notes on titles that could not be set."""
    files: list[File] = []
    notes: list[str] = []
    focuses = [attention.focus(frame, detector) for frame in frames]
    for shape, chosen in zip(request.shapes, request.wanted, strict=True):
        for place, number in enumerate(chosen, 1):
            focus, frame = focuses[number], frames[number]
            placed = cut(frame.size, shape, (focus.x, focus.y), attention.kept_boxes(focus.faces))
            image = frame.resize(placed.size, Image.Resampling.LANCZOS, box=placed.box)
            stem = f"thumbnail/{shape.name.replace(':', 'x')}-{place}"
            told = (request, shape, place, number)
            files += _written(image, stem, "plain", _PLAIN, told, None)
            if request.brand is None or request.font is None:
                continue
            faces = tuple(_within(face, placed.box, frame.size) for face in focus.faces)
            try:
                made, how = titled(image, request.brand, shape, request.font, faces)
            except Unsettable as error:
                notes.append(f"{shape.name}: the title was not set: {error}")
                continue
            files += _written(made, f"{stem}-title", "titled", _BRANDED, told, how)
    return files, list(dict.fromkeys(notes))


def _within(face: Face, box: tuple[float, float, float, float], size: tuple[int, int]) -> Face:
    """A face of the frame as one of what was cut out of it."""
    width, height = box[2] - box[0], box[3] - box[1]
    return Face(
        (face.left * size[0] - box[0]) / width,
        (face.top * size[1] - box[1]) / height,
        face.width * size[0] / width,
        face.height * size[1] / height,
        face.score,
    )


def _written(
    image: Image.Image,
    stem: str,
    role: str,
    formats: tuple[str, ...],
    told: tuple[Request, Shape, int, int],
    how: Titled | None,
) -> Iterator[File]:
    request, shape, place, frame = told
    assert request.folder is not None
    for kind in formats:
        name = f"{stem}.{_ENDINGS[kind]}"
        data, size = _below(image, kind, shape.most_bytes)
        target = Path(request.folder) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        yield File(name, role, shape.name, place, frame, f"image/{kind}", kind, *size, how)


def _below(image: Image.Image, kind: str, most: int) -> tuple[bytes, tuple[int, int]]:
    """A picture in a format, in the first way that is small enough; the smallest is the last."""
    data = b""
    for scale in _SCALES:
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        small = image if scale == 1 else image.resize(size, Image.Resampling.LANCZOS)
        for write in _WAYS[kind]:
            file = io.BytesIO()
            write(small, file)
            data = file.getvalue()
            if len(data) <= most:
                return data, size
    return data, size


def _jpeg(quality: int) -> Callable[[Image.Image, io.BytesIO], None]:
    return lambda image, file: image.save(
        file, "JPEG", quality=quality, progressive=True, optimize=True, subsampling="4:2:0"
    )


def _webp(quality: int) -> Callable[[Image.Image, io.BytesIO], None]:
    return lambda image, file: image.save(file, "WEBP", quality=quality, method=3)


def _png(image: Image.Image, file: io.BytesIO) -> None:
    image.save(file, "PNG", compress_level=4)


def _png_of_256(image: Image.Image, file: io.BytesIO) -> None:
    image.quantize(256, method=Image.Quantize.MEDIANCUT).save(file, "PNG", compress_level=9)


_WAYS: Final[Mapping[str, tuple[Callable[[Image.Image, io.BytesIO], None], ...]]] = {
    "jpeg": tuple(map(_jpeg, (90, 82, 70))),
    "webp": tuple(map(_webp, (88, 78, 65))),
    "png": (_png, _png_of_256),
}
