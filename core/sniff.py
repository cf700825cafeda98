"""What a file is, told from its first bytes and never from its name."""

import re
from dataclasses import dataclass
from typing import Final, Literal

HEAD_BYTES: Final = 4096

Kind = Literal["video", "image", "document"]


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A kind of asset and its media type."""

    kind: Kind
    mime: str


# Offset, signature, kind, media type. Text formats that refer to other files (playlists,
# manifests, session descriptions, concat scripts) are absent on purpose: nothing outside opens.
_SIGNATURES: Final[tuple[tuple[int, bytes, Kind, str], ...]] = (
    (0, b"\x1aE\xdf\xa3", "video", "video/x-matroska"),
    (0, b"FLV\x01", "video", "video/x-flv"),
    (0, b"OggS", "video", "video/ogg"),
    (0, b"\x00\x00\x01\xba", "video", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video", "video/mpeg"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video", "video/x-ms-asf"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", "video", "application/mxf"),
    (0, b"\xff\xd8\xff", "image", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image", "image/png"),
    (0, b"GIF87a", "image", "image/gif"),
    (0, b"GIF89a", "image", "image/gif"),
    (0, b"II*\x00", "image", "image/tiff"),
    (0, b"MM\x00*", "image", "image/tiff"),
    (0, b"%PDF-", "document", "application/pdf"),
)
_RIFF: Final[dict[bytes, Sniffed]] = {
    b"AVI ": Sniffed("video", "video/x-msvideo"),
    b"WEBP": Sniffed("image", "image/webp"),
}
_STILL_BRANDS: Final[dict[bytes, str]] = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
}
# The only text that is a picture; what it refers to is never followed.
_SVG: Final = re.compile(
    rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]{0,200}>\s*)?"
    rb"(<!--[^>]{0,1000}-->\s*|<!DOCTYPE svg[^>\[]{0,300}>\s*){0,5}<svg[\s>]"
)
# MPEG-TS packets as broadcast, on discs and in cameras (behind a time), and with parity.
_TS_PACKETS: Final = (188, 192, 204)
_TS_SYNC: Final = 0x47
# So many in a row are no chance, even where the file begins in the middle of a packet.
_TS_ROW: Final = 10


def sniff(head: bytes) -> Sniffed | None:
    """The kind of a file that begins with `head` (`HEAD_BYTES` suffice), or None if unknown."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _iso_media(head)
    if head[:4] == b"RIFF" and (found := _RIFF.get(head[8:12])):
        return found
    for offset, signature, kind, mime in _SIGNATURES:
        if head.startswith(signature, offset):
            webm = mime == "video/x-matroska" and b"webm" in head[:64]
            return Sniffed(kind, "video/webm" if webm else mime)
    if _SVG.match(head):
        return Sniffed("image", "image/svg+xml")
    # Blocks of 80 bytes, the header's and then the subcodes' (IEC 61834-2).
    if head.startswith(b"\x1f\x07\x00") and head[80:83] == b"\x3f\x07\x00":
        return Sniffed("video", "video/x-dv")
    return Sniffed("video", "video/mp2t") if _transport_stream(head) else None


def _iso_media(head: bytes) -> Sniffed:
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    if brand in _STILL_BRANDS:
        return Sniffed("image", _STILL_BRANDS[brand])
    quicktime = brand in (b"qt  ", b"")
    return Sniffed("video", "video/quicktime" if quicktime else "video/mp4")


def _transport_stream(head: bytes) -> bool:
    """Whether sync bytes stand where packets of some size would begin."""
    if _repeats(head, 0, _TS_PACKETS[0], 3) or _repeats(head, 4, _TS_PACKETS[1], 3):
        return True
    return any(
        _repeats(head, offset, packet, _TS_ROW)
        for packet in _TS_PACKETS
        for offset in range(min(packet, len(head)))
        if head[offset] == _TS_SYNC
    )


def _repeats(head: bytes, offset: int, packet: int, least: int) -> bool:
    places = range(offset, len(head), packet)
    return len(places) >= least and all(head[place] == _TS_SYNC for place in places)
