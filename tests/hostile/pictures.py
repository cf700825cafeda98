"""Files whose pictures, subtitles and attachments are out of the ordinary, or tricks."""

import struct
from collections.abc import Callable
from typing import Final

from tests.hostile.case import Case, Sample, film, of, pictures
from tests.hostile.forging import (
    avi,
    box,
    edited,
    element,
    h264_sps,
    number,
    track,
    ts_packet,
    ts_section,
    u32,
)


def _stream_of(width: int, height: int) -> Callable[[Sample], bytes]:
    """H.264 that is parameter sets and the beginnings of pictures, in a transport stream."""
    start = b"\0\0\0\1"
    units = start + b"\x09\x10" + start + h264_sps(width, height) + start + b"\x68\xce\x3c\x80"
    units += start + b"\x65\x88\x84\x00\x33\xff"

    def make(_: Sample) -> bytes:
        programs = ts_section(0, 1, struct.pack(">HH", 1, 0xE100))
        streams = ts_section(2, 1, struct.pack(">HHBHH", 0xE101, 0xF000, 0x1B, 0xE101, 0xF000))
        made = ts_packet(0, programs) + ts_packet(0x100, streams)
        for count in range(40):
            packet = b"\0\0\1\xe0\0\0\x80\x80\x05" + _stamp(3600 * count) + units
            made += ts_packet(0x101, packet.ljust(184, b"\0"), counter=count)
        return made

    return make


def _stamp(pts: int) -> bytes:
    """A time of MPEG systems (ISO/IEC 13818-1, 2.4.3.7)."""
    return bytes(
        [0x21 | pts >> 29 & 14, pts >> 22 & 255, pts >> 14 & 254 | 1, pts >> 7 & 255,
         pts << 1 & 254 | 1]
    )  # fmt: skip


def _grown(data: bytes) -> bytes:
    """A JPEG that says in its frame's head that it is 65500 pixels wide and high."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", 65500, 65500) + data[at + 4 :]


def _larger_on_the_label(data: bytes) -> bytes:
    """An index that says another size than the picture has."""
    real, mark = struct.pack(">HH", 64, 64), u32(0x480000)
    return data.replace(real + mark, struct.pack(">HH", 65535, 65535) + mark)


def _raw(width: int, height: int) -> Callable[[Sample], bytes]:
    return lambda _: avi([bytes(48)] * 5, width=width, height=height, codec=bytes(4))


def _of_codec(codec: bytes) -> Callable[[Sample], bytes]:
    return lambda _: avi([bytes(4000)] * 5, width=64, height=64, codec=codec)


def _dolby_vision(data: bytes) -> bytes:
    """A sample entry that says of its picture that it is Dolby Vision of profile 5."""
    record = box(b"dvcC", bytes([1, 0, 5 << 1, 6 << 3 | 5]), bytes(20))

    def marked(entries: bytes) -> bytes:
        if entries[12:16] != b"avc1":
            return entries
        size = struct.unpack_from(">I", entries, 8)[0]
        return entries[:8] + u32(size + len(record)) + entries[12 : 8 + size] + record

    return edited(data, "moov/trak/mdia/minf/stbl/stsd", marked)


def _attached(name: bytes, mime: bytes, data: bytes) -> bytes:
    facts = (element(0x466E, name), element(0x4660, mime), element(0x465C, data), number(0x46AE, 7))
    return element(0x1941A469, element(0x61A7, *facts))


_SCRIPT: Final = (
    b"[Script Info]\nScriptType: v4.00+\nPlayResX: 65535\nPlayResY: 65535\n[Fonts]\n"
    b"fontname: ../../../../etc/passwd\n!!!!\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\n"
    b"Style: Default,/etc/passwd,100000\n[Events]\nDialogue: 0,0:00:00.00,9:59:59.99,Default,,"
    b"{\\fs1e9\\p9\\t(0,1e9,\\fscx1e9)}m 0 0 l 99999999 0 99999999 99999999\n"
)


def _subtitle(codec: bytes, private: bytes) -> bytes:
    told = (number(0xD7, 2), number(0x73C5, 2), number(0x83, 17), element(0x86, codec))
    return element(0xAE, *told, element(0x63A2, private))


PICTURES: Final[dict[str, Case]] = {
    "a picture of 65536 by 65536": Case(_stream_of(65536, 65536), "size is out of bounds"),
    "a picture of 16384 by 16384": Case(_stream_of(16384, 16384), "size is out of bounds"),
    "a label of 65535 by 65535": Case(
        of("tiny.mov", _larger_on_the_label), "size is out of bounds"
    ),
    "a raw picture of nothing": Case(_raw(0, 0), "the picture has no size"),
    "a raw picture of 65535 by 65535": Case(_raw(65535, 65535), "size is out of bounds"),
    "a raw picture below zero": Case(_raw(16, -0x80000000), "damaged"),
    "a label of nothing": Case(film(entry=track(width=0, height=0)), None),
    "the largest picture that is taken, of a few bytes": Case(_stream_of(8192, 4608), None),
    "pictures that grow in the middle": Case(pictures(_grown), None),
    "pictures that are damaged": Case(pictures(lambda data: data[:200] + bytes(256)), None),
    "a picture of an unknown kind": Case(_of_codec(b"ZZZZ"), "do not know"),
    "a picture of a forgotten kind": Case(_of_codec(b"IV32"), "do not take: indeo3"),
    "a picture of a game": Case(_of_codec(b"DXA1"), "do not know|do not take"),
    "dolby vision without an ordinary picture": Case(of("tiny.mov", _dolby_vision), "Dolby Vision"),
    "an encrypted film": Case(of("encrypted.mp4"), "encrypted"),
    "a font and a program attached": Case(
        film(
            _attached(b"../../../../tmp/evil.ttf", b"application/x-truetype-font", bytes(5000)),
            _attached(b"/etc/cron.d/evil", b"application/x-msdownload", b"MZ" + bytes(5000)),
        ),
        None,
    ),
    "subtitles with fonts and drawings": Case(
        film(entry=track() + _subtitle(b"S_TEXT/ASS", _SCRIPT)), None
    ),
    "subtitles of pictures without end": Case(
        film(entry=track() + _subtitle(b"S_HDMV/PGS", b"\x16\0\x13" + b"\xff" * 300)), None
    ),
    "subtitles of another kind": Case(of("subtitled.mp4"), None),
    "an archive behind a film": Case(of("tiny.mov", lambda data: data + b"PK\x03\x04<html>"), None),
}
