"""What moves stays moving, as WebP. Runs in the child."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image, ImageSequence

from transcoders.images import opening
from transcoders.images.geometry import Size, scaled
from transcoders.images.opening import Opened
from transcoders.images.refusal import reading
from transcoders.images.structure import shown_for
from transcoders.images.wanted import File, Work

# The encoder wants all frames before it begins: this many pixels of them at 4 bytes each.
_MOST_PIXELS: Final = 30_000_000
_QUALITY: Final = 75
_EFFORT: Final = 3
NAME: Final = "animation.webp"


def write(opened: Opened, work: Work, folder: Path, notes: list[str]) -> File:
    """The frames upright in sRGB, as wide as wanted and as they fit into memory."""
    size = _size(opened, work.animation_width, notes)
    image = opened.image
    profile = image.info.get("icc_profile")
    frames, durations = [], []
    for frame in _frames(opened, size, profile):
        frames.append(frame)
        durations.append(round(1000 * shown_for(image.info.get("duration", 0) / 1000)))
    first, *others = frames
    first.save(
        folder / NAME, "WEBP", save_all=True, append_images=others, duration=durations,
        loop=int(image.info.get("loop", 1)), quality=_QUALITY, method=_EFFORT,
    )  # fmt: skip
    return File(
        NAME, "animation", f"{size[0]}w", "image/webp", "webp", *size, sum(durations) / 1000
    )


def _size(opened: Opened, widest: int, notes: list[str]) -> Size:
    size = scaled(opened.size, min(widest, opened.size[0]))
    part = _MOST_PIXELS / (size[0] * size[1] * opened.frames)
    if part < 1:
        size = scaled(opened.size, max(1, int(size[0] * part**0.5)))
        notes.append(f"the animation is {size[0]} pixels wide, as {opened.frames} frames are many")
    return size


def _frames(opened: Opened, size: Size, profile: bytes | None) -> Iterator[Image.Image]:
    alpha = opening.has_alpha(opened.image)
    shown = ImageSequence.Iterator(opened.image)
    while True:
        with reading():
            raw = next(shown, None)
            if raw is None:
                return
            frame = raw.convert("RGBA" if alpha or opening.has_alpha(raw) else "RGB")
        frame.info.clear()
        if profile:
            frame = opening.in_srgb(frame, profile, [])
        yield frame.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
