"""What stands between two pieces: whether a sentence ends there, or a name goes on."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from transcoders.captions import lexicon, text
from transcoders.captions.words import Piece

SENTENCE_ENDS: Final = ".?!…。！？؟।։።"
_CLAUSE_ENDS: Final = ",;:、，；：،؛—–"
_CLOSERS: Final = "\"'»”’)]）】」』›"
_OPENERS: Final = "\"'«“‘([（【「『‹¿¡-–—"
# What never begins a line, and what never ends one, in Chinese and Japanese (JIS X 4051).
_NO_BEGIN: Final = frozenset(
    "、。，．・：；？！゛゜ヽヾゝゞ々ー）］｝〕〉》」』】〙〗〟’”｠»"
    "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ…‥"
)
_NO_END: Final = frozenset("（［｛〔〈《「『【〘〖〝‘“｟«")
_DIGIT: Final = re.compile(r"\d")
_NUMBER: Final = re.compile(
    r"[$€£¥#+\-−±~]*\d[\d.,:/\-–'’\u00a0]*(?:st|nd|rd|th|er|e|º|ª|%|[a-z]{1,3})?"
)
_INITIAL: Final = re.compile(r"(?:[A-Z]\.)+")
_NAME_WORDS: Final = 4
_BARE: Final = _CLOSERS + _OPENERS + _CLAUSE_ENDS + SENTENCE_ENDS


@dataclass(frozen=True, slots=True)
class Gap:
    """The place after a piece. `bound` is a name's, a number's or a word's inside, or a mark's.

    `leading` is whether the piece before it begins a phrase, `phrase` whether the one after it
    does; `pause` is the silence in seconds, `turn` a change of speakers.
    """

    sentence: bool = False
    clause: bool = False
    bound: bool = False
    inside: bool = False
    leading: bool = False
    phrase: bool = False
    turn: bool = False
    pause: float = 0.0


def gaps(pieces: Sequence[Piece], language: str, glossary: Iterable[str] = ()) -> tuple[Gap, ...]:
    """What stands after each piece; the end of all is the end of a sentence."""
    leading = lexicon.LEADING.get(language.partition("-")[0].lower(), frozenset())
    held = bound_after([piece.text for piece in pieces], leading, glossary)
    found: list[Gap] = []
    for number, (piece, after) in enumerate(pairwise(pieces)):
        if after.inside:
            kinsoku = after.text[0] in _NO_BEGIN or piece.text[-1] in _NO_END
            free = text.spaceless(piece.text[-1]) and not kinsoku
            found.append(Gap(inside=not free, bound=kinsoku, pause=0.0))
            continue
        bound = held[number] and not after.turn
        found.append(
            Gap(
                sentence=after.turn or (_ends(piece.text, SENTENCE_ENDS) and not bound),
                clause=_ends(piece.text, _CLAUSE_ENDS),
                bound=bound,
                leading=_bare(piece.text) in leading,
                phrase=_bare(after.text) in leading,
                turn=after.turn,
                pause=max(0.0, after.begin - piece.end),
            )
        )
    if pieces:
        found.append(Gap(sentence=True))
    return tuple(found)


def _ends(word: str, marks: str) -> bool:
    return word.rstrip(_CLOSERS)[-1:] in tuple(marks)


def _bare(word: str) -> str:
    return word.strip(_BARE).lower()


def bound_after(
    words: Sequence[str], leading: frozenset[str] = frozenset(), glossary: Iterable[str] = ()
) -> list[bool]:
    """Whether each word must stay with the next one: a name, a number, a date, a mark.

    Names are runs of capitals of at most four words; longer ones are titles, or all is in
    capitals. Where a sentence begins, a word that often does so is no part of one.
    """
    held = [
        _numbers(words, at) or _titled(words[at]) or _kinsoku(words[at], words[at + 1])
        for at in range(len(words) - 1)
    ] + [False] * bool(words)
    for begin, end in [*_runs(words, leading), *_glossed(words, glossary)]:
        for at in range(begin, end - 1):
            held[at] = True
    return held


def _kinsoku(word: str, after: str) -> bool:
    return after[0] in _NO_BEGIN or word[-1] in _NO_END or text.continues(word, after)


def _titled(word: str) -> bool:
    bare = word.strip(_OPENERS)
    return bare[:1].isupper() and bare.endswith(".") and bare[:-1].lower() in lexicon.TITLES


def _numbers(words: Sequence[str], at: int) -> bool:
    word, after = words[at], words[at + 1]
    if at > 0 and _number(_bare(words[at - 1])) and {_bare(word), _bare(after)} <= lexicon.UNITS:
        # "250 million | dollars".
        return word[-1].isalpha()
    if not (_DIGIT.search(word) or _DIGIT.search(after)):
        return False
    if word[-1:] in (*"?!;:—", *_CLOSERS):
        return False
    one, two = _bare(word), _bare(after)
    number, next_number = _number(one), _number(two)
    if word[-1:] in ".,":
        # "May 5, 2024" goes on after a comma, a sentence does not after its point.
        dated = at > 0 and (_bare(words[at - 1]) in lexicon.MONTHS or one in lexicon.MONTHS)
        ordered = word[-1:] == "." and two in lexicon.MONTHS
        abbreviated = word[-1:] == "." and next_number and one in lexicon.NUMBERED
        return ordered or abbreviated or (word[-1:] == "," and dated and next_number)
    if number:
        return next_number or two in lexicon.UNITS or two in lexicon.MONTHS
    return next_number and (one in lexicon.NUMBERED or one in lexicon.MONTHS)


def _number(bare: str) -> bool:
    return bool(_NUMBER.fullmatch(bare))


def _runs(words: Sequence[str], leading: frozenset[str]) -> list[tuple[int, int]]:
    """Where names begin and end."""
    found, begin = [], None
    for at, word in enumerate([*words, ""]):
        if begin is not None and (not _capital(word) or _stops(words[at - 1])):
            found.append((begin, at))
            begin = None
        if begin is None and _capital(word):
            first = at == 0 or _ends(words[at - 1], SENTENCE_ENDS)
            bare = _bare(word)
            if bare not in lexicon.OPENERS and not (first and bare in leading):
                begin = at
    return [(first, last) for first, last in found if 1 < last - first <= _NAME_WORDS]


def _capital(word: str) -> bool:
    bare = word.lstrip(_OPENERS)
    return bare[:1].isupper() and bare.rstrip(_BARE).lower() not in (
        "i",
        "i'm",
        "i'll",
        "i've",
        "i'd",
    )


def _stops(word: str) -> bool:
    """Whether a name ends with this word: behind it stands a mark that is no abbreviation's."""
    if word[-1:] == "." and (_INITIAL.fullmatch(word.lstrip(_OPENERS)) or _titled(word)):
        return False
    return word[-1:] in _CLAUSE_ENDS + SENTENCE_ENDS + _CLOSERS


def _glossed(words: Sequence[str], glossary: Iterable[str]) -> list[tuple[int, int]]:
    """Where terms of a glossary stand."""
    terms: dict[str, list[list[str]]] = {}
    for term in glossary:
        parts = [_bare(part) for part in text.clean(term).split(" ")]
        if len(parts) > 1:
            terms.setdefault(parts[0], []).append(parts)
    if not terms:
        return []
    bare = [_bare(word) for word in words]
    return [
        (at, at + len(parts))
        for at, word in enumerate(bare)
        for parts in terms.get(word, ())
        if bare[at : at + len(parts)] == parts
    ]
