"""Ids that sort by time: version 7 of RFC 9562, as PostgreSQL's own `uuidv7()` makes them."""

import hashlib
import secrets
import time
from uuid import UUID


def new_id() -> UUID:
    """An id behind all that were made before this millisecond; the rest of it is random."""
    millis = time.time_ns() // 1_000_000
    first, last = secrets.randbits(12), secrets.randbits(62)
    return UUID(int=millis << 80 | 0x7 << 76 | first << 64 | 0b10 << 62 | last)


def renewed(old: UUID, secret: bytes) -> UUID:
    """Another id with the time of an old one; the same for the same secret, of up to 64 bytes."""
    digest = hashlib.blake2b(old.bytes, key=secret, digest_size=8).digest()
    last = int.from_bytes(digest, "big") & ((1 << 62) - 1)
    return UUID(int=(old.int >> 64) << 64 | 0b10 << 62 | last)
