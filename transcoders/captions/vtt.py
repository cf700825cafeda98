"""WebVTT (W3C): whole, or the part of it that a segment of a playlist holds."""

from collections.abc import Iterable, Sequence
from html import escape

from transcoders.captions.cues import Cue, Line
from transcoders.captions.marks import clock, directed

HEADER = "WEBVTT\n"


def written(cues: Sequence[Cue]) -> str:
    """The cues as one file."""
    return HEADER + blocks(enumerate(cues, 1))


def blocks(numbered: Iterable[tuple[int, Cue]]) -> str:
    """Cues with their numbers, which tell players that the same cue in two segments is one."""
    return "".join(f"\n{number}\n{_block(cue)}" for number, cue in numbered)


def _block(cue: Cue) -> str:
    lines = "\n".join(map(_line, cue.lines))
    return f"{clock(cue.begin)} --> {clock(cue.end)}\n{lines}\n"


def _line(line: Line) -> str:
    # Quotes need no escape, and parsers differ in which named characters they know.
    text = directed(line, escape(line.written, quote=False))
    return f"<v {escape(line.speaker, quote=False)}>{text}</v>" if line.speaker else text
