"""How an API key is written: `bak_<id>_<secret and check>`, in letters that are not mistaken.

The check at its end is a CRC-32 of all before it. It proves nothing; it tells a key from what only
looks like one, so that whoever scans files for lost secrets raises few false alarms.
"""

import re
import secrets
import zlib
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

PREFIX: Final = "bak_"
_LETTERS: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES: Final = {letter: value for value, letter in enumerate(_LETTERS)}
_SECRET_BITS: Final = 256
# What so many bits take at most, with leading ones to a fixed length.
_ID_LETTERS, _SECRET_LETTERS, _CHECK_LETTERS = 22, 44, 6
PATTERN: Final = (
    f"{PREFIX}[{_LETTERS}]{{{_ID_LETTERS}}}_[{_LETTERS}]{{{_SECRET_LETTERS + _CHECK_LETTERS}}}"
)
_KEY: Final = re.compile(PATTERN)


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key as it is shown, once; its id is no secret."""

    id: UUID
    text: str = field(repr=False)

    @classmethod
    def make(cls, key_id: UUID) -> "KeyText":
        """A key with a secret of its own."""
        secret = _written(secrets.randbits(_SECRET_BITS), _SECRET_LETTERS)
        body = f"{prefix_of(key_id)}_{secret}"
        return cls(key_id, body + _check(body))

    @classmethod
    def read(cls, text: str) -> "KeyText | None":
        """What a key says of itself; None for what cannot be one."""
        if not _KEY.fullmatch(text) or _check(text[:-_CHECK_LETTERS]) != text[-_CHECK_LETTERS:]:
            return None
        value = 0
        for letter in text[len(PREFIX) : len(PREFIX) + _ID_LETTERS]:
            value = value * len(_LETTERS) + _VALUES[letter]
        return cls(UUID(int=value), text) if value.bit_length() <= 128 else None


def prefix_of(key_id: UUID) -> str:
    """What a key begins with: by this it is known in a list, in a log or in somebody's file."""
    return PREFIX + _written(key_id.int, _ID_LETTERS)


def _written(value: int, length: int) -> str:
    letters = []
    for _ in range(length):
        value, rest = divmod(value, len(_LETTERS))
        letters.append(_LETTERS[rest])
    assert value == 0
    return "".join(reversed(letters))


def _check(body: str) -> str:
    return _written(zlib.crc32(body.encode()), _CHECK_LETTERS)
