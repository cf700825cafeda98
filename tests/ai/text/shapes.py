"""What tests ask for."""

import struct
import zlib

from pydantic import BaseModel, Field


class Words(BaseModel):
    """Words for a video."""

    title: str = Field(max_length=60, description="A title.")
    tags: list[str] = Field(max_length=5)


class Place(BaseModel):
    """Where."""

    city: str


def png() -> bytes:
    """A red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00\xff\x00\x00")
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels)
            + chunk(b"IEND", b""))  # fmt: skip
