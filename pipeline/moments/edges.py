"""Where moments may begin and end: at sentences, with a cut where one is near; else at shots."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipeline.moments.material import Material
from pipeline.plan.moment_types import Edge

# A cut this near to a sentence, in the silence beside it, begins or ends the moment.
_NEAR_SECONDS: Final = 1.0
# Without one, so much of the silence is kept: no voice begins or ends abruptly.
_LEAD_SECONDS: Final = 0.2
_TAIL_SECONDS: Final = 0.4
# Long shots in which nobody speaks are parted where it is quietest or calmest.
_LONG_SHOT_SECONDS: Final = 20.0
_PART_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A time at which a moment may begin or end; `sentence` is the one that begins or ends."""

    at: float
    edge: Edge
    sentence: int | None = None


def beginnings(material: Material) -> list[Mark]:
    """One for each sentence, in order."""
    marks = []
    said = material.sentences
    for number, sentence in enumerate(said):
        before = said[number - 1].end if number else 0.0
        silent = max(0.0, sentence.begin - before)
        cut = _last(material.cuts, max(before, sentence.begin - _NEAR_SECONDS), sentence.begin)
        if cut is not None:
            marks.append(Mark(cut, "sentence and shot", number))
        else:
            at = sentence.begin - min(_LEAD_SECONDS, silent / 2)
            marks.append(Mark(max(0.0, at), "sentence", number))
    return marks


def endings(material: Material) -> list[Mark]:
    """One for each sentence, in order."""
    marks = []
    said = material.sentences
    for number, sentence in enumerate(said):
        after = said[number + 1].begin if number + 1 < len(said) else material.seconds
        end = min(sentence.end, material.seconds)
        silent = max(0.0, after - end)
        cut = _first(material.cuts, end, min(after, end + _NEAR_SECONDS))
        if cut is not None:
            marks.append(Mark(cut, "sentence and shot", number))
        else:
            at = end + min(_TAIL_SECONDS, silent / 2)
            marks.append(Mark(min(material.seconds, at), "sentence", number))
    return marks


def of_the_picture(material: Material) -> list[Mark]:
    """Cuts at which nobody speaks, the film's own ends, and quiet places within long shots."""
    free = [cut for cut in material.cuts if not _spoken(material, cut)]
    marks = [Mark(0.0, "film"), *(Mark(cut, "shot") for cut in free if 0 < cut < material.seconds)]
    marks.append(Mark(material.seconds, "film"))
    parted = [
        found for one, other in pairwise(marks) for found in _parts(material, one.at, other.at)
    ]
    return sorted([*marks, *parted], key=lambda mark: mark.at)


def _parts(material: Material, begin: float, end: float) -> Iterator[Mark]:
    at = begin + _PART_SECONDS
    while end - begin > _LONG_SHOT_SECONDS and at < end - _PART_SECONDS / 2:
        curve = material.loudness if material.loudness.times else material.motion
        found = curve.lowest(at - _PART_SECONDS / 4, at + _PART_SECONDS / 4)
        place = at if found is None else found
        if not _spoken(material, place):
            yield Mark(place, "pause")
        at += _PART_SECONDS


def _spoken(material: Material, at: float) -> bool:
    said = material.sentences
    place = bisect_right(said, at, key=lambda one: one.begin) - 1
    return place >= 0 and said[place].begin < at < said[place].end


def _last(cuts: Sequence[float], begin: float, end: float) -> float | None:
    """The last cut from `begin` to `end`, both included."""
    place = bisect_right(cuts, end) - 1
    return cuts[place] if place >= 0 and cuts[place] >= begin else None


def _first(cuts: Sequence[float], begin: float, end: float) -> float | None:
    place = bisect_left(cuts, begin)
    return cuts[place] if place < len(cuts) and cuts[place] <= end else None
