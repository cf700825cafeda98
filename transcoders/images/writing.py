"""Everything that is made of a picture, from one decode. Runs in the child."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final

from PIL import Image, features

from transcoders.images import animation, attention, impressions, opening
from transcoders.images.geometry import Cut, Size, cut, needed_scale, scaled, widths_for
from transcoders.images.opening import Opened
from transcoders.images.wanted import Encoding, File, Focus, Made, Work

_MIMES: Final = {
    "avif": "image/avif",
    "webp": "image/webp",
    "jpeg": "image/jpeg",
    "png": "image/png",
}
_EXTENSIONS: Final = {"jpeg": "jpg"}
_POSTER: Final = "poster.jpg"
# Faces and what stands out are looked for in a picture of this size.
_SMALL: Final = 640
_THREADS: Final = min(4, len(os.sched_getaffinity(0)))


@dataclass(slots=True)
class Desk:
    """What all parts of the work share; state: what was made so far."""

    work: Work
    folder: Path
    exif: bytes
    made: Made = field(default_factory=Made)

    def write(
        self, image: Image.Image, encoding: Encoding, stem: str, role: str, rendition: str
    ) -> None:
        """Encode a picture into `<stem>.<extension>`."""
        kind = encoding.format
        name = f"{stem}.{_EXTENSIONS.get(kind, kind)}"
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if kind == "jpeg":
            image = self.flat(image)
        _WRITERS[kind](image, target, encoding, self.exif)
        self.made.files.append(
            File(name, role, rendition, _MIMES[kind], kind, image.width, image.height)
        )

    def flat(self, image: Image.Image) -> Image.Image:
        """On the background, where something is transparent."""
        if image.mode != "RGBA":
            return image
        base = Image.new("RGB", image.size, self.work.background)
        base.paste(image, mask=image.getchannel("A"))
        return base


def make(opened: Opened, work: Work, folder: Path, detector: Path | None) -> Made:
    """Write every file that is wanted, and tell what was found."""
    owner, artist = opening.rights(opened)
    desk = Desk(work, folder, opening.kept_metadata(owner, artist))
    made, size = desk.made, opened.size
    made.tools = tools()
    if opened.structure.content_credentials:
        made.notes.append(
            "content credentials (C2PA) were removed: they sign the original's bytes, and hold for"
            " nothing that is made of it"
        )
    widths = widths_for(size, work.widths)
    # A crop may lie anywhere and is no wider than its window: the sizes are known before the point.
    shapes = [cut(size, crop, (0.5, 0.5)) for crop in work.crops]
    outputs = [(shape.box[2] - shape.box[0], shape.size[0]) for shape in shapes]
    scale = needed_scale(size, [(size[0], widths[0]), *outputs])
    base = opening.normalised(opened, scale, made.notes)
    moving = opened.frames > 1
    if not moving:
        opened.let_go()
    small = base.copy()
    small.thumbnail((_SMALL, _SMALL), Image.Resampling.BOX, reducing_gap=None)
    made.placeholder = impressions.placeholder(small)
    made.palette = impressions.palette(small)
    made.focus = _focus(desk, small, detector)
    _crops(desk, base, size, made.focus)
    _sizes(desk, base, widths, size)
    if moving:
        made.files.append(animation.write(opened, work, folder, made.notes))
    return made


def _focus(desk: Desk, small: Image.Image, detector: Path | None) -> Focus:
    given = desk.work.focal
    found = attention.focus(desk.flat(small).convert("RGB"), detector)
    return Focus(*given, "given", found.faces) if given is not None else found


def _sizes(desk: Desk, base: Image.Image, widths: list[int], size: Size) -> None:
    work = desk.work
    lossless = base.mode == "RGBA"
    poster = max((one for one in widths if one <= work.poster_width), default=widths[-1])
    for width in widths:
        wanted = scaled(size, width)
        # Each from the one above it: the smallest would cost as much as the largest.
        if base.size != wanted:
            base = base.resize(wanted, Image.Resampling.LANCZOS, reducing_gap=3.0)
        named = ("variant", f"{width}w")
        for encoding in work.encodings:
            desk.write(base, encoding, f"image/{width}", *named)
        if lossless:
            desk.write(base, Encoding("png", 100), f"image/{width}", *named)
        if width == poster:
            _poster(desk, base, width)


def _poster(desk: Desk, image: Image.Image, width: int) -> None:
    """The JPEG of one size under the name by which posters are known."""
    same = next(
        one for one in desk.made.files if one.codec == "jpeg" and one.rendition == f"{width}w"
    )
    shutil.copyfile(desk.folder / same.name, desk.folder / _POSTER)
    desk.made.files.append(
        File(_POSTER, "poster", "", "image/jpeg", "jpeg", image.width, image.height)
    )


def _crops(desk: Desk, base: Image.Image, size: Size, focus: Focus) -> None:
    keep = attention.kept_boxes(focus.faces) if focus.found_by == "faces" else []
    ratio = base.width / size[0], base.height / size[1]
    for crop in desk.work.crops:
        place: Cut = cut(size, crop, (focus.x, focus.y), keep)
        left, top, right, bottom = place.box
        box = left * ratio[0], top * ratio[1], right * ratio[0], bottom * ratio[1]
        inside = (max(0.0, box[0]), max(0.0, box[1]),
                  min(base.width, box[2]), min(base.height, box[3]))  # fmt: skip
        image = base.resize(place.size, Image.Resampling.LANCZOS, box=inside, reducing_gap=3.0)
        stem = f"crop/{crop.name.replace(':', 'x').replace('.', '-')}"
        for encoding in desk.work.crop_encodings:
            desk.write(image, encoding, stem, "crop", crop.name)


def tools() -> str:
    """The libraries whose versions decide what bytes are made."""
    names = ("avif", "webp", "libjpeg_turbo", "littlecms2")
    found = (f"{name} {features.version(name)}" for name in names)
    return ", ".join((f"pillow {version('pillow')}", *found))


def _avif(image: Image.Image, target: Path, encoding: Encoding, exif: bytes) -> None:
    image.save(
        target, "AVIF", quality=encoding.quality, speed=encoding.effort, subsampling="4:2:0",
        max_threads=_THREADS, exif=exif,
    )  # fmt: skip


def _webp(image: Image.Image, target: Path, encoding: Encoding, exif: bytes) -> None:
    image.save(target, "WEBP", quality=encoding.quality, method=encoding.effort, exif=exif)


def _jpeg(image: Image.Image, target: Path, encoding: Encoding, exif: bytes) -> None:
    image.save(
        target, "JPEG", quality=encoding.quality, progressive=True, optimize=True,
        subsampling="4:2:0", exif=exif,
    )  # fmt: skip


def _png(image: Image.Image, target: Path, encoding: Encoding, exif: bytes) -> None:
    image.save(target, "PNG", compress_level=6, exif=exif)


_WRITERS: Final[Mapping[str, Callable[[Image.Image, Path, Encoding, bytes], None]]] = {
    "avif": _avif,
    "webp": _webp,
    "jpeg": _jpeg,
    "png": _png,
}
