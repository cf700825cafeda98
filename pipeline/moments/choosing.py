"""From a film's material to its best moments: candidates, points, and the best that lie apart."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.moments.edges import Mark, beginnings, endings, of_the_picture
from pipeline.moments.material import Material
from pipeline.moments.scoring import Candidate, Judge
from pipeline.plan.moment_types import LEAST_SECONDS, MOST_SECONDS, Moment

# With less speech than this a film is not one that speaks.
_SPOKEN_PART: Final = 0.15
_MOST_CANDIDATES: Final = 60_000
_TEXT: Final = 400


@dataclass(frozen=True, slots=True)
class Choice:
    """The best moments, best first, by what they were told apart, and of how many."""

    moments: tuple[Moment, ...]
    how: str
    candidates: int


def choose(material: Material, most: int) -> Choice:
    """At most so many moments of 15 to 90 s, none overlapping; a shorter film is one itself."""
    if material.seconds < LEAST_SECONDS:
        return _whole(material, f"the film is shorter than {LEAST_SECONDS:.0f} s: it is one moment")
    if material.spoken_seconds >= _SPOKEN_PART * material.seconds:
        found = candidates(material)
        if found:
            return _best(material, found, most, "by what is said", spoken=True)
    found = list(_seen(material))
    if found:
        how = "nobody speaks for long enough: by shots, loudness and movement"
        return _best(material, found, most, how, spoken=False)
    return _whole(material, "nothing in it can be told apart: it is one moment")


def candidates(material: Material) -> list[Candidate]:
    """Every moment of a film that speaks, of which the best are chosen."""
    return list(_spoken(material))


def _best(
    material: Material, found: Sequence[Candidate], most: int, how: str, *, spoken: bool
) -> Choice:
    judge = Judge(material, found, spoken=spoken)
    order = sorted(found, key=lambda one: (-judge.points(one), one.begin.at, one.end.at))
    kept: list[Candidate] = []
    for one in order:
        apart = all(one.end.at <= k.begin.at or k.end.at <= one.begin.at for k in kept)
        if apart:
            kept.append(one)
            if len(kept) == most:
                break
    return Choice(tuple(_moment(material, judge, one) for one in kept), how, len(found))


def _moment(material: Material, judge: Judge, one: Candidate) -> Moment:
    said = material.sentences[one.first : one.last]
    text = material.language.gap.join(sentence.text for sentence in said)
    return Moment(
        begin=round(one.begin.at, 3),
        end=round(min(one.end.at, material.seconds), 3),
        begins_with=one.begin.edge,
        ends_with=one.end.edge,
        score=judge.score(one),
        text=text if len(text) <= _TEXT else f"{text[:_TEXT].rsplit(None, 1)[0]} …",
    )


def _spoken(material: Material) -> Iterator[Candidate]:
    """From the beginning of a sentence to the end of another."""
    begins, ends = beginnings(material), endings(material)
    step = max(1, len(begins) * len(begins) // (2 * _MOST_CANDIDATES)) if begins else 1
    times = [mark.at for mark in ends]
    for number, begin in enumerate(begins):
        first = max(number, bisect_left(times, begin.at + LEAST_SECONDS))
        fitting = []
        for last in range(first, len(ends)):
            if ends[last].at - begin.at > MOST_SECONDS:
                break
            fitting.append(last)
        # Of very many ends every few: neighbours are much alike.
        for last in fitting[:: max(1, min(step, len(fitting) // 12 or 1))]:
            yield Candidate(begin, ends[last], number, last + 1)


def _seen(material: Material) -> Iterator[Candidate]:
    """From shot to shot."""
    marks = of_the_picture(material)
    times = [mark.at for mark in marks]
    for number, begin in enumerate(marks):
        first = max(number + 1, bisect_left(times, begin.at + LEAST_SECONDS))
        last = bisect_left(times, begin.at + MOST_SECONDS)
        room = range(first, min(len(marks), last + 1))
        for place in room[:: max(1, len(room) // 12)]:
            if LEAST_SECONDS <= times[place] - begin.at <= MOST_SECONDS:
                yield Candidate(begin, marks[place], *material.within(begin.at, times[place]))


def _whole(material: Material, how: str) -> Choice:
    said = len(material.sentences)
    one = Candidate(Mark(0.0, "film"), Mark(material.seconds, "film"), 0, said)
    judge = Judge(material, [one], spoken=said > 0)
    return Choice((_moment(material, judge, one),), how, 1)
