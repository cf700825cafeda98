"""Raw values of a sensor, developed by LibRaw. Runs in the child."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from PIL import Image

from transcoders.images.limits import LIMITS
from transcoders.images.refusal import Refused

# Sensor values; more are developed at half the size.
_LARGE: Final = 16_000_000


def size(path: Path) -> tuple[int, int]:
    """Width and height of the picture, upright; Refused where it is too large or damaged."""
    with _opened(path) as file:
        sizes = file.sizes
        if sizes.raw_width * sizes.raw_height > LIMITS.whole_pixels:
            raise Refused(f"{sizes.raw_width} × {sizes.raw_height} sensor values are too many")
        half = 2 if sizes.raw_width * sizes.raw_height > _LARGE else 1
        width, height = sizes.iwidth // half, sizes.iheight // half
        # LibRaw turns as cameras say: 5 and 6 are quarter turns.
        return (height, width) if sizes.flip in (5, 6) else (width, height)


def undeveloped() -> Image.Image:
    """What stands for a picture of which only the size is asked."""
    image = Image.new("RGB", (1, 1))
    image.format = "RAW"
    return image


def developed(path: Path) -> Image.Image:
    """The picture upright in sRGB, with the camera's white balance; half its size where large.

    At half size each group of four sensor values makes one pixel: nothing is interpolated, and
    24 million values take a quarter of the memory.
    """
    import rawpy

    with _opened(path) as file:
        pixels = file.sizes.raw_width * file.sizes.raw_height
        values = file.postprocess(
            use_camera_wb=True, half_size=pixels > _LARGE, output_color=rawpy.ColorSpace.sRGB
        )
    made = Image.fromarray(values)
    made.format = "RAW"
    return made


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import rawpy

    try:
        with rawpy.imread(str(path)) as file:
            yield file
    except rawpy.LibRawError as error:
        said = error.args[0] if error.args else error
        plain = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise Refused(f"the raw picture cannot be developed: {plain}") from error
