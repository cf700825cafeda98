"""Titles: what is said in a sentence, what the asset is called, and what it is about."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from pipeline.plan.networks.counting import characters
from pipeline.plan.words_types import Title
from pipeline.words.languages import Language
from pipeline.words.phrases import Phrase, Stems, stems_of
from pipeline.words.sentences import Sentence, bare

HOW_MANY: Final = 5
SHORTEST, LONGEST = 20, 70
"""Lists of results cut titles off at about 70 characters."""

_LIST: Final = "key phrases"
_CLAUSE: Final = re.compile(r"(?<=[,;:–—])\s+|\s+[–—]\s+")
_TRAILING: Final = " ,;:.–—-…"
_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9]{2,4}\Z")
_CAMERA: Final = re.compile(
    r"(?i)\b(?:img|vid|mov|dsc\w?|dji|gopro|gx|gh|mvi|pxl|clip|video|untitled|screen ?recording|"
    r"final|export|render|copy|edit(?:ed)?|draft|v|take|master|raw|output|h26[45])"
    r"[\s\d]*\b|\b\d+(?:k|p|p\d\d|s|sec|min|kb|kbps|mb|fps)\b|\b0\d+\b"
)
_OPAQUE: Final = re.compile(r"\b(?=\w*\d)(?=\w*[a-zA-Z])\w{6,}\b|\b\d{5,}\b|\b[0-9a-f]{8,}\b")


@dataclass(frozen=True, slots=True)
class _Draft:
    text: str
    made_of: str
    stems: frozenset[str]
    worth: float


def name_as_title(name: str) -> str | None:
    """An asset's name as people would write it; None where it is only a camera's or a number."""
    plain = _EXTENSION.sub("", name)
    plain = re.sub(r"[_\s]+|(?<=\w)-(?=\w)|\.(?=\w)", " ", plain)
    plain = _OPAQUE.sub(" ", plain)
    plain = _CAMERA.sub(" ", plain)
    plain = " ".join(plain.split()).strip(_TRAILING + "()[]")
    if sum(letter.isalpha() for letter in plain) < 3:
        return None
    return plain[:1].upper() + plain[1:]


def titles(
    said: Sequence[Sentence],
    phrases: Sequence[Phrase],
    language: Language,
    *,
    name: str | None = None,
    brand: str | None = None,
) -> tuple[Title, ...]:
    """Up to five titles that differ, best first; fewer where there is nothing more to go by."""
    drafts = [
        *_of_name(name, phrases, language),
        *_of_sentences(said, phrases, language),
        *_of_phrases(phrases, language, name),
    ]
    if brand and name:
        drafts.append(_Draft(f"{name} | {brand}", "name and brand", _bag(name, language), 0.2))
    elif brand and not drafts:
        drafts.append(_Draft(brand, "brand", _bag(brand, language), 0.1))
    return tuple(
        Title(text=draft.text, points=_points(draft), made_of=draft.made_of)
        for draft in _differing(drafts)
    )


def _bag(text: str, language: Language) -> frozenset[str]:
    return frozenset(stem for stem in stems_of(text, language) if stem not in language.stop_words)


def _points(draft: _Draft) -> int:
    return round(100 * max(0.0, min(1.0, draft.worth)))


def _length_worth(text: str) -> float:
    """1 from 25 to 60 characters, less outside."""
    size = characters(text)
    if size < 25:
        return max(0.3, size / 25)
    return 1.0 if size <= 60 else max(0.4, 1 - (size - 60) / 40)


def _of_name(name: str | None, phrases: Sequence[Phrase], language: Language) -> Iterator[_Draft]:
    if name is None:
        return
    bag = _bag(name, language)
    heard = {stem for phrase in phrases for stem in phrase.stems}
    # Files are often called what nobody would say of them: speech bears witness.
    backed = not heard or bool(bag & heard)
    worth = 0.7 if backed else 0.35
    yield _Draft(name, "name", bag, worth * _length_worth(name))
    other = next((phrase for phrase in _telling(phrases)[:8] if not set(phrase.stems) & bag), None)
    if other is not None:
        text = f"{name}: {other.text}"
        if characters(text) <= LONGEST:
            worth = (0.75 if backed else 0.45) * _length_worth(text)
            yield _Draft(text, "name and key phrase", bag | set(other.stems), worth)


def _of_sentences(
    said: Sequence[Sentence], phrases: Sequence[Phrase], language: Language
) -> Iterator[_Draft]:
    weights = {phrase.stems: phrase.weight for phrase in phrases}
    found: list[tuple[str, float, frozenset[str], float]] = []
    for number, sentence in enumerate(said):
        for clause, bonus in _clauses(sentence, language):
            if not SHORTEST <= characters(clause) <= LONGEST:
                continue
            stems = stems_of(clause, language)
            held = _held(stems, weights)
            worth = bonus - _lean(clause, language) - (0.0 if held or not phrases else 0.15)
            worth += 0.08 if number < max(2, len(said) // 10) else 0.0
            worth += 0.08 if clause.endswith("?") else 0.0
            worth += 0.04 if re.search(r"\d", clause) else 0.0
            found.append((clause, held / sqrt(max(5, len(stems))), _bag(clause, language), worth))
    most = max((density for _, density, _, _ in found), default=0.0) or 1.0
    for clause, density, bag, worth in found:
        total = (0.4 + 0.35 * density / most + worth) * _length_worth(clause)
        yield _Draft(clause, "sentence", bag, total)


def _held(stems: Stems, weights: Mapping[Stems, float]) -> float:
    """The weight of all key phrases in a text, each once."""
    parts = {stems[at : at + size] for size in range(1, 5) for at in range(len(stems) - size + 1)}
    return sum(weights.get(part, 0.0) for part in parts)


def _lean(clause: str, language: Language) -> float:
    """How much a clause leans on what was said before it."""
    words = [bare(word).casefold() for word in clause.split()]
    first = words[0] if words else ""
    return 0.3 if first in language.leaning else 0.0


def _clauses(sentence: Sentence, language: Language) -> Iterator[tuple[str, float]]:
    """A sentence without its fillers, and parts of it that can stand alone; what each is worth."""
    text = _without_openers(sentence, language)
    yield _polished(text), 0.0
    first = _CLAUSE.split(text)[0]
    if first != text and bare(first.split()[0]).casefold() not in language.waiting:
        yield _polished(first), -0.12
    for marker in language.telling:
        found = re.search(rf"(?<=\s){re.escape(marker)}\s.*", text, re.IGNORECASE)
        if found:
            for part in (found[0], _CLAUSE.split(found[0])[0]):
                yield _polished(part), 0.25


def _without_openers(sentence: Sentence, language: Language) -> str:
    words = list(sentence.words)
    while len(words) > 3 and bare(words[0]).casefold() in language.openers:
        words = words[1:]
    return sentence.gap.join(words)


def _polished(text: str) -> str:
    """As a title is written: a capital first, no full stop."""
    question = text.rstrip("\"'”’»)").endswith("?")
    plain = text.strip(_TRAILING + '"“”«»?!。')
    plain = plain[:1].upper() + plain[1:]
    return plain + "?" if question else plain


def _telling(phrases: Sequence[Phrase]) -> list[Phrase]:
    """Two words and names first: a single word in a title says little."""
    return sorted(
        phrases,
        key=lambda phrase: -phrase.weight * (2.0 if len(phrase.stems) > 1 or phrase.name else 1.0),
    )


def _of_phrases(
    phrases: Sequence[Phrase], language: Language, name: str | None
) -> Iterator[_Draft]:
    """What it is about, as a list: two or three phrases that share no word."""
    apart: list[Phrase] = []
    for phrase in _telling(phrases)[:30]:
        slight = len(phrase.stems) == 1 and len(phrase.times) == 1 and not phrase.name
        if not slight and not any(set(phrase.stems) & set(each.stems) for each in apart):
            apart.append(phrase)
    for first, count in ((0, 3), (0, 2), (1, 2), (2, 2), (3, 2), (0, 1), (1, 1)):
        part = apart[first : first + count]
        if len(part) < count:
            continue
        head = [part[0].heading, *(phrase.text for phrase in part[1:])]
        text = f"{', '.join(head[:-1])} & {head[-1]}" if count > 1 else head[0]
        if characters(text) > LONGEST:
            continue
        worth = (0.62 if count > 1 else 0.4) - 0.05 * first
        stems = frozenset(stem for phrase in part for stem in phrase.stems)
        yield _Draft(text, _LIST, stems, worth * _length_worth(text))


def _differing(drafts: Sequence[_Draft]) -> list[_Draft]:
    """The best five of which no two say the same, and not all were made in the same way."""
    ranked = sorted(drafts, key=lambda draft: -draft.worth)
    chosen: list[_Draft] = []
    for most, of_one_kind in ((0.5, 3), (0.8, 3), (1.0, HOW_MANY)):
        for draft in ranked:
            if len(chosen) == HOW_MANY:
                break
            alike = [each for each in chosen if each.made_of == draft.made_of]
            if (
                all(_shared(draft, each) <= most for each in chosen)
                and len(alike) < of_one_kind
                # A list that is a part of another says nothing new, whatever else is missing.
                and not any(each.made_of == _LIST and draft.stems <= each.stems for each in alike)
                and all(draft.text.casefold() != each.text.casefold() for each in chosen)
            ):
                chosen.append(draft)
    return sorted(chosen, key=lambda draft: -draft.worth)


def _shared(one: _Draft, other: _Draft) -> float:
    """How much of the shorter of two is in the other (0 to 1)."""
    least = min(len(one.stems), len(other.stems))
    return len(one.stems & other.stems) / least if least else 0.0
