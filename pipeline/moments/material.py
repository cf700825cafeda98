"""What is known of a film: what is said, how loud it is, how much moves, where shots change."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import isfinite
from statistics import fmean
from typing import Final

from pipeline.words.languages import Language
from pipeline.words.phrases import key_phrases
from pipeline.words.sentences import Sentence

_NEAR: Final = 6


@dataclass(frozen=True)
class Curve:
    """Values at rising times, in seconds; what is no number is left out by who makes it."""

    times: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.times) != len(self.values) or not all(map(isfinite, self.values)):
            raise ValueError("a curve has a number at each of its times")

    @cached_property
    def _sums(self) -> list[float]:
        return list(accumulate(self.values, initial=0.0))

    @cached_property
    def mean(self) -> float:
        """Over all of it; 0 where there is nothing."""
        return fmean(self.values) if self.values else 0.0

    def over(self, begin: float, end: float) -> float:
        """The mean of what lies in between; of the whole where nothing does."""
        first, last = bisect_left(self.times, begin), bisect_left(self.times, end)
        if first >= last:
            return self.mean
        return (self._sums[last] - self._sums[first]) / (last - first)

    @cached_property
    def _peaks(self) -> list[list[float]]:
        """The greatest mean of about three seconds in 1, 2, 4, … values from each."""
        sums = self._sums
        count = len(self.values)
        near = [
            (sums[min(count, at + _NEAR)] - sums[at]) / (min(count, at + _NEAR) - at)
            for at in range(count)
        ]
        rows, reach = [near], 1
        while 2 * reach <= count:
            last = rows[-1]
            rows.append([max(last[at], last[at + reach]) for at in range(len(last) - reach)])
            reach *= 2
        return rows

    def peak(self, begin: float, end: float) -> float:
        """The greatest mean of six values in a row, three seconds where they are halves."""
        first, last = bisect_left(self.times, begin), bisect_left(self.times, end)
        if first >= last:
            return self.mean
        row = (last - first).bit_length() - 1
        return max(self._peaks[row][first], self._peaks[row][last - (1 << row)])

    def lowest(self, begin: float, end: float) -> float | None:
        """When it is lowest in between; None where nothing lies there."""
        places = range(bisect_left(self.times, begin), bisect_left(self.times, end))
        return self.times[min(places, key=self.values.__getitem__)] if places else None


@dataclass(frozen=True)
class Material:
    """All that moments are chosen by. `cuts` rise; `own` are the brand's names.

    `loudness` is in LUFS, `motion` the mean change of luma from one small picture to the next.
    """

    seconds: float
    language: Language
    sentences: Sequence[Sentence] = ()
    cuts: Sequence[float] = ()
    loudness: Curve = Curve()
    motion: Curve = Curve()
    own: Sequence[str] = ()

    @cached_property
    def spoken_seconds(self) -> float:
        """How long somebody speaks."""
        return sum(one.end - one.begin for one in self.sentences)

    @cached_property
    def weights(self) -> list[float]:
        """For each sentence what its key phrases weigh, as sums from the beginning."""
        begins = {one.begin: number for number, one in enumerate(self.sentences)}
        found = [0.0] * len(self.sentences)
        for phrase in key_phrases(self.sentences, self.language, self.own):
            for at in set(phrase.times):
                found[begins[at]] += phrase.weight
        return list(accumulate(found, initial=0.0))

    @cached_property
    def speech(self) -> list[float]:
        """Seconds spoken before each sentence, and in all."""
        return list(accumulate((one.end - one.begin for one in self.sentences), initial=0.0))

    def cuts_in(self, begin: float, end: float) -> int:
        """How many shots begin after `begin` and before `end`."""
        return max(0, bisect_left(self.cuts, end) - bisect_right(self.cuts, begin))

    def within(self, begin: float, end: float) -> tuple[int, int]:
        """The first sentence that begins at or after a time, and the first that ends after one."""
        first = bisect_left(self.sentences, begin, key=lambda one: one.begin)
        last = bisect_right(self.sentences, end, key=lambda one: one.end)
        return first, max(first, last)
