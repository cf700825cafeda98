"""Files that are no videos, whatever they are called."""

import gzip
import struct
from typing import Final

from tests.hostile.case import Case, of, plain

STRANGERS: Final[dict[str, Case]] = {
    "nothing": plain(b"", "the file is empty"),
    "one byte": plain(b"\0", "not a video in any known format"),
    "zeros": plain(bytes(100_000), "not a video in any known format"),
    "text": plain(b"Just some words.\n", "this is text"),
    "text with a byte order mark": plain("\ufeffWörter\n".encode(), "this is text"),
    "text in two bytes each": plain("Words".encode("utf-16"), "not a video in any known format"),
    "html": plain(b"<!doctype html><title>x</title>", "this is text"),
    "html before a film": Case(of("tiny.mov", lambda data: b"<html>" + data), "not a video"),
    "svg": plain(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
    "pdf": plain(b"%PDF-1.7\n" + bytes(100), "not a video but application/pdf"),
    "zip": plain(b"PK\x03\x04" + bytes(100), "a ZIP archive"),
    "gzip": plain(gzip.compress(b"x"), "a gzip archive"),
    "program": plain(b"\x7fELF\x02\x01\x01" + bytes(100), "a program"),
    "program for windows": plain(b"MZ\x90\0" + bytes(100), "a program"),
    "png": plain(b"\x89PNG\r\n\x1a\n" + bytes(100), "not a video but image/png"),
    "jpeg": Case(of("tiny.jpg"), "not a video but image/jpeg"),
    "jpeg before a film": Case(
        of("tiny.mov", lambda data: b"\xff\xd8\xff\xe0" + data), "not a video but image/jpeg"
    ),
    "heic": plain(b"\0\0\0\x18ftypheic" + bytes(100), "not a video but image/heic"),
    "wave": plain(b"RIFF" + struct.pack("<I", 100) + b"WAVEfmt ", "sound without a picture"),
    "mp3": plain(b"ID3\x04" + bytes(100), "sound without a picture"),
    "flac": plain(b"fLaC" + bytes(100), "sound without a picture"),
    "sound in an mp4": Case(of("sound-only.mp4"), "no picture"),
    "sound with a cover": Case(of("cover.m4a"), "no picture"),
    "the head of an mp4": plain(b"\0\0\0\x20ftypisom", "damaged"),
    "the head of a matroska": plain(b"\x1aE\xdf\xa3" + bytes(5000), "damaged"),
    "the head of an avi": plain(b"RIFF\0\x10\0\0AVI LIST" + bytes(5000), "damaged"),
    "the head of a flv": plain(b"FLV\x01\x05\0\0\0\x09" + bytes(5000), "damaged|no picture"),
    "the head of an mpeg": plain(b"\0\0\x01\xba" + bytes(5000), "damaged|no picture"),
    "the head of an asf": plain(
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9" + bytes(5000), "damaged|no picture"
    ),
    "the head of an mxf": plain(
        b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02\x04" + bytes(5000),
        "damaged|no pic",
    ),
    "the head of an ogg": plain(b"OggS\0\x02" + bytes(5000), "damaged|no picture"),
    "the head of a dv": plain(b"\x1f\x07\0\x3f" + bytes(5000), "not a video in any known format"),
    "packets of nothing": plain((b"G\x1f\xff\x10" + bytes(184)) * 30, "damaged|no picture"),
}
