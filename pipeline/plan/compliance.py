"""What of a text or a kit breaks what the brand has asked for; each breach says how to mend it."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pipeline.plan.brand_kit import BrandKit, ColourRole

MIN_CONTRAST: Final = 4.5
"""Of text to what it lies on (WCAG 2.2, 1.4.3)."""
_CHANNEL: Final = (0.2126, 0.7152, 0.0722)
_ENDS: Final = ".!?:\u3002"
# Thai, Lao, Myanmar and Khmer; the ideographs, kana and their neighbours; half-width kana.
_UNSPACED: Final = (
    ("\u0e00", "\u0eff"),
    ("\u1000", "\u109f"),
    ("\u1780", "\u17ff"),
    ("\u2e80", "\ua4cf"),
    ("\uf900", "\ufaff"),
    ("\uff66", "\uff9f"),
    ("\U00020000", "\U0003ffff"),
)


class Rule(StrEnum):
    """What can be broken."""

    FORBIDDEN_WORD = "forbidden-word"
    SPELLING = "spelling"
    CONTRAST = "contrast"


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that breaks a rule, for people to read; `begin` and `end` are its characters.

    What is forbidden `blocks`; the rest is advice.
    """

    rule: Rule
    found: str
    advice: str
    blocks: bool
    begin: int | None = None
    end: int | None = None


class _Text:
    """A text in which phrases are looked for; state: it without capitals, and where each was."""

    def __init__(self, plain: str) -> None:
        self.plain = plain
        folded: list[str] = []
        self._places: list[int] = []
        for place, one in enumerate(plain):
            parts = _folded(one)
            if parts == " " and folded and folded[-1] == " ":
                continue
            folded.extend(parts)
            self._places.extend([place] * len(parts))
        self._folded = "".join(folded)

    def found(self, phrases: Iterable[str]) -> list[tuple[int, int, str]]:
        """Begin, end and phrase wherever one stands as words of its own, the longest at a place."""
        every = [one for phrase in phrases for one in self._places_of(phrase)]
        kept: list[tuple[int, int, str]] = []
        for one in sorted(every, key=lambda found: (found[0], -found[1])):
            if not kept or one[0] >= kept[-1][1]:
                kept.append(one)
        return kept

    def _places_of(self, phrase: str) -> Iterator[tuple[int, int, str]]:
        wanted = "".join(map(_folded, phrase))
        at = self._folded.find(wanted)
        while at >= 0:
            begin, last = self._places[at], self._places[at + len(wanted) - 1]
            end = last + 1
            while end < len(self.plain) and unicodedata.combining(self.plain[end]):
                end += 1
            if not (self._inside(begin - 1, begin) or self._inside(end - 1, end)):
                yield begin, end, phrase
            at = self._folded.find(wanted, at + 1)

    def _inside(self, before: int, after: int) -> bool:
        """Whether a word goes on from one character to the next; scripts without spaces end any."""
        if before < 0 or after >= len(self.plain):
            return False
        pair = self.plain[before], self.plain[after]
        return all(map(_of_word, pair)) and all(map(_spaced, pair))

    def begins_sentence(self, at: int) -> bool:
        """Whether the word there is the first of a sentence or a line."""
        before = self.plain[:at].rstrip()
        return not before or before[-1] in _ENDS or "\n" in self.plain[len(before) : at]


def text_breaches(kit: BrandKit, text: str) -> list[Breach]:
    """What of a text breaks the kit, in the text's order."""
    looked = _Text(text)
    found = [*_forbidden(kit, looked), *_misspelled(kit, looked)]
    return sorted(found, key=lambda one: (one.begin or 0, one.end or 0))


def kit_breaches(kit: BrandKit) -> list[Breach]:
    """What of a kit stands in its own way."""
    words, ground = kit.colour(ColourRole.TEXT), kit.colour(ColourRole.BACKGROUND)
    if words is None or ground is None:
        return []
    ratio = contrast(words, ground)
    if ratio >= MIN_CONTRAST:
        return []
    advice = f"the contrast is {ratio:.2f}: choose a text or background colour for {MIN_CONTRAST}"
    return [Breach(Rule.CONTRAST, f"{words} on {ground}", advice, blocks=False)]


def contrast(one: str, other: str) -> float:
    """The ratio of two colours in #rrggbb, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return sum(weight * part for weight, part in zip(_CHANNEL, linear, strict=True))


def _forbidden(kit: BrandKit, text: _Text) -> Iterator[Breach]:
    for begin, end, _ in text.found(kit.forbidden_words):
        advice = "the brand never says this: say it in another way"
        yield Breach(Rule.FORBIDDEN_WORD, text.plain[begin:end], advice, True, begin, end)


def _misspelled(kit: BrandKit, text: _Text) -> Iterator[Breach]:
    """Names and terms that are written in other capitals than the brand writes them."""
    for begin, end, wanted in text.found((*kit.names, *(one.term for one in kit.glossary))):
        # Another run of spaces is the same name, and a sentence begins with a capital.
        said = unicodedata.normalize("NFC", " ".join(text.plain[begin:end].split()))
        first = wanted[:1].upper() + wanted[1:]
        if said != wanted and not (said == first and text.begins_sentence(begin)):
            advice = f"write it {wanted!r}"
            yield Breach(Rule.SPELLING, text.plain[begin:end], advice, False, begin, end)


def _folded(letter: str) -> str:
    """A character as it is compared: without capitals, and accents apart from their letters."""
    return " " if letter.isspace() else unicodedata.normalize("NFKD", letter).casefold()


def _of_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_" or unicodedata.combining(letter) > 0


def _spaced(letter: str) -> bool:
    """Whether a letter is of a script that puts spaces between words."""
    return not any(begin <= letter <= end for begin, end in _UNSPACED)
