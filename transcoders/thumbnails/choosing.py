"""Which frames become thumbnails, and why: pure judgement of what was seen in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from transcoders.thumbnails.wanted import Seen

# Bits of 64 in which pictures differ that nobody takes for the same one.
LEAST_DISTANCE: Final = 12


@dataclass(frozen=True, slots=True)
class Trait:
    """One of the things that make a good thumbnail: its weight, and what people are told of it."""

    weight: float
    good: str
    bad: str
    measure: Callable[[Seen], float]


def _part(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, and straight between."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _exposure(one: Seen) -> float:
    lit = _part(one.luma, 0.08, 0.3) * (1 - _part(one.luma, 0.75, 0.95))
    return lit * (1 - _part(one.clipped, 0.1, 0.5))


def _faces(one: Seen) -> float:
    """How large the largest is, and how sure the detector: it is less of a covered one."""
    if not one.faces:
        return 0.25
    largest = max(one.faces, key=lambda face: face.width * face.height)
    plain = _part(largest.score, 0.78, 0.93)
    return 0.4 + 0.6 * _part(largest.height, 0.05, 0.22) * (0.4 + 0.6 * plain)


def _subject(one: Seen) -> float:
    if one.faces:
        return _part(one.subject, 0.005, 0.04) * (1 - 0.6 * _part(one.subject, 0.35, 0.7))
    return _part(one.subject, 0.03, 0.12) * (1 - 0.5 * _part(one.subject, 0.22, 0.4))


TRAITS: Final[Mapping[str, Trait]] = {
    "sharpness": Trait(2.0, "sharp", "soft", lambda one: one.sharpness),
    "exposure": Trait(2.0, "well lit", "too dark or too bright", _exposure),
    "contrast": Trait(1.5, "full of contrast", "flat", lambda one: _part(one.contrast, 0.15, 0.6)),
    "colour": Trait(1.0, "colourful", "pale", lambda one: one.colour),
    "faces": Trait(3.0, "a face that can be seen", "no face", _faces),
    "subject": Trait(2.0, "a subject of good size", "no clear subject", _subject),
    "room": Trait(0.5, "room for words", "no calm place for words", lambda one: one.room),
}
_GOOD, _BAD = 0.7, 0.25
# How much of a shape's score is how the frame sits in it; a face that is cut takes this much more.
_FIT_WEIGHT: Final = 0.25
_CUT_FACE: Final = 0.25


@dataclass(frozen=True, slots=True)
class Judged:
    """A frame's score in one shape, 0 to 1, its measures by trait, and reasons for people."""

    frame: int
    score: float
    measures: Mapping[str, float]
    reasons: tuple[str, ...]


def judged(frame: int, one: Seen, shape: str, beside: float = 0.0) -> Judged:
    """How good a frame is in a shape; `beside` is taken off for what its pixels do not tell."""
    measures = {name: round(trait.measure(one), 3) for name, trait in TRAITS.items()}
    total = sum(trait.weight for trait in TRAITS.values())
    plain = sum(TRAITS[name].weight * value for name, value in measures.items()) / total
    fit = next(each for each in one.fits if each.shape == shape)
    measures["kept"] = fit.kept
    score = (1 - _FIT_WEIGHT) * plain + _FIT_WEIGHT * fit.kept - beside
    reasons = [TRAITS[name].good for name in TRAITS if measures[name] >= _GOOD]
    reasons += [TRAITS[name].bad for name in TRAITS if measures[name] <= _BAD]
    if not fit.whole:
        score -= _CUT_FACE
        reasons.append("a face is cut")
    return Judged(frame, round(max(0.0, score), 4), measures, tuple(reasons))


def best(order: Sequence[Judged], marks: Mapping[int, str], most: int) -> tuple[Judged, ...]:
    """The best that are no near-duplicates of better ones: as many as there are, `most` at most."""
    taken: list[Judged] = []
    for one in sorted(order, key=lambda each: (-each.score, each.frame)):
        far = (distance(marks[one.frame], marks[other.frame]) for other in taken)
        if len(taken) < most and all(bits >= LEAST_DISTANCE for bits in far):
            taken.append(one)
    return tuple(taken)


def distance(one: str, two: str) -> int:
    """In how many bits two marks differ."""
    return (int(one, 16) ^ int(two, 16)).bit_count()
