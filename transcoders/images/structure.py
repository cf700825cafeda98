"""What the parts of a file say of it, read without decoding: the bounds are checked here.

Each reader steps from part to part over mapped bytes and stops at the first bound that is broken.
"""

import mmap
import re
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from transcoders.images.limits import LIMITS
from transcoders.images.refusal import Refused


@dataclass(slots=True)
class Structure:
    """What was counted; state: the readers add to it."""

    frames: int = 0
    seconds: float = 0.0
    """How long its frames are shown, all together."""
    scans: int = 0
    progressive: bool = False
    metadata_bytes: int = 0
    parts: int = 0
    content_credentials: bool = False
    mosaic: bool = False
    """Whether it holds the raw values of a sensor."""
    text: dict[str, str] = field(default_factory=dict)

    def step(self) -> None:
        """One more part."""
        self.parts += 1
        if self.parts > LIMITS.parts:
            raise Refused(f"the file has more than {LIMITS.parts} parts")

    def frame(self, seconds: float = 0.0) -> None:
        """One more frame, and how long it is shown."""
        self.frames += 1
        self.seconds += shown_for(seconds)
        if self.frames > LIMITS.frames:
            raise Refused(f"the picture has more than {LIMITS.frames} frames")

    def metadata(self, size: int) -> None:
        """More metadata."""
        self.metadata_bytes += size
        if self.metadata_bytes > LIMITS.metadata_bytes:
            raise Refused(f"the file has more than {LIMITS.metadata_bytes >> 20} MiB of metadata")


def examine(path: Path, mime: str) -> Structure:
    """Walk through a file of a known type; Refused where it breaks a bound or is cut short."""
    found = Structure()
    reader = _READERS.get(mime)
    if reader is None:
        return found
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            reader(data, found)
        except (struct.error, IndexError) as error:
            raise Refused("the file is damaged or was cut short") from error
    return found


# Browsers show frames that ask for a hundredth of a second or less for a tenth.
_LEAST_SECONDS, _USUAL_SECONDS = 0.011, 0.1


def shown_for(seconds: float) -> float:
    """How long a frame is really shown that asks for so many seconds."""
    return seconds if seconds >= _LEAST_SECONDS else _USUAL_SECONDS


def check_profile(size: int) -> None:
    """Refuse a colour profile of that many bytes."""
    if size > LIMITS.profile_bytes:
        raise Refused(f"the colour profile has more than {LIMITS.profile_bytes >> 20} MiB")


def check_exif(size: int) -> None:
    """Refuse EXIF of that many bytes."""
    if size > LIMITS.exif_bytes:
        raise Refused(f"the EXIF data has more than {LIMITS.exif_bytes >> 20} MiB")


# ITU-T T.81: within coded data 0xFF is followed by 0 or a restart marker.
_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})


def _jpeg(data: mmap.mmap, found: Structure) -> None:
    at, profile, exif = 2, 0, 0
    while (mark := _MARKER.search(data, at)) is not None:
        found.step()
        kind = data[mark.start() + 1]
        if kind == _END_OF_IMAGE:
            # What follows are previews and depth maps, which are not looked at.
            break
        begin = mark.end()
        (length,) = struct.unpack_from(">H", data, begin)
        at = begin + max(2, length)
        head = data[begin + 2 : begin + 14]
        if kind == _START_OF_SCAN:
            found.scans += 1
            if found.scans > LIMITS.scans:
                raise Refused(f"the picture is stored in more than {LIMITS.scans} scans")
        elif kind in _PROGRESSIVE:
            found.progressive = True
        elif 0xE0 <= kind <= 0xEF or kind == 0xFE:
            found.metadata(length)
            profile += length if head.startswith(b"ICC_PROFILE\0") else 0
            exif += length if head.startswith(b"Exif\0") else 0
            # JUMBF boxes, of which C2PA is the one in use (ISO 19566-5, C2PA 2.2 A.3.1).
            found.content_credentials |= kind == 0xEB and b"c2pa" in data[begin : begin + 200]
    check_profile(profile)
    check_exif(exif)


def _png(data: mmap.mmap, found: Structure) -> None:
    at = 8
    while at + 8 <= len(data):
        found.step()
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        body, at = at + 8, at + 12 + length
        if kind == b"fcTL":
            ticks, rate = struct.unpack_from(">HH", data, body + 20)
            found.frame(ticks / (rate or 100))
        elif kind == b"caBX":
            found.content_credentials = True
        elif kind == b"eXIf":
            check_exif(length)
        if kind not in (b"IDAT", b"fdAT", b"PLTE"):
            found.metadata(length)
        if kind in (b"zTXt", b"iTXt", b"iCCP"):
            _compressed(data[body : body + length], kind, found)
        if kind == b"IEND":
            break


def _compressed(body: bytes, kind: bytes, found: Structure) -> None:
    """Count what a compressed chunk unpacks to, and unpack no more than that may be."""
    keyword, _, rest = body.partition(b"\0")
    if kind == b"iTXt":
        packed = rest[:1] == b"\1"
        *_, rest = rest[2:].split(b"\0", 2)
        if not packed:
            _remember(found, keyword, rest)
            return
    else:
        rest = rest[1:]
    most = LIMITS.profile_bytes if kind == b"iCCP" else LIMITS.metadata_bytes - found.metadata_bytes
    try:
        plain = zlib.decompressobj().decompress(rest, most + 1)
    except zlib.error:
        return
    if kind == b"iCCP":
        check_profile(len(plain))
    found.metadata(len(plain))
    _remember(found, keyword, plain)


def _remember(found: Structure, keyword: bytes, value: bytes) -> None:
    if len(keyword) < 80 and len(value) < 4096:
        found.text[keyword.decode("latin-1")] = value.decode(errors="replace")


def _gif(data: mmap.mmap, found: Structure) -> None:
    flags = data[10]
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    delay = 0
    while at < len(data):
        found.step()
        block = data[at]
        if block == 0x3B:
            break
        if block == 0x21:
            if data[at + 1] == 0xF9:
                (delay,) = struct.unpack_from("<H", data, at + 4)
            at = _sub_blocks(data, at + 2, found)
        elif block == 0x2C:
            found.frame(delay / 100)
            flags = data[at + 9]
            table = 3 << (flags & 7) + 1 if flags & 0x80 else 0
            at = _sub_blocks(data, at + 11 + table, found)
        else:
            # Decoders stop at what they do not know.
            break


_MOST_SUB_BLOCKS: Final = 2_000_000


def _sub_blocks(data: mmap.mmap, at: int, found: Structure) -> int:
    """Where the blocks that begin there end."""
    count = 0
    while at < len(data) and data[at]:
        at += data[at] + 1
        count += 1
        if count > _MOST_SUB_BLOCKS:
            raise Refused("the file has too many parts")
    found.parts += count // 1000
    return at + 1


def _webp(data: mmap.mmap, found: Structure) -> None:
    at = 12
    while at + 8 <= len(data):
        found.step()
        kind = data[at : at + 4]
        (length,) = struct.unpack_from("<I", data, at + 4)
        body, at = at + 8, at + 8 + length + (length & 1)
        if kind == b"ANMF":
            found.frame(int.from_bytes(data[body + 12 : body + 15], "little") / 1000)
        elif kind == b"ICCP":
            check_profile(length)
        elif kind == b"EXIF":
            check_exif(length)
        elif kind == b"C2PA":
            found.content_credentials = True
        if kind not in (b"ANMF", b"VP8 ", b"VP8L", b"ALPH"):
            found.metadata(length)


# TIFF 6.0 and DNG 1.7: tags, and the photometric values of sensors.
_TAG_PHOTOMETRIC, _TAG_SUB_IFDS, _TAG_DNG, _TAG_PROFILE = 262, 330, 50706, 34675
_MOSAICS: Final = frozenset({32803, 34892})
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


def _tiff(data: mmap.mmap, found: Structure) -> None:
    order = "<" if data[:2] == b"II" else ">"
    todo = [struct.unpack_from(order + "I", data, 4)[0]]
    seen: set[int] = set()
    pages = 0
    while todo:
        at = todo.pop()
        if at in seen or not 8 <= at < len(data):
            continue
        seen.add(at)
        pages += 1
        if pages > LIMITS.pages:
            raise Refused(f"the file has more than {LIMITS.pages} pages or layers")
        (count,) = struct.unpack_from(order + "H", data, at)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            found.step()
            tag, kind, number = struct.unpack_from(order + "HHI", data, entry)
            _tiff_entry(data, order, entry, (tag, kind, number), found, todo)
        (following,) = struct.unpack_from(order + "I", data, at + 2 + 12 * count)
        todo.append(following)


def _tiff_entry(
    data: mmap.mmap,
    order: str,
    entry: int,
    described: tuple[int, int, int],
    found: Structure,
    todo: list[int],
) -> None:
    tag, kind, number = described
    if tag == _TAG_PHOTOMETRIC and kind == 3:
        (value,) = struct.unpack_from(order + "H", data, entry + 8)
        found.mosaic |= value in _MOSAICS
    elif tag == _TAG_SUB_IFDS and kind in (4, 13) and number <= LIMITS.pages:
        (value,) = struct.unpack_from(order + "I", data, entry + 8)
        many = struct.unpack_from(f"{order}{number}I", data, value) if number > 1 else (value,)
        todo.extend(many)
    elif tag == _TAG_PROFILE:
        check_profile(number * _SIZES.get(kind, 1))


_READERS: Final[Mapping[str, Callable[[mmap.mmap, Structure], None]]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/tiff": _tiff,
}
