"""Which frame stands for a film: pure judgement of small frames, then of those around the best.

A film is judged twice. First by the facts of its thumbnails, about one a second (`ranked`); then
the best few by the frames around them (`judged`), which show what one picture cannot: that it is
half of one shot and half of the next, or blurred by a movement that ends a moment later.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import Final

# --- Facts of thumbnails


@dataclass(frozen=True, slots=True)
class Look:
    """Facts of one small frame; `frame` is its number in the grid.

    Mean luma 0 to 255 (full range), ffmpeg's blurdetect (4 is sharp, 8 is not; None without an
    edge), entropy 0 to 1, the luma between the darkest and the brightest tenth, mean saturation as
    of signalstats, mean change of luma since the look before; None is not known.
    """

    frame: int
    luma: float
    blur: float | None
    entropy: float
    contrast: float | None = None
    saturation: float | None = None
    motion: float | None = None


@dataclass(frozen=True, slots=True)
class Film:
    """What a look is judged within: looks, and frames that begin a shot, in order; frames; rate."""

    looks: tuple[Look, ...]
    cuts: tuple[int, ...]
    frames: int
    fps: float

    def shot(self, frame: int) -> tuple[int, int]:
        """The first frame of the shot that a frame is in, and of the next one."""
        place = bisect_right(self.cuts, frame)
        begin = self.cuts[place - 1] if place else 0
        return begin, self.cuts[place] if place < len(self.cuts) else self.frames

    def scene(self, frame: int) -> tuple[int, int]:
        """As `shot`, but that black and blank pictures part scenes, too: films fade by them."""
        begin, end = self.shot(frame)
        empty = [look.frame for look in self.looks if _empty(look)]
        begin = max((at for at in empty if begin <= at <= frame), default=begin)
        return begin, min((at for at in empty if frame < at < end), default=end)


class Flaw(StrEnum):
    """Why a picture is passed over while there is one without; in words for people."""

    DARK = "dark"
    BLANK = "blank"
    FADING = "in a fade"
    BLURRED = "blurred"
    SPARSE = "little more than a title"


# What is worse is chosen later. A title is at least about the film.
_SEVERITY: Final = {
    None: 0,
    Flaw.SPARSE: 1,
    Flaw.BLURRED: 1,
    Flaw.FADING: 2,
    Flaw.BLANK: 3,
    Flaw.DARK: 3,
}
_AT_BEST: Final = {
    Flaw.DARK: "The film is dark throughout, and this is its least dark picture.",
    Flaw.BLANK: "The film shows hardly anything, and this is its fullest picture.",
    Flaw.FADING: "The film fades throughout, and this is its calmest picture.",
    Flaw.BLURRED: "Nothing in the film is quite sharp, and this is the best of it.",
    Flaw.SPARSE: "The film is titles or plain slides, and this is the best of them.",
}

# Night scenes have lamps and faces in them: dark is what is black and flat.
_DARK_LUMA, _DARK_CONTRAST = 20.0, 40.0
# Less is one colour and the noise of its compression; a line of text on it has 0.06.
_BLANK_ENTROPY: Final = 0.04
# A title card has up to 0.15, a slide full of text 0.25 and more, a drawn or filmed picture 0.6.
_SPARSE_ENTROPY: Final = 0.2
# Of the measure `sharpness`.
_BLURRED: Final = 0.2
# Luma from one thumbnail to the next, twice in one direction and within one shot.
_RAMP_LUMA: Final = 12.0


def flaw(film: Film, place: int) -> Flaw | None:
    """The worst thing about one look."""
    look = film.looks[place]
    empty = _empty(look)
    if empty is not None:
        return empty
    steps = _steps(film, place)
    if len(steps) == 2 and (min(steps) > _RAMP_LUMA or max(steps) < -_RAMP_LUMA):
        return Flaw.FADING
    if look.entropy < _SPARSE_ENTROPY:
        return Flaw.SPARSE
    sharpness = _sharpness(film, place)
    return Flaw.BLURRED if sharpness is not None and sharpness < _BLURRED else None


def _empty(look: Look) -> Flaw | None:
    flat = look.contrast is None or look.contrast < _DARK_CONTRAST
    if look.luma < _DARK_LUMA and flat:
        return Flaw.DARK
    return Flaw.BLANK if look.entropy < _BLANK_ENTROPY else None


def _steps(film: Film, place: int) -> list[float]:
    """How the luma rises to a look and on to the next one, where they are of one shot."""
    looks, (begin, end) = film.looks, film.shot(film.looks[place].frame)
    pairs = [looks[at : at + 2] for at in (place - 1, place) if 0 <= at < len(looks) - 1]
    return [
        two.luma - one.luma
        for one, two in pairs
        if begin <= one.frame < end and begin <= two.frame < end
    ]


# --- The score


@dataclass(frozen=True, slots=True)
class Trait:
    """One of the things that make a good poster: a measure of 0 to 1, what it counts for, and why.

    `word` tells people that a picture has it. A measure of None is left out.
    """

    weight: float
    word: str
    why: str
    measure: Callable[[Film, int], float | None]


def _part(value: float, low: float, high: float) -> float:
    """0 up to `low`, 1 from `high`, and straight between."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _exposure(film: Film, place: int) -> float:
    luma = film.looks[place].luma
    return _part(luma, 20, 80) * (1 - _part(luma, 190, 245))


def _contrast(film: Film, place: int) -> float | None:
    contrast = film.looks[place].contrast
    return None if contrast is None else _part(contrast, 20, 140)


def _sharpness(film: Film, place: int) -> float | None:
    blur = film.looks[place].blur
    if blur is None:
        return 0.0 if any(look.blur is not None for look in film.looks) else None
    # Nothing is gained below: the sharpest edges of all are those of letters.
    return 1 - _part(blur, 5.0, 7.5)


def _colour(film: Film, place: int) -> float | None:
    saturation = film.looks[place].saturation
    return None if saturation is None else _part(saturation, 0, 25)


def _calm(film: Film, place: int) -> float:
    frame = film.looks[place].frame
    begin, end = film.shot(frame)
    change = max((abs(step) for step in _steps(film, place)), default=0.0)
    # The film's own ends are no cuts.
    after = frame - begin if begin else film.frames
    before = end - frame if end < film.frames else film.frames
    return (1 - _part(change, 8, 48)) * _part(min(after, before) / film.fps, 0.05, 0.5)


def _lasting(film: Film, place: int) -> float:
    begin, end = film.scene(film.looks[place].frame)
    return _part((end - begin) / film.fps, 0.5, 4)


def _typical(film: Film, place: int) -> float:
    look, away = film.looks[place], 0.0
    # Of what is neither black nor blank: many films begin and end so.
    others = [one for one in film.looks if one.entropy >= _BLANK_ENTROPY] or film.looks
    away += abs(look.luma - median(one.luma for one in others)) / 255
    away += abs(look.entropy - median(one.entropy for one in others))
    return 1 - _part(away, 0, 0.6)


def _inside(film: Film, place: int) -> float:
    frame = film.looks[place].frame
    at = frame / film.frames
    begin, end = film.scene(frame)
    first = begin == 0 and end < film.frames
    return min(_part(at, 0.0, 0.08), 1 - _part(at, 0.88, 1.0)) * (0.3 if first else 1.0)


TRAITS: Final[Mapping[str, Trait]] = {
    "exposure": Trait(
        2.0, "well lit", "a dark or burnt-out picture shows nothing at a card's size", _exposure
    ),
    "detail": Trait(
        2.0,
        "rich in detail",
        "titles, skies and fades have few tones; what a film is about has many",
        lambda film, place: _part(film.looks[place].entropy, 0.1, 0.95),
    ),
    "sharpness": Trait(2.0, "sharp", "blur is what people call a bad picture first", _sharpness),
    "calm": Trait(
        2.0,
        "calm",
        "where brightness changes within a shot there is a fade, and beside a cut there is often "
        "a transition",
        _calm,
    ),
    "contrast": Trait(
        1.5, "full of contrast", "fades and dissolves take the black and the white away", _contrast
    ),
    "colour": Trait(1.0, "colourful", "among many cards the colourful ones are seen", _colour),
    "typical": Trait(1.0, "typical of the film", "a poster promises what the film keeps", _typical),
    "lasting": Trait(
        0.75, "in a long shot", "what is shown long is what the film is about", _lasting
    ),
    "inside": Trait(
        1.5,
        "past the opening",
        "films begin with titles, views from afar and moving hands, and end with credits",
        _inside,
    ),
}
_GOOD: Final = 0.75
_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A look with its score of 0 to 1, what is wrong with it, and its measures by trait."""

    look: Look
    score: float
    flaw: Flaw | None
    measures: Mapping[str, float]


def ranked(film: Film) -> tuple[Candidate, ...]:
    """All looks, the best first; earlier ones first among equals."""

    def order(one: Candidate) -> tuple[float, ...]:
        severity = _SEVERITY[one.flaw]
        # Among empty pictures any light at all is better than the right place in the film.
        light = min(one.look.luma, 255 - one.look.luma) if severity == _SEVERITY[Flaw.DARK] else 0.0
        return severity, -light, -one.score, one.look.frame

    return tuple(sorted((_candidate(film, place) for place in range(len(film.looks))), key=order))


def _candidate(film: Film, place: int) -> Candidate:
    found = {name: trait.measure(film, place) for name, trait in TRAITS.items()}
    measures = {name: value for name, value in found.items() if value is not None}
    total = sum(TRAITS[name].weight for name in measures)
    score = sum(TRAITS[name].weight * value for name, value in measures.items()) / total
    return Candidate(film.looks[place], score, flaw(film, place), measures)


def finalists(order: Sequence[Candidate], most: int) -> tuple[Candidate, ...]:
    """The best and the next best that are not beside one already taken, none worse in kind."""
    frames = sorted(one.look.frame for one in order)
    places = {frame: place for place, frame in enumerate(frames)}
    same = [one for one in order if _SEVERITY[one.flaw] == _SEVERITY[order[0].flaw]]
    taken: list[Candidate] = []
    # A transition is over two thumbnails later; of a short film neighbours are all there is.
    for apart in (3, 1):
        for one in same:
            near = (abs(places[one.look.frame] - places[other.look.frame]) for other in taken)
            if len(taken) < most and all(distance >= apart for distance in near):
                taken.append(one)
    return tuple(sorted(taken, key=order.index))


def reason(order: Sequence[Candidate], chosen: Candidate, blended: int = 0) -> str:
    """For people: what speaks for the chosen one, and what was passed over."""
    if chosen.flaw is not None:
        return _AT_BEST[chosen.flaw]
    good = [name for name in TRAITS if chosen.measures.get(name, 0.0) >= _GOOD][:_WORDS]
    flaws = Counter(one.flaw for one in order if one.flaw is not None)
    flaws[Flaw.FADING] += blended
    passed = [f"{count} {name}" for name, count in flaws.most_common() if count]
    said = _joined([TRAITS[name].word for name in good]) or "nothing special"
    if len(order) == 1:
        return "The film's only picture."
    rest = f" Passed over: {_joined(passed)}." if passed else ""
    return f"{said[0].upper()}{said[1:]}: the best of {len(order)} pictures.{rest}"


def _joined(words: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
