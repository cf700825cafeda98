"""How good a moment is: parts of 0 to 1, then points, each with a line that a reader can use."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean, pstdev
from typing import Final

from pipeline.moments.edges import Mark
from pipeline.moments.material import Material
from pipeline.plan.moment_types import Edge
from pipeline.plan.words_types import Rule, Score
from pipeline.words.languages import Language
from pipeline.words.sentences import Sentence, bare

# Of 100 where all apply; those that do not are left out, and the rest stands for the whole.
POINTS: Final[Mapping[str, int]] = {
    "opening": 20,
    "stands-alone": 15,
    "substance": 20,
    "ending": 10,
    "dense": 10,
    "loudness": 15,
    "picture": 5,
    "length": 5,
    "edges": 5,
}
OF_THE_PICTURE: Final[Mapping[str, int]] = {
    "picture": 40,
    "loudness": 30,
    "length": 10,
    "edges": 20,
}

_BEST_SECONDS: Final = (20.0, 60.0)
_SHORT_OPENING_WORDS: Final = 14
_PAUSE_SECONDS: Final = 0.8
_QUOTED: Final = 60


@dataclass(frozen=True, slots=True)
class Candidate:
    """A part that could be chosen: sentences `first` to before `last`."""

    begin: Mark
    end: Mark
    first: int
    last: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end.at - self.begin.at


@dataclass(frozen=True, slots=True)
class Scale:
    """What is usual in this film, so that one that is loud throughout is not all loud moments."""

    mean: float
    deviation: float

    def place(self, value: float) -> float:
        """From 0, two deviations below the mean, over 0.5 to 1, two above it."""
        if self.deviation <= 1e-9:
            return 0.5
        return min(1.0, max(0.0, 0.5 + (value - self.mean) / (4 * self.deviation)))


def scale(values: Sequence[float]) -> Scale:
    """Of all candidates."""
    return Scale(fmean(values), pstdev(values)) if values else Scale(0.0, 0.0)


class Judge:
    """Judges the candidates of one film against each other."""

    def __init__(
        self, material: Material, candidates: Sequence[Candidate], *, spoken: bool
    ) -> None:
        """With `spoken` by what is said first, else by what is seen and heard alone."""
        self._material, self._spoken = material, spoken
        self._openings = lru_cache(maxsize=None)(self._opening)
        self._scales = {
            name: scale([measure(one) for one in candidates])
            for name, measure in self._measures.items()
        }

    @property
    def _measures(self) -> Mapping[str, Callable[[Candidate], float]]:
        return {
            "substance": self._substance,
            "loudness": self._loudness,
            "picture": self._picture,
        }

    def points(self, one: Candidate) -> float:
        """Of 100, before anything is put into words."""
        parts = self._parts(one)
        of = sum(self._weights[name] for name in parts)
        return 100 * sum(self._weights[name] * part for name, part in parts.items()) / of

    def score(self, one: Candidate) -> Score:
        """The same, rule by rule."""
        weights, lines = self._weights, self._lines(one)
        rules = tuple(
            Rule(name=name, points=round(part * weights[name]), of=weights[name], line=lines[name])
            for name, part in self._parts(one).items()
        )
        return Score(points=round(self.points(one)), rules=rules)

    @property
    def _weights(self) -> Mapping[str, int]:
        return POINTS if self._spoken else OF_THE_PICTURE

    def _parts(self, one: Candidate) -> dict[str, float]:
        material = self._material
        found: dict[str, float] = {}
        if self._spoken:
            found["opening"], found["stands-alone"] = self._openings(one.first)
            if material.weights[-1] > 0:
                found["substance"] = self._scales["substance"].place(self._substance(one))
            found["ending"] = self._ending(one.last)
            found["dense"] = self._dense(one)
        if material.loudness.times:
            found["loudness"] = self._scales["loudness"].place(self._loudness(one))
        if material.motion.times or material.cuts:
            found["picture"] = self._scales["picture"].place(self._picture(one))
        found["length"] = _length(one.seconds)
        found["edges"] = (_edge(one.begin) + _edge(one.end)) / 2
        return found

    def _substance(self, one: Candidate) -> float:
        weights = self._material.weights
        # Longer ones hold more, shorter ones are denser: neither is the better for it.
        return (weights[one.last] - weights[one.first]) / math.pow(max(one.seconds, 1.0), 0.75)

    def _loudness(self, one: Candidate) -> float:
        # Laughter and applause last for seconds: a mean over all of it hardly hears them.
        curve = self._material.loudness
        return (curve.over(one.begin.at, one.end.at) + curve.peak(one.begin.at, one.end.at)) / 2

    def _picture(self, one: Candidate) -> float:
        material = self._material
        cuts = material.cuts_in(one.begin.at, one.end.at) / max(one.seconds, 1.0)
        usual = len(material.cuts) / material.seconds
        moves = material.motion.over(one.begin.at, one.end.at)
        mean = material.motion.mean
        return (cuts / usual if usual else 0.0) + (moves / mean if mean > 0 else 0.0)

    def _dense(self, one: Candidate) -> float:
        speech = self._material.speech
        part = (speech[one.last] - speech[one.first]) / one.seconds
        return min(1.0, part / 0.85)

    def _opening(self, first: int) -> tuple[float, float]:
        sentence, language = self._material.sentences[first], self._material.language
        return opening(sentence, language), alone(sentence, language)

    def _ending(self, last: int) -> float:
        said = self._material.sentences
        if last >= len(said):
            return 1.0
        following, language = said[last], self._material.language
        pause = following.begin - said[last - 1].end
        if _leans(following, language):
            return 0.2 if pause < _PAUSE_SECONDS else 0.5
        return 1.0 if pause >= _PAUSE_SECONDS or _turns(following, language) else 0.6

    def _lines(self, one: Candidate) -> dict[str, str]:
        return dict(_told(self, one))

    def told_opening(self, one: Candidate) -> str:
        """The first sentence, as people see it."""
        text = self._material.sentences[one.first].text
        return f"“{text[:_QUOTED]}{'…' if len(text) > _QUOTED else ''}”"


def opening(sentence: Sentence, language: Language) -> float:
    """How much the first sentence makes people want the next."""
    text = sentence.text
    found = 0.3
    low = text.casefold()
    if text.rstrip("\"'”’»)").endswith(("?", "？")):
        found += 0.5
    elif any(f"{phrase} " in low for phrase in language.telling):
        found += 0.35
    if any(each.isdigit() for each in text):
        found += 0.15
    if text.rstrip().endswith(("!", "！")):
        found += 0.1
    if len(sentence.words) <= _SHORT_OPENING_WORDS:
        found += 0.15
    return min(1.0, found)


def alone(sentence: Sentence, language: Language) -> float:
    """Whether the first sentence is understood without the one before it."""
    if _leans(sentence, language):
        return 0.0
    first = bare(sentence.words[0]).casefold()
    return 0.6 if first in language.openers else 1.0


def _leans(sentence: Sentence, language: Language) -> bool:
    words = [bare(word).casefold() for word in sentence.words[:2]]
    while words and words[0] in language.openers:
        words = words[1:]
    return bool(words) and words[0] in language.leaning


def _turns(sentence: Sentence, language: Language) -> bool:
    return bare(sentence.words[0]).casefold() in language.turning


def _length(seconds: float) -> float:
    least, most = _BEST_SECONDS
    if seconds < least:
        return max(0.0, seconds / least)
    return 1.0 if seconds <= most else max(0.3, 1 - (seconds - most) / most)


def _edge(mark: Mark) -> float:
    return {"film": 1.0, "sentence and shot": 1.0, "shot": 1.0, "sentence": 0.6, "pause": 0.3}[
        mark.edge
    ]


def _told(judge: Judge, one: Candidate) -> Iterator[tuple[str, str]]:
    parts = judge._parts(one)
    if "opening" in parts:
        first = judge.told_opening(one)
        yield (
            "opening",
            (
                f"it opens with what makes people stay: {first}"
                if parts["opening"] >= 0.6
                else f"it opens plainly: {first}"
            ),
        )
        yield (
            "stands-alone",
            (
                "its first sentence is understood by itself"
                if parts["stands-alone"] >= 0.6
                else f"its first sentence leans on the one before: {first}"
            ),
        )
        yield (
            "ending",
            (
                "a thought ends with it"
                if parts["ending"] >= 0.6
                else "what is said next belongs to it"
            ),
        )
        yield "dense", f"somebody speaks for {min(1.0, parts['dense'] * 0.85):.0%} of it or more"
    for name, what in (
        ("substance", "of the film's key phrases"),
        ("loudness", "loudness"),
        ("picture", "movement and cuts"),
    ):
        if name in parts:
            yield name, f"{_compared(parts[name])} {what} than is usual in this film"
    least, most = _BEST_SECONDS
    if least <= one.seconds <= most:
        yield "length", f"{one.seconds:.0f} s is a good length"
    else:
        yield "length", f"{one.seconds:.0f} s; {least:.0f} to {most:.0f} s are watched to the end"
    begins, ends = _EDGES[one.begin.edge], _EDGES[one.end.edge]
    yield "edges", f"it begins with {begins} and ends with {ends}"


_EDGES: Final[Mapping[Edge, str]] = {
    "film": "the film",
    "sentence": "a sentence",
    "sentence and shot": "a sentence and a shot",
    "shot": "a shot",
    "pause": "a quiet place",
}


def _compared(part: float) -> str:
    if part >= 0.65:
        return "more"
    return "less" if part <= 0.35 else "no more and no less"
