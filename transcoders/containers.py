"""Which containers are opened, and why others are not: nothing that refers to other files is."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import Rejected
from core.sniff import HEAD_BYTES, sniff


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file that may be decoded: its media type and ffmpeg's name for its reader.

    `names` is that reader's whole list of names, which is what a whitelist compares.
    """

    mime: str
    demuxer: str
    names: str


_DEMUXERS: Final = {
    "video/mp4": ("mov", "mov,mp4,m4a,3gp,3g2,mj2"),
    "video/quicktime": ("mov", "mov,mp4,m4a,3gp,3g2,mj2"),
    "video/x-matroska": ("matroska", "matroska,webm"),
    "video/webm": ("matroska", "matroska,webm"),
    "video/x-msvideo": ("avi", "avi"),
    "video/mp2t": ("mpegts", "mpegts"),
    "video/mpeg": ("mpeg", "mpeg"),
    "video/x-flv": ("flv", "flv"),
    "video/x-ms-asf": ("asf", "asf"),
    "application/mxf": ("mxf", "mxf"),
    "video/ogg": ("ogg", "ogg"),
    "video/x-dv": ("dv", "dv"),
}

_REFERRING: Final = (
    (b"#extm3u", "an HLS playlist"),
    (b"ffconcat", "a concat script"),
    (b"v=0\r\n", "a session description (SDP)"),
    (b"v=0\n", "a session description (SDP)"),
    (b"[playlist]", "a playlist"),
    (b"[reference]", "a playlist"),
    (b"<?xml", "an XML document"),
    (b"<mpd", "a DASH manifest"),
    (b"<smil", "a playlist"),
)
_SOUND: Final = (b"ID3", b"fLaC", b"\xff\xfb", b"\xff\xf1", b"#!AMR", b"FORM", b"caff", b"MThd")
_OTHERS: Final = (
    (b"PK\x03\x04", "a ZIP archive or a document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xd0\xcf\x11\xe0", "an Office document"),
)


def recognised(path: Path) -> Container:
    """The container by its first bytes, never by its name; Rejected where it is no video's."""
    if not path.is_file():
        # Reading a pipe or a device would never end.
        raise Rejected("this is no file")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise Rejected("the file is empty")
    found = sniff(head)
    if found is None:
        raise Rejected(_why_not(head))
    if found.mime not in _DEMUXERS:
        raise Rejected(f"this is not a video but {found.mime}")
    # An elementary stream has no container, so that its reader is another.
    if head.startswith(b"\x00\x00\x01\xb3"):
        return Container(found.mime, "mpegvideo", "mpegvideo")
    return Container(found.mime, *_DEMUXERS[found.mime])


def _why_not(head: bytes) -> str:
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if plain.startswith(b"<?xml") and b"<mpd" in plain:
        plain = b"<mpd"
    for mark, what in _REFERRING:
        if plain.startswith(mark):
            return f"this is {what}, not a video: it only refers to other files"
    for mark, what in _OTHERS:
        if head.startswith(mark):
            return f"this is {what}, not a video"
    if head.startswith(_SOUND) or (head[:4] == b"RIFF" and head[8:12] == b"WAVE"):
        return "this is sound without a picture"
    if head.strip() and not any(byte < 32 and byte not in b"\t\n\r\f" for byte in head):
        return "this is text, not a video"
    return "this is not a video in any known format"
