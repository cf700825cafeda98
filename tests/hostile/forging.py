"""Small tools for forging media: boxes of MP4, elements of EBML, chunks of RIFF, packets of TS."""

import struct
from collections.abc import Callable, Sequence
from typing import Final

_PARENTS: Final = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"udta")


def box(kind: bytes, *payload: bytes) -> bytes:
    """A box of MP4 or QuickTime."""
    inside = b"".join(payload)
    return struct.pack(">I4s", 8 + len(inside), kind) + inside


def full_box(kind: bytes, *payload: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box that begins with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *payload)


def u32(*values: int) -> bytes:
    """Big-endian numbers."""
    return b"".join(struct.pack(">I", value) for value in values)


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """Kind and payload of each box in a row."""
    found, at = [], 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        found.append((kind, data[at + 8 : at + size]))
        at += size
    return found


def edited(data: bytes, path: str, change: Callable[[bytes], bytes | None]) -> bytes:
    """The file with every box at `path`, such as `moov/trak/mdia`, changed; None takes it out.

    The index has to be behind the media, whose place it tells.
    """
    first, _, rest = path.partition("/")
    made = []
    for kind, payload in boxes(data):
        changed: bytes | None = payload
        if kind == first.encode():
            changed = edited(payload, rest, change) if rest else change(payload)
        if changed is not None:
            made.append(box(kind, changed))
    return b"".join(made)


def table(path: str, *payload: bytes) -> Callable[[bytes], bytes]:
    """A forgery that replaces the payload of every box at that path."""
    return lambda data: edited(data, path, lambda _: b"".join(payload))


def overwritten(path: str, at: int, value: bytes) -> Callable[[bytes], bytes]:
    """A forgery that overwrites bytes within every box at that path."""
    return lambda data: edited(
        data, path, lambda inside: inside[:at] + value + inside[at + len(value) :]
    )


def element(kind: int, *payload: bytes, size: int | None = None) -> bytes:
    """An element of EBML; `size` states another size than the real one, -1 an unknown one."""
    inside = b"".join(payload)
    stated = len(inside) if size is None else size
    marked = b"\x01" + (b"\xff" * 7 if stated < 0 else stated.to_bytes(7, "big"))
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + marked + inside


def number(kind: int, value: int) -> bytes:
    """An element of EBML that holds a whole number."""
    return element(kind, value.to_bytes(8, "big"))


def matroska(*segment: bytes, size: int | None = None, doctype: bytes = b"matroska") -> bytes:
    """A Matroska file of one segment."""
    head = element(0x1A45DFA3, number(0x4286, 1), element(0x4282, doctype), number(0x4287, 4))
    return head + element(0x18538067, *segment, size=size)


def info(*more: bytes, scale: int = 1_000_000, duration: bytes = struct.pack(">d", 1000)) -> bytes:
    """A segment's information; the duration is a float of 4 or 8 bytes, in units of the scale."""
    return element(0x1549A966, number(0x2AD7B1, scale), element(0x4489, duration), *more)


def track(
    *more: bytes, codec: bytes = b"V_MJPEG", width: int = 16, height: int = 16, at: int = 1
) -> bytes:
    """An entry of a picture."""
    shape = element(0xE0, number(0xB0, width), number(0xBA, height))
    told = (number(0xD7, at), number(0x73C5, at), number(0x83, 1), element(0x86, codec))
    return element(0xAE, *told, shape, *more)


def tracks(*entries: bytes) -> bytes:
    """All entries."""
    return element(0x1654AE6B, *entries)


def cluster(time: int, *blocks: bytes, size: int | None = None) -> bytes:
    """A cluster at a time in units of the scale."""
    return element(0x1F43B675, number(0xE7, time), *blocks, size=size)


def block(data: bytes, *, at: int = 1, time: int = 0, flags: int = 0x80) -> bytes:
    """A simple block, a keyframe without lacing unless the flags say otherwise."""
    return element(0xA3, bytes([0x80 | at]), struct.pack(">hB", time, flags), data)


def chunk(kind: bytes, *payload: bytes) -> bytes:
    """A chunk of RIFF."""
    inside = b"".join(payload)
    return struct.pack("<4sI", kind, len(inside)) + inside + b"\0" * (len(inside) % 2)


def listing(kind: bytes, *chunks: bytes) -> bytes:
    """A list of chunks."""
    return chunk(b"LIST", kind, *chunks)


def avi(
    frames: Sequence[bytes],
    *,
    width: int = 16,
    height: int = 16,
    rate: tuple[int, int] = (25, 1),
    streams: Sequence[bytes] = (),
    more: Sequence[bytes] = (),
    codec: bytes = b"MJPG",
) -> bytes:
    """An AVI of one picture; more streams' headers and more chunks of media may follow."""
    picture = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, codec, 0, 0, 0, 0, 0)
    head = struct.pack("<4s4sIHHIIIIIIIIhhhh", b"vids", codec, 0, 0, 0, 0, rate[1], rate[0], 0,
                       len(frames), 1 << 16, 0, 0, 0, 0, 16, 16)  # fmt: skip
    entry = listing(b"strl", chunk(b"strh", head), chunk(b"strf", picture))
    main = struct.pack("<14I", 40_000, 0, 0, 0, len(frames), 0, 1 + len(streams), 1 << 16,
                       16, 16, 0, 0, 0, 0)  # fmt: skip
    media = [chunk(b"00dc", frame) for frame in frames]
    body = listing(b"hdrl", chunk(b"avih", main), entry, *streams)
    return chunk(b"RIFF", b"AVI ", body, listing(b"movi", *media, *more))


def ts_packet(pid: int, payload: bytes, *, start: bool = True, counter: int = 0) -> bytes:
    """One packet of MPEG-TS, filled up with stuffing."""
    head = bytes([0x47, 0x40 * start | pid >> 8, pid & 0xFF, 0x10 | counter & 15])
    return (head + payload[:184]).ljust(188, b"\xff")


def ts_section(table_id: int, extension: int, body: bytes) -> bytes:
    """A section of a transport stream's tables, behind its pointer."""
    length = 5 + len(body) + 4
    head = struct.pack(">BHHBBB", table_id, 0xB000 | length, extension, 0xC1, 0, 0)
    return b"\0" + head + body + u32(_crc(head + body))


def _crc(data: bytes) -> int:
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1 ^ (0x04C11DB7 if register >> 31 else 0)) & 0xFFFFFFFF
    return register


class Bits:
    """Bits of H.264's parameter sets (ITU-T H.264, 9.1)."""

    def __init__(self) -> None:
        self._bits = ""

    def plain(self, value: int, length: int) -> "Bits":
        """A number of so many bits."""
        self._bits += f"{value:0{length}b}"
        return self

    def golomb(self, value: int) -> "Bits":
        """An Exp-Golomb number."""
        coded = f"{value + 1:b}"
        self._bits += "0" * (len(coded) - 1) + coded
        return self

    def bytes(self) -> bytes:
        """With the stop bit, and escaped where they would look like a start code."""
        bits = self._bits + "1"
        bits += "0" * (-len(bits) % 8)
        raw = int(bits, 2).to_bytes(len(bits) // 8, "big")
        made = bytearray()
        for byte in raw:
            if byte <= 3 and made[-2:] == b"\0\0":
                made.append(3)
            made.append(byte)
        return bytes(made)


def h264_sps(width: int, height: int) -> bytes:
    """A sequence parameter set of the Baseline profile, as a NAL unit."""
    bits = Bits().golomb(0).golomb(0).golomb(2).golomb(1).plain(0, 1)
    bits.golomb(width // 16 - 1).golomb(height // 16 - 1)
    bits.plain(1, 1).plain(0, 1).plain(0, 1).plain(0, 1)
    return b"\x67\x42\x00\x3c" + bits.bytes()
