"""Cues: what is read at once, in lines, and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from transcoders.captions.breaking import USUAL, Costs, Cut, cut
from transcoders.captions.gaps import gaps
from transcoders.captions.profile import Profile
from transcoders.captions.timing import Span, clock, shown
from transcoders.captions.words import Piece, Word, pieces


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a cue. `marked` is where a reader must see that another speaker begins."""

    pieces: tuple[Piece, ...]
    marked: bool = False

    @property
    def text(self) -> str:
        """What is read, without a mark."""
        rest = (" " * piece.space + piece.text for piece in self.pieces[1:])
        return self.pieces[0].text + "".join(rest)

    @property
    def written(self) -> str:
        """What is read, with a mark where another speaker begins."""
        return f"- {self.text}" if self.marked else self.text

    @property
    def speaker(self) -> str | None:
        """Who says it, where that is known."""
        return self.pieces[0].speaker


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines that stand from `begin` to `end`, in seconds; both are frames of the profile's rate."""

    begin: float
    end: float
    lines: tuple[Line, ...]


def captioned(
    words: Iterable[Word],
    language: str,
    profile: Profile,
    *,
    glossary: Iterable[str] = (),
    shots: Sequence[float] = (),
    seconds: float | None = None,
    costs: Costs = USUAL,
) -> tuple[Cue, ...]:
    """Cues of all words, in order. `shots` are when the picture cuts, `seconds` when it ends.

    Terms of `glossary` stay together as names do.
    """
    parts = pieces(words, profile)
    times = clock(parts, profile, shots, seconds)
    cuts = cut(parts, gaps(parts, language, glossary), times, profile, costs)
    reads = [
        sum(piece.characters + piece.space for piece in parts[one.first : one.last + 1])
        - parts[one.first].space
        for one in cuts
    ]
    spans = shown(times, [(one.first, one.last) for one in cuts], reads, profile)
    return tuple(_cue(parts, one, span, profile) for one, span in zip(cuts, spans, strict=True))


def _cue(parts: Sequence[Piece], one: Cut, span: Span, profile: Profile) -> Cue:
    ends = [one.first, *([one.line] if one.line is not None else []), one.last + 1]
    lines = [Line(tuple(parts[begin:end]), parts[begin].turn) for begin, end in pairwise(ends)]
    if len(lines) > 1 and lines[1].marked:
        lines[0] = Line(lines[0].pieces, marked=True)
    return Cue(float(span.begin / profile.rate), float(span.end / profile.rate), tuple(lines))
