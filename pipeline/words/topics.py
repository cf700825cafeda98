"""Chapters where the topic shifts: TextTiling (Hearst 1997) over sentences, snapped to shots.

The words before and after each gap between sentences are compared; a gap that is much less alike
than what surrounds it is a boundary. How much follows Hearst: the valleys that are deeper than
their mean less half a standard deviation; one counts more where the speaker says "okay, now …".
"""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import sqrt
from statistics import mean, pstdev
from typing import Final

from pipeline.plan.networks import YOUTUBE
from pipeline.plan.networks.types import Chapter
from pipeline.words.languages import Language
from pipeline.words.phrases import Phrase, stems_of
from pipeline.words.sentences import Sentence, bare

_WINDOW_WORDS: Final = 60
_MOST: Final = 15
_MOST_TITLE: Final = 60
# The shortest chapter is at least this, and at least this part of the film.
_LEAST_SECONDS: Final = 15.0
_LEAST_PART: Final = 1 / 20
# How much deeper a gap counts after which the speaker says "okay, now …": these two words.
_TURN, _TURN_WORDS = 1.6, 2
# A cut this long before a sentence belongs to it.
_SHOT_SECONDS: Final = 2.0
# Two words say more than one what a chapter is about.
_CLEARER: Final = 1.8

Bag = Counter[str]


def chapters(
    said: Sequence[Sentence],
    phrases: Sequence[Phrase],
    language: Language,
    *,
    seconds: float,
    shots: Sequence[float] = (),
) -> tuple[Chapter, ...]:
    """Chapters by YouTube's rules, or none where the film has no three topics to tell apart."""
    assert YOUTUBE.chapters is not None
    least = max(_LEAST_SECONDS, YOUTUBE.chapters.least_seconds, seconds * _LEAST_PART)
    bags = [_bag(sentence, language) for sentence in said]
    chosen: list[int] = []
    for gap in _shifts(said, bags, language):
        at = said[gap].begin
        edges = [0.0, *(said[one].begin for one in chosen), seconds]
        if len(chosen) + 1 < _MOST and all(abs(at - edge) >= least for edge in edges):
            chosen.append(gap)
    if len(chosen) + 1 < YOUTUBE.chapters.least:
        return ()
    begins = [0, *sorted(chosen), len(said)]
    titles = _titles([said[a:b] for a, b in pairwise(begins)], phrases, language)
    if titles is None:
        return ()
    times = [0.0, *(_snapped(said, gap, shots) for gap in sorted(chosen))]
    return tuple(
        Chapter(seconds=round(at, 3), title=title) for at, title in zip(times, titles, strict=True)
    )


def _bag(sentence: Sentence, language: Language) -> Bag:
    return Counter(
        stem
        for word in sentence.words
        for stem in stems_of(word, language)
        if stem not in language.stop_words
        and word.casefold().strip(".,;:!?…") not in language.stop_words
    )


def _shifts(said: Sequence[Sentence], bags: Sequence[Bag], language: Language) -> list[int]:
    """The sentences with which a topic begins, the deepest shift first."""
    sizes = [len(sentence.words) for sentence in said]
    before = [0, *accumulate(sizes)]
    gaps = range(1, len(bags))
    alike = [_alike(_window(bags, sizes, gap, -1), _window(bags, sizes, gap, 1)) for gap in gaps]
    if len(alike) < 2:
        return []
    depths = [
        _depth(alike, gap - 1)
        * (_TURN if _turns(said[gap], language) else 1.0)
        # Next to an end there is little to compare with, and little is always unlike.
        * min(1.0, min(before[gap], before[-1] - before[gap]) / _WINDOW_WORDS)
        for gap in gaps
    ]
    valleys = [
        gap
        for gap in gaps
        if depths[gap - 1] > 0
        and (_turns(said[gap], language) or alike[gap - 1] <= min(alike[max(0, gap - 2) : gap + 1]))
    ]
    if not valleys:
        return []
    found = [depths[gap - 1] for gap in valleys]
    enough = mean(found) - pstdev(found) / 2
    deep = [gap for gap in valleys if depths[gap - 1] >= enough]
    return sorted(deep, key=lambda gap: (-depths[gap - 1], gap))


def _turns(sentence: Sentence, language: Language) -> bool:
    first = [bare(word).casefold().replace("’", "'") for word in sentence.words[:_TURN_WORDS]]
    return not language.turning.isdisjoint(first)


def _window(bags: Sequence[Bag], sizes: Sequence[int], gap: int, step: int) -> Bag:
    """The words of the sentences before (-1) or after (1) a gap."""
    found: Bag = Counter()
    words, at = 0, gap if step > 0 else gap - 1
    while 0 <= at < len(bags) and words < _WINDOW_WORDS:
        found.update(bags[at])
        words += sizes[at]
        at += step
    return found


def _alike(one: Bag, other: Bag) -> float:
    """The cosine between two bags of words."""
    product = sum(count * other[stem] for stem, count in one.items())
    size = sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))
    return product / size if size else 0.0


def _depth(alike: Sequence[float], at: int) -> float:
    """How far it goes down to a gap from the peaks on both sides."""
    left = right = at
    while left > 0 and alike[left - 1] >= alike[left]:
        left -= 1
    while right + 1 < len(alike) and alike[right + 1] >= alike[right]:
        right += 1
    return (alike[left] - alike[at]) + (alike[right] - alike[at])


def _snapped(said: Sequence[Sentence], gap: int, shots: Sequence[float]) -> float:
    """A sentence's beginning, or the cut in the pause before it."""
    begin = said[gap].begin
    earliest = max(said[gap - 1].end, begin - _SHOT_SECONDS)
    return max((shot for shot in shots if earliest <= shot <= begin), default=begin)


def _titles(
    parts: Sequence[Sequence[Sentence]], phrases: Sequence[Phrase], language: Language
) -> list[str] | None:
    """For each part the phrase that is said there and little elsewhere; None where one has none."""
    used: set[tuple[str, ...]] = set()
    found: list[str] = []
    for part in parts:
        begin, end = part[0].begin, part[-1].end

        def special(phrase: Phrase, begin: float = begin, end: float = end) -> float:
            here = sum(begin <= at < end for at in phrase.times)
            share = here / len(phrase.times)
            slight = len(phrase.stems) == 1 and here < 2 and not phrase.name
            clear = (0.3 if slight else 1.0) if len(phrase.stems) == 1 else _CLEARER
            return phrase.weight * share * share * clear

        here = sorted(
            (phrase for phrase in phrases if phrase.stems not in used and special(phrase) > 0),
            key=lambda phrase: (-special(phrase), phrase.times[0]),
        )
        if not here:
            return None
        first = here[0]
        used.add(first.stems)
        title = first.heading
        second = next((each for each in here[1:] if not set(each.stems) & set(first.stems)), None)
        if len(first.stems) == 1 and second and special(second) >= special(first) / 2:
            used.add(second.stems)
            title = f"{title}, {second.text}"
        found.append(title[:_MOST_TITLE])
    return found
