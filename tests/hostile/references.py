"""Files that name other files and addresses, in every way in which ffmpeg could follow them."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.hostile import forging
from tests.hostile.forging import box, chunk, element, full_box, listing, u32


@dataclass(frozen=True)
class Target:
    """What is referred to: a file's path and an address."""

    file: str
    url: str


@dataclass(frozen=True)
class Referring:
    """How a file is made of a small real one, and the reason with which it is refused.

    None is one that is played for what else is in it. `follow` are the options with which a
    careless ffmpeg follows the reference, where there are any: they show that the bait is real.
    """

    make: Callable[[Target, Callable[[str], Path]], bytes]
    reason: str | None
    follow: tuple[str, ...] | None = None


_ALL: Final = ("-protocol_whitelist", "file,http,tcp,crypto,data,concat,subfile,udp,rtp")
_HLS: Final = (*_ALL, "-f", "hls", "-allowed_extensions", "ALL", "-extension_picky", "0")


def _text(words: str) -> Callable[[Target, Callable[[str], Path]], bytes]:
    return lambda target, _: words.format(file=target.file, url=target.url).encode()


def _hls(*uris: str) -> Callable[[Target, Callable[[str], Path]], bytes]:
    parts = "".join(f"#EXTINF:1,\n{uri}\n" for uri in uris)
    return _text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{parts}#EXT-X-ENDLIST\n")


def _behind(head: bytes) -> Callable[[Target, Callable[[str], Path]], bytes]:
    return lambda target, sample: head + _hls("{url}", "{file}")(target, sample)


def _in_a_free_box(target: Target, sample: Callable[[str], Path]) -> bytes:
    """A whole film behind it, whose index knows that it lies further back."""
    free = box(b"free", _hls("{url}", "{file}")(target, sample))

    def moved(table: bytes) -> bytes:
        places = struct.iter_unpack(">I", table[8:])
        return table[:8] + u32(*(place + len(free) for (place,) in places))

    film = sample("tiny.mov").read_bytes()
    return free + forging.edited(film, "moov/trak/mdia/minf/stbl/stco", moved)


def _data_reference(kind: bytes, reference: Callable[[Target], bytes]) -> Callable[..., bytes]:
    """A real MP4 whose media are said to lie elsewhere (ISO/IEC 14496-12, 8.7.2; QuickTime)."""

    def make(target: Target, sample: Callable[[str], Path]) -> bytes:
        entry = full_box(kind, reference(target), flags=0)
        path = "moov/trak/mdia/minf/dinf/dref"
        return forging.table(path, u32(0, 1), entry)(sample("tiny.mov").read_bytes())

    return make


def _alias(target: Target, *, levels: int) -> bytes:
    """A Macintosh alias record: a path absolute, and so many levels of it beside the film."""
    folder, _, name = target.file.rpartition("/")
    short = name.encode()[:63]
    record = bytearray(150)
    record[0:4] = b"\0\0\0\0"
    record[10 : 10 + 28] = bytes([4]) + b"root".ljust(27, b"\0")
    record[50:114] = bytes([len(short)]) + short.ljust(63, b"\0")
    record[130:134] = struct.pack(">HH", min(levels, 1), levels)
    pieces = b""
    for kind, value in ((2, target.file), (18, target.file), (0, folder.rpartition("/")[2])):
        coded = value.encode()
        pieces += struct.pack(">HH", kind, len(coded)) + coded + b"\0" * (len(coded) % 2)
    return bytes(record) + pieces + struct.pack(">HH", 0xFFFF, 0)


def _reference_movie(target: Target, _: Callable[[str], Path]) -> bytes:
    place = target.url.encode() + b"\0"
    reference = full_box(b"rdrf", b"url ", u32(len(place)), place)
    return box(b"ftyp", b"qt  ", u32(0)) + box(b"moov", box(b"rmra", box(b"rmda", reference)))


def _gab2(target: Target, sample: Callable[[str], Path]) -> bytes:
    """Subtitles in an AVI that are a playlist (CVE-2017-9993)."""
    playlist = _hls("{file}", "{url}")(target, sample)
    head = struct.pack("<4sIIIIIIIHHI4h", b"txts", 0, 0, 0, 0, 1, 25, 0, 0, 0, 0, 0, 0, 0, 0)
    stream = listing(b"strl", chunk(b"strh", head.ljust(56, b"\0")), chunk(b"strf", b""))
    name = "x".encode("utf-16-le") + b"\0\0"
    words = struct.pack("<5sHI", b"GAB2\0", 2, len(name)) + name
    words += struct.pack("<HI", 4, len(playlist)) + playlist
    frame = sample("tiny.jpg").read_bytes()
    return forging.avi([frame] * 5, streams=[stream], more=[chunk(b"01tx", words)])


def _linked(target: Target, sample: Callable[[str], Path]) -> bytes:
    """A segment that says which files go before and after it, and chapters of another one."""
    other = bytes(range(16))
    names = (element(0x3C83AB, target.file.encode()), element(0x3E83BB, target.file.encode()))
    links = (element(0x3CB923, other), element(0x3EB923, other), *names)
    atom = element(0xB6, forging.number(0x73C4, 1), forging.number(0x91, 0), element(0x6E67, other))
    edition = element(0x45B9, forging.number(0x45DD, 1), forging.number(0x45DB, 1), atom)
    frames = [forging.block(sample("tiny.jpg").read_bytes(), time=40 * n) for n in range(25)]
    return forging.matroska(
        forging.info(*links),
        forging.tracks(forging.track()),
        element(0x1043A770, edition),
        forging.cluster(0, *frames),
    )


REFERRING: Final[dict[str, Referring]] = {
    "hls with a file": Referring(_hls("file://{file}"), "an HLS playlist", _HLS),
    "hls with a bare path": Referring(_hls("{file}"), "an HLS playlist", _HLS),
    "hls with an address": Referring(_hls("{url}"), "an HLS playlist", _HLS),
    "hls with concat": Referring(_hls("concat:{file}|{file}"), "an HLS playlist"),
    "hls with subfile": Referring(_hls("subfile,,start,0,end,64,,:{file}"), "an HLS playlist"),
    "hls with a key": Referring(
        _text(
            '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n'
            "#EXTINF:1,\n{file}\n#EXT-X-ENDLIST\n"
        ),
        "an HLS playlist",
        _HLS,
    ),
    "hls master": Referring(
        _text("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}\n"), "an HLS playlist", _HLS
    ),
    "hls behind a byte order mark": Referring(
        _text("\ufeff\n#EXTM3U\n#EXTINF:1,\n{url}\n"), "an HLS playlist"
    ),
    "hls behind the head of an mp4": Referring(
        _behind(b"\0\0\0\x14ftypisom\0\0\0\0isom"), "damaged"
    ),
    "hls behind the head of a matroska": Referring(_behind(b"\x1aE\xdf\xa3"), "damaged"),
    "hls behind packets of a transport stream": Referring(
        _behind((b"G\x1f\xff\x10" + bytes(184)) * 30), "damaged|no picture"
    ),
    "hls in a free box": Referring(_in_a_free_box, None),
    "dash": Referring(
        _text(
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
            'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4">'
            '<Representation id="1" bandwidth="1"><BaseURL>{url}</BaseURL></Representation>'
            "</AdaptationSet></Period></MPD>"
        ),
        "a DASH manifest",
    ),
    "concat": Referring(
        _text("ffconcat version 1.0\nfile '{file}'\nfile '{url}'\n"),
        "a concat script",
        (*_ALL, "-f", "concat", "-safe", "0"),
    ),
    "concat without a header": Referring(
        _text("file '{file}'\nfile '{url}'\n"), "text", (*_ALL, "-f", "concat", "-safe", "0")
    ),
    "sdp": Referring(
        _text(
            "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            "m=video 9 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
        ),
        "a session description",
    ),
    "subfile": Referring(_text("subfile,,start,0,end,64,,:{file}"), "text"),
    "smil": Referring(_text('<smil><body><video src="{url}"/></body></smil>'), "a playlist"),
    "svg": Referring(
        _text('<?xml version="1.0"?><svg><image href="{url}"/></svg>'), "image/svg+xml"
    ),
    "svg without a head": Referring(_text('<svg><image href="{url}"/></svg>'), "image/svg+xml"),
    "html": Referring(_text("<!doctype html><video src='{url}'></video>"), "text"),
    "pls": Referring(_text("[playlist]\nFile1={url}\n"), "a playlist"),
    "reference": Referring(_text("[Reference]\nRef1={url}\n"), "a playlist"),
    "asx": Referring(_text('<asx version="3.0"><entry><ref href="{url}"/></entry></asx>'), "text"),
    "rtsp text": Referring(_text("RTSPtext\r\n{url}\r\n"), "text"),
    "metadata": Referring(_text(";FFMETADATA1\ntitle={url}\n"), "text"),
    "ass": Referring(_text("[Script Info]\n[Events]\nDialogue: 0,0:00:00.00,{file}\n"), "text"),
    "reference movie": Referring(_reference_movie, "no picture|damaged"),
    "data reference to an address": Referring(
        _data_reference(b"url ", lambda target: target.url.encode() + b"\0"),
        None,
    ),
    "data reference to a file beside it": Referring(
        _data_reference(b"alis", lambda target: _alias(target, levels=2)),
        "damaged|no frames",
        (*_ALL, "-enable_drefs", "1"),
    ),
    "data reference to an absolute path": Referring(
        _data_reference(b"alis", lambda target: _alias(target, levels=0)),
        "damaged|no frames",
        (*_ALL, "-enable_drefs", "1", "-use_absolute_path", "1"),
    ),
    "subtitles in an avi that are a playlist": Referring(_gab2, None),
    "segments linked to other files": Referring(_linked, None),
}
