"""Passwords: which are taken, and how they are kept and compared.

Argon2id as RFC 9106 recommends where memory is bounded (3 passes over 64 MiB), in one lane, so that
one comparison keeps one processor busy. Rules after NIST SP 800-63B: length and a list, no classes
of characters.
"""

import string
import unicodedata
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Rejected

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 256
_FIELD: Final = "password"
_AROUND: Final = string.digits + string.punctuation + string.whitespace

_hasher: Final = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
# Of nobody's password: an unknown address costs what a known one does.
_NOBODYS: Final = (
    "$argon2id$v=19$m=65536,t=3,p=1$c29tZSBzYWx0IG9mIG91cnM$"
    "GsYlxzkrBc1gyHkT4UQjcYqNnTmiEm2FEnYvFiSKJ7A"
)


def normalised(password: str) -> str:
    """The same characters however a keyboard composed them."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *, known: tuple[str, ...], field: str = _FIELD) -> str:
    """The password as it is kept; raises Rejected where it breaks a rule.

    `known` are words that others would try: the name, the address.
    """
    found = normalised(password)
    if not MIN_LENGTH <= len(found) <= MAX_LENGTH:
        raise Rejected(
            f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters; several words do well",
            field=field,
        )
    plain = found.casefold()
    # With figures and signs around it, or twice, a common password is no better.
    bare = plain.strip(_AROUND)
    half = plain[: len(plain) // 2]
    if {plain, bare, half if half * 2 == plain else plain} & _common() or len(set(plain)) < 4:
        raise Rejected("this password is among the first that would be tried", field=field)
    parts = {part.casefold() for word in known for part in (word, *word.split("@"), *word.split())}
    left = plain
    for part in sorted((part for part in parts if len(part) >= 4), key=len, reverse=True):
        left = left.replace(part, "")
    if len(left) < len(plain) and len(left) < MIN_LENGTH // 2:
        raise Rejected("this password is little more than a name or an address", field=field)
    return found


def make(password: str) -> str:
    """The digest of a password that `check` has passed; about a tenth of a second of work."""
    return _hasher.hash(password)


def fits(digest: str | None, password: str) -> bool:
    """Whether it is the password; takes as long where there is none."""
    try:
        return _hasher.verify(digest or _NOBODYS, normalised(password)) and digest is not None
    except (VerificationError, InvalidHashError):
        return False


def is_old(digest: str) -> bool:
    """Whether it was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(digest)


@cache
def _common() -> frozenset[str]:
    """Passwords that many people had, as the package zxcvbn lists them."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])
