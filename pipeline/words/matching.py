"""Whether words occur in a text: whole words, in any case."""

import re
import unicodedata
from functools import lru_cache


@lru_cache(maxsize=64)
def folded(text: str) -> str:
    """In one case and one form, with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("’", "'").split())


def occurs(words: str, text: str) -> bool:
    """Whether these words stand in a text as whole words, next to each other."""
    return occurs_any((words,), text)


def occurs_any(phrases: tuple[str, ...], text: str) -> bool:
    """Whether one of these does."""
    pattern = _pattern(phrases)
    return pattern is not None and pattern.search(folded(text)) is not None


@lru_cache(maxsize=1024)
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    # Commas and full stops may stand between words that a phrase was made of.
    parts = [
        r"\W+".join(map(re.escape, re.findall(r"[\w']+", phrase))) or re.escape(phrase)
        for phrase in map(folded, phrases)
        if phrase
    ]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)") if parts else None


def spelled(text: str, names: tuple[str, ...]) -> str:
    """A text in which names are written as their owners write them."""
    pattern, written = _speller(names)
    return pattern.sub(lambda found: written[found[0].casefold()], text) if pattern else text


@lru_cache(maxsize=64)
def _speller(names: tuple[str, ...]) -> tuple[re.Pattern[str] | None, dict[str, str]]:
    written = {name.casefold(): name for name in names if name.strip()}
    # Ignoring case finds what casefold keeps apart (the Turkish İ): such names stay as they are.
    plain = [name for name in written.values() if name.casefold() == name.lower()]
    longest_first = sorted(plain, key=len, reverse=True)
    if not longest_first:
        return None, {}
    parts = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<!\w)(?i:{parts})(?!\w)"), _Written(written)


class _Written(dict[str, str]):
    """Spellings by what was found; what is not among them stays as it was found."""

    def __missing__(self, key: str) -> str:
        return key
