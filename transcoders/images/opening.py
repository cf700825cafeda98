"""Opening a picture: as what it is and nothing else, upright, in sRGB. Runs in the child."""

import io
import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import ExifTags, Image, ImageCms

from transcoders.images import raw, vectors
from transcoders.images.limits import LIMITS
from transcoders.images.refusal import Refused, reading
from transcoders.images.structure import Structure, check_exif, check_profile, examine

SVG: Final = "image/svg+xml"
_FORMATS: Final = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/gif": ("GIF",),
    "image/webp": ("WEBP",),
    "image/tiff": ("TIFF",),
    "image/avif": ("AVIF",),
    "image/heic": ("HEIF",),
    "image/heif": ("HEIF", "AVIF"),
}
_MOVING: Final = frozenset({"GIF", "WEBP", "PNG"})
# How the stored pixels become upright: EXIF 2.32, tag 274.
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_WORDS: Final = 500


@dataclass(slots=True)
class Opened:
    """A picture of which only the headers were read; state: until its pixels are let go."""

    image: Image.Image
    structure: Structure
    orientation: int
    stored: tuple[int, int]
    """Width and height in the file."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as seen."""
        width, height = self.stored
        return (height, width) if self.orientation >= 5 else (width, height)

    def let_go(self) -> None:
        """Free the pixels: encoders need the room more. Nothing can be read any more."""
        self.image = Image.new("L", (1, 1))

    @property
    def frames(self) -> int:
        """How many it shows one after the other."""
        return max(1, self.structure.frames) if self.image.format in _MOVING else 1


def opened(path: Path, mime: str, *, only_headers: bool = False) -> Opened:
    """Read the headers of a picture and hold them to the limits; Refused with the reason.

    With `only_headers` nothing else may be asked of it: raw values are not developed.
    """
    structure = examine(path, mime)
    # Bounds are checked below, each with its own words.
    Image.MAX_IMAGE_PIXELS = None
    if mime == SVG:
        image = vectors.rasterised(path)
    elif structure.mosaic:
        stored = raw.size(path)
        image = raw.undeveloped() if only_headers else raw.developed(path)
        return Opened(image, structure, 1, stored if only_headers else image.size)
    else:
        image = _image(path, mime)
    _check(image, structure)
    return Opened(image, structure, _orientation(image), image.size)


def _image(path: Path, mime: str) -> Image.Image:
    formats = _FORMATS.get(mime)
    if formats is None:
        raise Refused(f"pictures of the type {mime} are not taken")
    if "HEIF" in formats:
        import pi_heif

        pi_heif.register_heif_opener()
    with reading():
        return Image.open(path, formats=formats)


def _check(image: Image.Image, structure: Structure) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise Refused("the picture has no pixels")
    pixels = width * height
    if image.format in ("JPEG", "MPO"):
        most = LIMITS.progressive_pixels if structure.progressive else LIMITS.scaled_pixels
    else:
        most = LIMITS.whole_pixels
    if pixels > most or max(width, height) > LIMITS.side:
        kind = "progressive JPEG" if structure.progressive else image.format or "picture"
        raise Refused(
            f"{width} × {height} pixels are too many: a {kind} may have {most // 1_000_000}"
            f" million, and {LIMITS.side} a side"
        )
    if structure.scans > 1 and structure.scans * pixels > LIMITS.scanned_pixels:
        raise Refused(
            f"{structure.scans} scans of {width} × {height} pixels are too many to decode"
        )
    if structure.frames > 1 and structure.frames * pixels > LIMITS.animated_pixels:
        raise Refused(
            f"{structure.frames} frames of {width} × {height} pixels are too many to decode"
        )
    check_profile(len(image.info.get("icc_profile") or b""))
    check_exif(len(image.info.get("exif") or b""))


def _orientation(image: Image.Image) -> int:
    found = exif(image).get(ExifTags.Base.Orientation, 1)
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def exif(image: Image.Image) -> Image.Exif:
    """What is told in EXIF; nothing where that is damaged."""
    # Pillow raises whatever the damage leads to, and EXIF is no reason to refuse a picture.
    try:
        found = image.getexif()
        dict(found)
    except Exception:  # noqa: BLE001
        return Image.Exif()
    return found


def rights(opened: Opened) -> tuple[str | None, str | None]:
    """Whose picture it is: the copyright's words and the artist's name, where they are told."""
    image = opened.image
    told = exif(image)
    owner = _words(told.get(ExifTags.Base.Copyright))
    artist = _words(told.get(ExifTags.Base.Artist))
    text = opened.structure.text
    owner = owner or _words(text.get("Copyright")) or _of_xmp(image, text, "rights")
    artist = artist or _words(text.get("Author")) or _of_xmp(image, text, "creator")
    return owner, artist


def _words(value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if not isinstance(value, str):
        return None
    # Photographer and editor are separated by NUL (EXIF 2.32, tag 33432).
    with suppress(UnicodeError):
        # EXIF knows ASCII alone; Pillow reads it as Latin-1, and most write UTF-8.
        value = value.encode("latin-1").decode()
    plain = "".join(c if c.isprintable() else " " for c in value)
    return " ".join(plain.split())[:_WORDS] or None


def _of_xmp(image: Image.Image, text: dict[str, str], name: str) -> str | None:
    packet = image.info.get("xmp") or text.get("XML:com.adobe.xmp") or b""
    packet = packet if isinstance(packet, str) else packet[: 1 << 18].decode(errors="replace")
    pattern = rf"<dc:{name}>.{{0,200}}?<rdf:li[^>]{{0,100}}>([^<]{{1,{_WORDS}}})</rdf:li>"
    found = re.search(pattern, packet, re.DOTALL)
    return _words(found[1]) if found else None


def profile_name(image: Image.Image) -> str | None:
    """What the embedded colour profile calls itself."""
    data = image.info.get("icc_profile")
    if not data:
        return None
    try:
        return _words(ImageCms.getProfileDescription(io.BytesIO(data))) or "unnamed"
    except (ImageCms.PyCMSError, OSError, ValueError):
        return "damaged"


def has_alpha(image: Image.Image) -> bool:
    """Whether pixels may be transparent."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def normalised(opened: Opened, scale: float, notes: list[str]) -> Image.Image:
    """The first frame upright in sRGB, RGB or RGBA, at about `scale` (0 to 1) of its size."""
    image = opened.image
    width, height = image.size
    wanted = max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale))
    with reading():
        if image.format in ("JPEG", "MPO"):
            # Rounded down: decoders halve, and half of an odd size is less than it rounded up.
            image.draft(None, (max(1, int(width * scale)), max(1, int(height * scale))))
        image.load()
    notes += image.info.get("notes", ())
    profile = image.info.get("icc_profile")
    image = _plain(image)
    if image.width > wanted[0] or image.height > wanted[1]:
        image = image.resize(wanted, Image.Resampling.LANCZOS, reducing_gap=2.0)
    image = in_srgb(image, profile, notes)
    turn = _TURNS.get(opened.orientation)
    if turn is not None:
        image = image.transpose(turn)
    image = opaque_if_it_is(image)
    # Writers take comments, resolutions and more from here without being asked to.
    image.info = {}
    return image


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be resized and has 8 bits a channel."""
    mode = image.mode
    if mode in ("RGB", "L", "CMYK", "LAB", "YCbCr", "RGBA", "LA") and not (
        "transparency" in image.info and mode in ("RGB", "L")
    ):
        return image
    if mode.startswith("I;16") or mode == "I":
        return image.point(_high_byte).convert("L")
    if mode == "F":
        raise Refused("pictures with floating-point values are not taken")
    return image.convert("RGBA" if has_alpha(image) else "RGB")


# As Pillow wants it for these modes: a linear function of a symbol.
_high_byte: Final[Callable[[Any], Any]] = lambda value: value * (1 / 257) + 0  # noqa: E731


def in_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """The colours as sRGB has them, RGB or RGBA; what a damaged profile says is ignored."""
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    colour = image
    if alpha is not None:
        colour = image.convert("RGB" if image.mode == "RGBA" else "L")
    converted = None
    if profile:
        converted = _converted(colour, profile, notes)
    colour = converted if converted is not None else colour.convert("RGB")
    if alpha is not None:
        colour.putalpha(alpha)
    return colour


def _converted(image: Image.Image, profile: bytes, notes: list[str]) -> Image.Image | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = ImageCms.getProfileDescription(source).strip()
        if name.startswith("sRGB") and image.mode == "RGB":
            return image
        made = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        notes.append("the colour profile is damaged or does not fit, and was ignored")
        return None
    notes.append(f"colours were converted from {_words(name) or 'an unnamed profile'} to sRGB")
    return made


def opaque_if_it_is(image: Image.Image) -> Image.Image:
    """Without its alpha where nothing is transparent."""
    if image.mode == "RGBA":
        lowest, _ = image.getchannel("A").getextrema()
        if lowest == 255:
            return image.convert("RGB")
    return image


def kept_metadata(owner: str | None, artist: str | None) -> bytes:
    """EXIF with whose picture it is and nothing else; empty where that is not told."""
    told = Image.Exif()
    if owner:
        told[ExifTags.Base.Copyright] = owner.encode()
    if artist:
        told[ExifTags.Base.Artist] = artist.encode()
    with suppress(TypeError, ValueError):
        return told.tobytes() if len(told) else b""
    return b""
