"""Secrets at rest, sealed by AES-256-GCM with a data key.

A sealed value is

    format 1 | version of its data key 4 | nonce 12 | ciphertext | tag 16

Format, version and context are authenticated with it, so that a value which is moved to another
place does not open there. Nonces are random: a data key is good for some 2^32 values.
"""

import os
import struct
from typing import TYPE_CHECKING, Final, Protocol

from core.errors import SealBroken

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_FORMAT: Final = 1
_HEADER: Final = struct.Struct(">BI")
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_LEAST: Final = _HEADER.size + _NONCE_BYTES + _TAG_BYTES


class DataKeys(Protocol):
    """The data keys of a tenant, or of people."""

    def newest(self) -> "tuple[int, AESGCM]":
        """The version that seals, and its key."""
        ...

    def find(self, version: int) -> "AESGCM | None":
        """The key of a version; None where there is none."""
        ...


class Sealer:
    """Seals secrets and opens them again."""

    __slots__ = ("_keys",)

    def __init__(self, keys: DataKeys) -> None:
        """With the keys of those whose secrets they are."""
        self._keys = keys

    def seal(self, secret: bytes, context: str) -> bytes:
        """The secret, to be opened in the same `context` alone: the column and id of its row."""
        version, key = self._keys.newest()
        header = _HEADER.pack(_FORMAT, version)
        nonce = os.urandom(_NONCE_BYTES)
        return header + nonce + key.encrypt(nonce, secret, header + context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises SealBroken for anything else."""
        version = key_version(sealed)
        key = self._keys.find(version) if version is not None else None
        if key is None:
            raise broken(context)
        header = sealed[: _HEADER.size]
        nonce = sealed[_HEADER.size : _HEADER.size + _NONCE_BYTES]
        hidden = sealed[_HEADER.size + _NONCE_BYTES :]
        return opened(key, nonce, hidden, header + context.encode(), context)


def key_version(sealed: bytes) -> int | None:
    """Which data key a value was sealed with; None for what was never sealed."""
    if len(sealed) < _LEAST:
        return None
    form, version = _HEADER.unpack_from(sealed)
    return int(version) if form == _FORMAT else None


def cipher(key: bytes) -> "AESGCM":
    """A key of 32 bytes, ready for use."""
    # Imported where it is first used: most processes never seal anything.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    return AESGCM(key)


def opened(key: "AESGCM", nonce: bytes, hidden: bytes, about: bytes, context: str) -> bytes:
    """Decrypts; raises SealBroken, which says nothing of what is inside."""
    from cryptography.exceptions import InvalidTag

    try:
        return key.decrypt(nonce, hidden, about)
    except InvalidTag:
        raise broken(context) from None


def broken(context: str) -> SealBroken:
    """The error of what does not open."""
    return SealBroken(
        "a sealed value does not open: it was changed, or sealed for another place", detail=context
    )
