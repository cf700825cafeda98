"""Key phrases: runs of words that say something, by how often and how alone they stand.

Candidates as in RAKE (Rose et al. 2010), weighed by C-value (Frantzi et al. 2000): a phrase counts
what it is said outside of longer phrases, times the logarithm of its length.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import log2
from typing import Final

from pipeline.words.languages import Language
from pipeline.words.sentences import Sentence, bare

_MOST_WORDS: Final = 4
_NAME, _OWN, _WEAK, _ONCE = 1.6, 2.5, 0.35, 0.5

Stems = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A key phrase as it was said most; where it was said, in seconds; `weight` is for ranking."""

    text: str
    stems: Stems
    weight: float
    times: tuple[float, ...]
    name: bool

    @property
    def heading(self) -> str:
        """With a capital at its beginning."""
        return self.text[:1].upper() + self.text[1:]


def stems_of(text: str, language: Language) -> Stems:
    """Every word's stem, in order."""
    return tuple(language.stem(_plain(word)) for word in text.split() if _plain(word))


def key_phrases(
    said: Sequence[Sentence], language: Language, own: Sequence[str] = ()
) -> tuple[Phrase, ...]:
    """Phrases that were really said, best first; `own` are the brand's, worth more where said."""
    if not language.stop_words:
        return ()
    forms: defaultdict[Stems, Counter[str]] = defaultdict(Counter)
    times: defaultdict[Stems, list[float]] = defaultdict(list)
    names: Counter[Stems] = Counter()
    nouns = _nouns(said) if language.nouns_are_capitals else None
    for sentence in said:
        for words, named in _candidates(sentence, language, nouns):
            stems = tuple(language.stem(_plain(word)) for word in words)
            text = " ".join(words)
            # A name is one inside of a sentence: at its beginning everything has a capital.
            forms[stems][text if named else _lowered(text, language)] += 1
            times[stems].append(sentence.begin)
            names[stems] += named
    nested = _nested(times)
    mine = {stems_of(one, language) for one in own}
    found = (
        Phrase(
            text=forms[stems].most_common(1)[0][0],
            stems=stems,
            weight=_weight(
                stems,
                forms[stems].most_common(1)[0][0],
                len(times[stems]),
                nested[stems],
                language,
                named=names[stems] * 2 >= len(times[stems]),
                own=stems in mine,
            ),
            times=tuple(times[stems]),
            name=names[stems] * 2 >= len(times[stems]),
        )
        for stems in times
    )
    ranked = sorted(found, key=lambda phrase: (-phrase.weight, phrase.times[0], phrase.text))
    return tuple(phrase for phrase in ranked if phrase.weight > 0)


def _plain(word: str) -> str:
    plain = bare(word).casefold().replace("’", "'")
    return plain.removesuffix("'s")


def _lowered(text: str, language: Language) -> str:
    if language.nouns_are_capitals or text.isupper():
        return text
    first, _, rest = text.partition(" ")
    if any(letter.isupper() for letter in first[1:]):
        return text
    return f"{first.lower()} {rest}".strip()


def _nouns(said: Sequence[Sentence]) -> frozenset[str]:
    """Words with a capital inside of a sentence."""
    return frozenset(
        bare(word) for sentence in said for word in sentence.words[1:] if bare(word)[:1].isupper()
    )


def _candidates(
    sentence: Sentence, language: Language, nouns: frozenset[str] | None
) -> Iterator[tuple[list[str], bool]]:
    """Runs of words that say something, with whether each is a name."""
    run: list[str] = []
    began = 0
    for at, word in enumerate((*sentence.words, "")):
        plain = _plain(word)
        says = len(plain) > 1 and not plain.isdigit() and plain not in language.stop_words
        if says:
            if not run:
                began = at
            run.append(bare(word).removesuffix("'s").removesuffix("’s"))
        if run and (not says or word[-1:] in ',;:.!?…)”"' or at == len(sentence.words)):
            if nouns is None:
                yield from _parts(run, began, language)
            else:
                yield from ((part, False) for part in _noun_phrases(run, nouns))
            run = []


def _parts(run: list[str], began: int, language: Language) -> Iterator[tuple[list[str], bool]]:
    """A run whole where it is short, else its names and its end."""
    while len(run) > 1 and _weak(run[-1], language):
        run = run[:-1]
    while len(run) > 1 and _weak(run[0], language):
        run, began = run[1:], began + 1
    named = [word[:1].isupper() for word in run]
    inside = named if began else named[1:]
    all_named = bool(inside) and all(inside) and not language.nouns_are_capitals
    if len(run) <= _MOST_WORDS:
        yield run, all_named and all(named)
    else:
        yield run[-2:], False
        yield run[:2], all(named[:2]) and not language.nouns_are_capitals


def _noun_phrases(run: list[str], nouns: frozenset[str]) -> Iterator[list[str]]:
    """Where nouns have capitals: these alone, since what describes them is bent by the sentence."""
    for noun, words in groupby(run, lambda word: word in nouns):
        if noun:
            yield list(words)[-_MOST_WORDS:]


def _weak(word: str, language: Language) -> bool:
    return word.islower() and len(word) > 4 and word.endswith(language.weak_endings)


def _nested(times: dict[Stems, list[float]]) -> Counter[Stems]:
    """How often each phrase was said as a part of a longer one."""
    inside: Counter[Stems] = Counter()
    for stems, said in times.items():
        for size in range(1, len(stems)):
            for at in range(len(stems) - size + 1):
                part = stems[at : at + size]
                if part in times:
                    inside[part] += len(said)
    return inside


def _weight(
    stems: Stems, text: str, said: int, inside: int, language: Language, *, named: bool, own: bool
) -> float:
    weight = log2(1 + len(stems)) * (said + 0.5 * inside)
    if len(stems) == 1 and not named:
        weight *= _WEAK if _weak(text, language) else 1.0
        weight *= _ONCE if said + inside == 1 else 1.0
        weight *= 0.5 if len(text) < 4 else 1.0
    return weight * (_NAME if named else 1.0) * (_OWN if own else 1.0)
