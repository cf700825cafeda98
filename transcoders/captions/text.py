"""Text as captions need it: without what steers, measured in columns, joined as it is written."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from wcwidth import iter_graphemes, wcswidth

# ALM, LRM, RLM, embeddings, overrides, isolates: what is said needs none, and they turn other
# text around. Joiners stay: Persian, Indic scripts and emoji are written with them.
_BIDI: Final = frozenset(map(chr, [0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F)])) | frozenset(
    map(chr, range(0x2066, 0x206A))
)
_DROPPED: Final = frozenset({"Cc", "Cs", "Cn", "Co"})
_JOINERS: Final = frozenset("\u200c\u200d")

# Scripts written without spaces: first and last code point.
_SPACELESS: Final = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x312F),  # CJK radicals, punctuation, kana, bopomofo
    (0x3190, 0x9FFF),  # … and Han
    (0xF900, 0xFAFF),
    (0xFE30, 0xFE4F),
    (0xFF00, 0xFF9F),  # full and half width
    (0x20000, 0x3FFFF),
)
_LINKS: Final = frozenset("-‐‑'’")
_MARKS: Final = frozenset(",.;:!?…،؛؟)]”")
_RIGHT_TO_LEFT: Final = ("R", "AL")


def clean(text: str) -> str:
    """The text without controls, bidirectional ones too; any white space is one space.

    What is left can stand in XML and in UTF-8.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    plain = "".join(
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", text)
        if char.isspace() or char in _JOINERS or _speaks(char)
    )
    return " ".join(plain.split())


def _speaks(char: str) -> bool:
    return char not in _BIDI and char != "\ufeff" and unicodedata.category(char) not in _DROPPED


def columns(text: str) -> int:
    """How wide a text is: 2 for full-width characters, 1 for others, 0 for what combines."""
    if text.isascii():
        return len(text)
    return max(0, wcswidth(text))


def characters(text: str) -> int:
    """How many characters a reader sees: grapheme clusters."""
    return len(text) if text.isascii() else sum(1 for _ in iter_graphemes(text))


def graphemes(text: str) -> Iterator[str]:
    """A text's characters as readers see them."""
    return iter_graphemes(text)


def spaceless(char: str) -> bool:
    """Whether its script sets no spaces between words."""
    code = ord(char)
    return code >= 0x0E00 and any(first <= code <= last for first, last in _SPACELESS)


def spaced(before: str, after: str) -> bool:
    """Whether a space stands between two words."""
    return not (spaceless(before[-1]) or spaceless(after[0]) or continues(before, after))


def continues(before: str, after: str) -> bool:
    """Whether what came as a word of its own is the rest of one: `-hearted`, `'s`, a full stop.

    Whisper's words are tokens: it breaks some where a hyphen or an apostrophe is.
    """
    if after[0] in _MARKS:
        return not set(after) - _MARKS
    return before[-1].isalnum() and after[0] in _LINKS and after[1:2].isalpha()


def right_to_left(text: str) -> bool:
    """Whether most letters that have a direction run to the left."""
    if text.isascii():
        return False
    kinds = [unicodedata.bidirectional(char) for char in text]
    left = sum(kind in _RIGHT_TO_LEFT for kind in kinds)
    return left > kinds.count("L")
