"""How much a picture may ask for before it is refused; bytes and pixels."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """Bounds that are told from headers, before a pixel is decoded."""

    # Only the coefficients that the wanted size needs are computed of a baseline JPEG: 100 million
    # pixels take less than 300 MB. Everything else lies in memory whole, at 4 bytes a pixel, and a
    # progressive JPEG with all its coefficients, at up to 6 (and its scans run over all of them).
    scaled_pixels: int = 100_000_000
    whole_pixels: int = 50_000_000
    progressive_pixels: int = 40_000_000
    side: int = 30_000
    # A scan costs time for every pixel; encoders write 10.
    scans: int = 64
    scanned_pixels: int = 500_000_000
    frames: int = 1_000
    animated_pixels: int = 400_000_000
    pages: int = 64
    profile_bytes: int = 4 << 20
    exif_bytes: int = 1 << 20
    # All metadata together, what is compressed in it by its size when it is not.
    metadata_bytes: int = 16 << 20
    # Chunks, segments, blocks, directory entries: each costs a step.
    parts: int = 200_000
    vector_bytes: int = 4 << 20
    vector_elements: int = 20_000
    # Each reference draws all that it refers to again, and references nest.
    vector_drawn: int = 50_000


LIMITS: Final = ImageLimits()
