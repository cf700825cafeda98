"""SubRip: the format that everything reads and nobody has specified."""

from collections.abc import Sequence

from transcoders.captions.cues import Cue, Line
from transcoders.captions.marks import WORD_JOINER, clock, directed


def written(cues: Sequence[Cue]) -> str:
    """The cues as one file, with the line ends that old players want.

    It knows no escapes: a word joiner keeps `<`, `{` and `-->` from being more than they show.
    """
    return "".join(
        f"{number}\r\n{clock(cue.begin, ',')} --> {clock(cue.end, ',')}\r\n"
        + "".join(f"{_line(line)}\r\n" for line in cue.lines)
        + "\r\n"
        for number, cue in enumerate(cues, 1)
    )


def _line(line: Line) -> str:
    text = line.written
    for mark in ("<", "{", "--"):
        text = text.replace(mark, mark + WORD_JOINER)
    # A line of digits alone could be the number of the next cue.
    if text.isdigit():
        text += WORD_JOINER
    return directed(line, text)
