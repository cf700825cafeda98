"""Words as they come, and the pieces that are set: usually a word, of a long one its parts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from transcoders.captions import text
from transcoders.captions.profile import Profile

# Characters (code points) of one that readers see, and of a part, at most.
_CLUSTER: Final = 16
_PART: Final = 256


@dataclass(frozen=True, slots=True)
class Word:
    """A word with the punctuation that belongs to it, in seconds from the film's beginning."""

    text: str
    begin: float
    end: float
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """What stays on one line. `space` is whether one stands before it within a line.

    `inside` tells that it goes on with the word before it, `turn` that another speaker begins.
    """

    text: str
    begin: float
    end: float
    columns: int
    characters: int
    space: bool = True
    inside: bool = False
    turn: bool = False
    speaker: str | None = None


def pieces(words: Iterable[Word], profile: Profile) -> tuple[Piece, ...]:
    """Words in order of time, cleaned and cut to what fits a line; empty ones are left out.

    Times that go back are held where they were: a cue never ends before it begins.
    """
    found: list[Piece] = []
    clock = 0.0
    for word in words:
        parts = [
            (part, number > 0)
            for spoken in text.clean(word.text).split(" ")
            for number, part in enumerate(_parts(spoken, profile))
        ]
        if not parts:
            continue
        speaker = text.clean(word.speaker or "") or None
        begin = max(clock, word.begin)
        end = max(begin, word.end)
        turn = bool(found) and speaker != found[-1].speaker
        for (part, inside), (first, last) in zip(
            parts, _shares([part for part, _ in parts], begin, end), strict=True
        ):
            space = bool(found) and not inside and text.spaced(found[-1].text, part)
            found.append(
                Piece(
                    part,
                    first,
                    last,
                    # What takes no room could be without end.
                    max(1, text.columns(part)),
                    text.characters(part),
                    space,
                    inside,
                    turn,
                    speaker,
                )
            )
            turn = False
        clock = end
    return tuple(found)


def _shares(parts: Sequence[str], begin: float, end: float) -> list[tuple[float, float]]:
    """A word's time, shared out among its parts by their length."""
    total, done = sum(map(len, parts)), 0
    times = []
    for part in parts:
        first = begin + (end - begin) * done / total
        done += len(part)
        times.append((first, begin + (end - begin) * done / total))
    return times


def _parts(word: str, profile: Profile) -> list[str]:
    """The word, or where it is too long for a line, or for a good one, its parts.

    What is written without spaces can be broken between characters; other words are only where
    there is no other way, and two columns are left for the mark of another speaker.
    """
    if not word:
        return []
    room = profile.columns - 2
    if text.columns(word) <= (room // 2 if text.spaceless(word[0]) else room):
        return [word]
    step = 1 if text.spaceless(word[0]) else room
    parts: list[str] = []
    filled = step
    for grapheme in text.graphemes(word):
        width = text.columns(grapheme)
        # A cluster can be of any length; what draws it copes with a part of one.
        for at in range(0, len(grapheme), _CLUSTER):
            part = grapheme[at : at + _CLUSTER]
            if parts and filled + width <= step and len(parts[-1]) < _PART:
                parts[-1] += part
                filled += width
            else:
                parts.append(part)
                filled = width
            width = 0
    return parts
