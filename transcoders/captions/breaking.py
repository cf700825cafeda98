"""Where cues are cut and lines are broken: the cheapest way of all, by dynamic programming.

`best[j]`, the least that the first j pieces cost, is the least over the cues that end with piece j
of `best[i]` and what that cue costs with its best line break. What fits two lines bounds both, so
the work is proportional to the number of pieces. Everything that a cue costs stands in `Costs`.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from transcoders.captions.gaps import Gap
from transcoders.captions.profile import Profile
from transcoders.captions.timing import Clock
from transcoders.captions.words import Piece

# A word that takes less of a line than this is lost in one of its own.
_SHORT: Final = 0.2
MARK_COLUMNS: Final = 2
"""What `- ` takes where a speaker begins."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What each flaw costs. Splitting a name is worse than any other flaw, then comes time.

    The rest is taste: 10 is about what a comma is worth against an unmarked place.
    """

    cue: float = 12
    second_line: float = 3
    lonely_word: float = 15
    """A cue of one word that is no sentence."""
    lonely_in_line: float = 8
    """A line of one short word beside a longer line."""
    top_heavy: float = 24
    """Times the square of the difference of the lines, as a part of a line's length."""
    bottom_heavy: float = 12

    cut_bound: float = 2000
    cut_inside: float = 1500
    cut_leading: float = 45
    cut_leading_phrase: float = 36
    """Between two words that each begin a phrase, as in `of | the house`."""
    cut_plain: float = 30
    cut_phrase: float = 22
    cut_clause: float = 10
    cut_relief: float = 15
    """What a second of silence takes off, or a cut of the picture."""

    break_bound: float = 2000
    break_inside: float = 1500
    break_leading: float = 20
    break_leading_phrase: float = 12
    break_plain: float = 8
    break_phrase: float = 4
    break_clause: float = 2

    over_part: float = 4
    """To go on after a sentence of which the beginning is in another cue."""
    over_sentence: float = 8
    """To go on after a sentence, another speaker, a cut of the picture, or a second of silence."""
    over_turn: float = 14
    over_shot: float = 20
    over_silence: float = 20

    hurry: float = 100
    """Too little time to read or to see it; and this for each second that is missing."""
    hurry_second: float = 300

    def cut(self, gap: Gap) -> float:
        """To end a cue there."""
        if gap.bound or gap.inside:
            return self.cut_bound if gap.bound else self.cut_inside
        if gap.sentence:
            return 0.0
        if gap.clause:
            cost = self.cut_clause
        elif gap.leading:
            cost = self.cut_leading_phrase if gap.phrase else self.cut_leading
        else:
            cost = self.cut_phrase if gap.phrase else self.cut_plain
        return max(0.0, cost - self.cut_relief * min(gap.pause, 1.0))

    def line(self, gap: Gap) -> float:
        """To end a line there."""
        if gap.bound or gap.inside:
            return self.break_bound if gap.bound else self.break_inside
        if gap.sentence:
            return 0.0
        if gap.clause:
            return self.break_clause
        if gap.leading:
            return self.break_leading_phrase if gap.phrase else self.break_leading
        return self.break_phrase if gap.phrase else self.break_plain

    def over(self, gap: Gap) -> float:
        """To go on over it within a cue."""
        ending = self.over_turn if gap.turn else self.over_sentence if gap.sentence else 0.0
        return ending + self.over_silence * max(0.0, gap.pause - 0.3)


USUAL: Final = Costs()


@dataclass(frozen=True, slots=True)
class Cut:
    """A cue of the pieces from `first` to `last`; `line` is the first of its second line."""

    first: int
    last: int
    line: int | None


def cut(
    pieces: Sequence[Piece],
    gaps: Sequence[Gap],
    times: Clock,
    profile: Profile,
    costs: Costs = USUAL,
) -> list[Cut]:
    """The cheapest cues of all pieces, in order."""
    search = _Search(pieces, gaps, times, profile, costs)
    best: list[float] = [0.0]
    chosen: list[tuple[int, int | None]] = [(0, None)]
    for last in range(len(pieces)):
        cost, first, line = search.ending(last, best)
        best.append(cost)
        chosen.append((first, line))
    cuts, end = [], len(pieces)
    while end:
        first, line = chosen[end]
        cuts.append(Cut(first, end - 1, line))
        end = first
    return cuts[::-1]


class _Search:
    """What is known of the pieces beforehand, so that a cue's cost takes few steps."""

    def __init__(
        self,
        pieces: Sequence[Piece],
        gaps: Sequence[Gap],
        times: Clock,
        profile: Profile,
        costs: Costs,
    ) -> None:
        """Sums up to each piece: columns and characters with spaces, and what gaps cost."""
        self.profile, self.costs, self.times, self.gaps = profile, costs, times, gaps
        self.space = [int(piece.space) for piece in pieces]
        self.turn = [piece.turn for piece in pieces]
        self.columns = _sums(piece.columns + piece.space for piece in pieces)
        self.characters = _sums(piece.characters + piece.space for piece in pieces)
        at_shot = _at_shots(times, profile.frames(profile.shot_seconds))
        self.over = _sums(
            costs.over(gap) + costs.over_shot * shot
            for gap, shot in zip(gaps, at_shot, strict=True)
        )
        self.sentences = _sums(float(gap.sentence) for gap in gaps)
        self.cut = [
            costs.cut(replace(gap, pause=gap.pause + shot))
            for gap, shot in zip(gaps, at_shot, strict=True)
        ]
        self.line = [costs.line(gap) for gap in gaps]
        self.turns = _sums(int(piece.turn) for piece in pieces)
        # The first piece that a cue with this one may have.
        barred = (at + 1 if gap.pause > profile.pause_seconds else 0 for at, gap in enumerate(gaps))
        self.since = list(accumulate([0, *barred], max))[:-1]

    def ending(self, last: int, best: Sequence[float]) -> tuple[float, int, int | None]:
        """The cheapest way to end a cue with a piece: cost, its first piece, its line break."""
        profile, costs, times = self.profile, self.costs, self.times
        columns, space = self.columns[last + 1], self.space
        widest, most = profile.columns * profile.lines, profile.max_frames
        missing = costs.hurry_second / float(profile.rate)
        shortest, speed = profile.min_frames, float(profile.rate) / profile.speed
        ends, latest, ended = times.ends[last], times.latest[last], self.gaps[last].sentence
        found: tuple[float, int, int | None] = (float("inf"), last, None)
        for first in range(last, self.since[last] - 1, -1):
            width = columns - self.columns[first] - space[first]
            turns = self.turns[last + 1] - self.turns[first + 1]
            if first < last and (
                width > widest + 1 or turns > 1 or ends - times.begins[first] > most
            ):
                break
            need = speed * (self.characters[last + 1] - self.characters[first] - space[first])
            need = max(need, shortest)
            room = min(most, latest - times.earliest[first])
            cost = best[first] + costs.cue + self.cut[last] + self.over[last] - self.over[first]
            if need > room:
                cost += costs.hurry + missing * (need - room)
            whole = first == 0 or self.gaps[first - 1].sentence
            if first == last and not (ended and whole):
                cost += costs.lonely_word
            if not whole and self.sentences[last] > self.sentences[first]:
                cost += costs.over_part
            if cost >= found[0]:
                continue
            lines, line = self.broken(first, last, width, turns, found[0] - cost)
            if cost + lines < found[0]:
                found = (cost + lines, first, line)
        return found

    def broken(
        self, first: int, last: int, width: float, turns: float, limit: float
    ) -> tuple[float, int | None]:
        """The cheapest line break: what it costs, and the first piece of the second line."""
        profile, costs = self.profile, self.costs
        room, mark = profile.columns, MARK_COLUMNS * (self.turn[first] or turns > 0)
        if not turns and width + mark <= room:
            return 0.0, None
        found: tuple[float, int | None] = (float("inf"), None)
        if profile.lines < 2:
            return found
        end, begin = self.columns[last + 1], self.columns[first] + self.space[first]
        for line in range(last, first, -1):
            below = end - self.columns[line] - self.space[line] + MARK_COLUMNS * turns
            if below > room:
                break
            above = self.columns[line] - begin + mark
            if above > room or (turns and not self.turn[line]):
                continue
            cost = self.line[line - 1] + costs.second_line
            slope = costs.top_heavy if above > below else costs.bottom_heavy
            # Two speakers have a line each, however long they are.
            cost += 0.0 if turns else slope * ((above - below) / room) ** 2
            ends_alone = line == last and below < room * _SHORT
            begins_alone = line == first + 1 and above < room * _SHORT
            if not turns and (ends_alone or begins_alone):
                cost += costs.lonely_in_line
            if cost < min(found[0], limit):
                found = (cost, line)
        return found


def _at_shots(times: Clock, near: int) -> list[bool]:
    """Whether each gap is where a cut of the picture is: of those near to one, the nearest."""
    found = [False] * len(times.ends)
    for shot in times.shots:
        at = bisect_right(times.begins, shot)
        apart = {
            gap: max(times.ends[gap] - shot, shot - times.begins[gap + 1], 0)
            for gap in range(max(0, at - 3), min(at + 2, len(found) - 1))
        }
        best = min(apart, key=apart.__getitem__, default=0)
        if apart and apart[best] <= near:
            found[best] = True
    return found


def _sums(values: Iterable[float]) -> list[float]:
    return list(accumulate(values, initial=0))
