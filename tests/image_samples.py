"""Pictures made by code for tests: good ones, unusual ones and bombs."""

import io
import struct
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageCms, ImageDraw
from PIL.ExifTags import GPS, IFD, Base

from transcoders.tools import get_tools


def quarters(size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Red, green, blue and white, clockwise from the top left."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    middle = size[0] // 2, size[1] // 2
    draw.rectangle((0, 0, middle[0] - 1, middle[1] - 1), fill="red")
    draw.rectangle((middle[0], 0, size[0], middle[1] - 1), fill="lime")
    draw.rectangle((middle[0], middle[1], *size), fill="blue")
    return image


def encoded(image: Image.Image, format: str, **options: object) -> bytes:  # noqa: A002
    """A picture as a file's bytes."""
    target = io.BytesIO()
    image.save(target, format, **options)
    return target.getvalue()


def exif(**tags: object) -> bytes:
    """EXIF of tags by their names."""
    told = Image.Exif()
    for name, value in tags.items():
        told[Base[name]] = value
    told.get_ifd(IFD.GPSInfo)[GPS.GPSLatitudeRef] = "N"
    return told.tobytes()


def swapped_profile() -> bytes:
    """A colour profile whose red is green and whose green is red: what ignores it is seen."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[tags[0] : tags[0] + 4], profile[tags[1] : tags[1] + 4] = b"gXYZ", b"rXYZ"
    name = profile.index("sRGB".encode("utf-16-be"))
    profile[name : name + 8] = "Turn".encode("utf-16-be")
    return bytes(profile)


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """A chunk of a PNG."""
    mark = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", mark)


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """A PNG of one row's worth of zeros, whatever it says of its size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(4)))
    return b"\x89PNG\r\n\x1a\n" + b"".join((chunk(b"IHDR", head), *chunks, data, chunk(b"IEND")))


def jpeg_of_size(width: int, height: int, **options: object) -> bytes:
    """A JPEG of 16 pixels that says that it has more."""
    data = bytearray(encoded(Image.new("RGB", (4, 4)), "JPEG", **options))
    mark = b"\xff\xc2" if options.get("progressive") else b"\xff\xc0"
    struct.pack_into(">HH", data, data.index(mark) + 5, height, width)
    return bytes(data)


def with_segments(data: bytes, segments: Sequence[bytes]) -> bytes:
    """A JPEG with more segments behind its beginning; each is a marker and a body."""
    made = b"".join(
        b"\xff" + one[:1] + struct.pack(">H", len(one) + 1) + one[1:] for one in segments
    )
    return data[:2] + made + data[2:]


def many_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is there `count` times more."""
    data = encoded(quarters((64, 64)), "JPEG", progressive=True)
    last, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[last:end] * count + data[end:]


def gif(width: int, height: int, frames: int) -> bytes:
    """A GIF of single pixels on a canvas."""
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
    frame = b"\x21\xf9\x04\0\x05\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    return head + (frame + b"\x02\x02\x44\x01\0") * frames + b"\x3b"


def webp(frames: int) -> bytes:
    """An animated WebP with nothing but the heads of its frames."""
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + b"\x0f\0\0\x0f\0\0"
    anim = b"ANIM" + struct.pack("<I", 6) + bytes(6)
    frame = b"ANMF" + struct.pack("<I", 16) + bytes(16)
    body = b"WEBP" + canvas + anim + frame * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff_pages(count: int) -> bytes:
    """A TIFF of empty pages; the last one names the first as the next."""
    made = b"II*\0" + struct.pack("<I", 8)
    for number in range(count):
        following = 8 + 18 * (number + 1) if number + 1 < count else 8
        made += struct.pack("<HHHII", 1, 256, 4, 1, 1) + struct.pack("<I", following)
    return made


def nested_uses(depth: int) -> bytes:
    """A drawing in which every part is drawn ten times by the next."""
    parts = ['<g id="a0"><rect width="1" height="1"/></g>']
    for number in range(depth):
        uses = f'<use href="#a{number}"/>' * 10
        parts.append(f'<g id="a{number + 1}">{uses}</g>')
    body = "".join(parts) + f'<use href="#a{depth}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{body}</svg>'.encode()


def dng(width: int = 64, height: int = 48) -> bytes:
    """Raw values of a sensor (RGGB, 16 bits) that saw nothing but red."""
    values = b"".join(
        struct.pack(f"<{width}H", *(30_000 if not y % 2 and not x % 2 else 300
                                    for x in range(width)))
        for y in range(height)
    )  # fmt: skip
    matrix = b"".join(
        struct.pack("<ii", round(10_000 * value), 10_000)
        for value in (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.204, 1.057)
    )
    neutral = struct.pack("<6I", 1, 1, 1, 1, 1, 1)
    short, long = struct.Struct("<HH").pack, struct.Struct("<I").pack
    entries: list[tuple[int, int, int, bytes]] = [
        (254, 4, 1, long(0)), (256, 4, 1, long(width)), (257, 4, 1, long(height)),
        (258, 3, 1, short(16, 0)), (259, 3, 1, short(1, 0)), (262, 3, 1, short(32803, 0)),
        (271, 2, 4, b"Own\0"), (272, 2, 4, b"One\0"), (273, 4, 1, b"data"),
        (277, 3, 1, short(1, 0)), (278, 4, 1, long(height)), (279, 4, 1, long(len(values))),
        (33421, 3, 2, short(2, 2)), (33422, 1, 4, bytes((0, 1, 1, 2))),
        (50706, 1, 4, bytes((1, 4, 0, 0))), (50708, 2, 4, b"One\0"),
        (50717, 4, 1, long(60_000)), (50721, 10, 9, matrix), (50728, 5, 3, neutral),
        (50778, 3, 1, short(21, 0)),
    ]  # fmt: skip
    behind = 8 + 2 + 12 * len(entries) + 4
    table, extra = b"", b""
    data_at = behind + sum(len(value) for *_, value in entries if len(value) > 4)
    for tag, kind, count, value in entries:
        if value == b"data":
            place = long(data_at)
        elif len(value) > 4:
            place = long(behind + len(extra))
            extra += value
        else:
            place = value.ljust(4, b"\0")
        table += struct.pack("<HHI", tag, kind, count) + place
    listed = struct.pack("<H", len(entries))
    return b"II*\0" + long(8) + listed + table + long(0) + extra + values


def heic(folder: Path, width: int = 128, height: int = 96) -> bytes:
    """A HEIC of one frame of HEVC, red, as phones write it but for its tiles (ISO 23008-12)."""
    film = folder / "heic.mp4"
    command = [
        str(get_tools().ffmpeg), "-v", "error", "-y",
        "-f", "lavfi", "-i", f"color=red:size={width}x{height}:rate=1:duration=1",
        "-frames:v", "1", "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
        "-x265-params", "log-level=error:range=full", "-color_range", "pc",
        "-tag:v", "hvc1", str(film),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    data = film.read_bytes()
    config = _found(data, b"hvcC")
    sample = _found(data, b"mdat")[8:]
    infe = _box(b"infe", b"\x02\0\0\0" + struct.pack(">HH", 1, 0) + b"hvc1\0")
    properties = config + _box(b"ispe", bytes(4) + struct.pack(">II", width, height))
    links = bytes(4) + struct.pack(">IHBBB", 1, 1, 2, 0x81, 0x02)
    head = _box(b"ftyp", b"heic\0\0\0\0mif1heic")

    def meta(at: int) -> bytes:
        location = struct.pack(">IHHHHHII", 0, 0x4400, 1, 1, 0, 1, at, len(sample))
        return _box(
            b"meta",
            bytes(4)
            + _box(b"hdlr", bytes(8) + b"pict" + bytes(13))
            + _box(b"pitm", bytes(4) + struct.pack(">H", 1))
            + _box(b"iloc", location)
            + _box(b"iinf", bytes(4) + struct.pack(">H", 1) + infe)
            + _box(b"iprp", _box(b"ipco", properties) + _box(b"ipma", links)),
        )

    at = len(head) + len(meta(0)) + 8
    return head + meta(at) + _box(b"mdat", sample)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def _found(data: bytes, kind: bytes) -> bytes:
    at = data.index(kind) - 4
    return data[at : at + int.from_bytes(data[at : at + 4], "big")]
