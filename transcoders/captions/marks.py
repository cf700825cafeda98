"""What all formats need of a cue's text and times."""

from typing import Final

from transcoders.captions.cues import Line
from transcoders.captions.text import right_to_left

RIGHT_TO_LEFT_MARK: Final = "\u200f"
# Shows nothing and ends no line: between two characters it keeps them from being read as a tag.
WORD_JOINER: Final = "\u2060"


def directed(line: Line, written: str) -> str:
    """A written line, with a mark where its first letter or its dash would turn it around.

    Text stays in logical order: whoever draws it orders it, by the first character that has a
    direction.
    """
    if not right_to_left(line.text):
        return written
    return RIGHT_TO_LEFT_MARK + written + RIGHT_TO_LEFT_MARK


def milliseconds(seconds: float) -> int:
    """A time, rounded as every format here has it."""
    return round(seconds * 1000)


def clock(seconds: float, point: str = ".") -> str:
    """`00:01:02.345`; hours go on over 99."""
    total, thousandths = divmod(milliseconds(seconds), 1000)
    minutes, second = divmod(total, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{point}{thousandths:03}"
