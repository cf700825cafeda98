"""Advanced SubStation: captions with a look, and as karaoke, where each word lights up in its time.

libass draws both when they are burned in. Sizes are pixels of a picture of the look's own size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.errors import Rejected
from transcoders.captions.cues import Cue
from transcoders.captions.marks import WORD_JOINER, directed, milliseconds

_COLOUR_DIGITS: Final = 6
# A bold letter's mean width, as a part of its size: with room to spare.
_LETTER: Final = 0.5
_ALIGNMENTS: Final = {"bottom": 2, "middle": 5, "top": 8}
_STYLES: Final = (
    "Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, "
    "Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, "
    "Alignment, MarginL, MarginR, MarginV, Encoding"
)
_EVENTS: Final = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text"


def _colour(rgb: str) -> str:
    """As ASS has it: &HAABBGGRR, where 00 is opaque."""
    plain = rgb.removeprefix("#").lower()
    if len(plain) != _COLOUR_DIGITS or not set(plain) <= set("0123456789abcdef"):
        raise Rejected(f"{rgb[:20]!r} is no colour: six hexadecimal digits are")
    return f"&H00{plain[4:]}{plain[2:4]}{plain[:2]}".upper()


@dataclass(frozen=True, slots=True)
class Look:
    """How captions are drawn on a picture. Colours are RRGGBB; parts are of its shorter side.

    In karaoke a word has `colour` before it is said and `said_colour` from then on; with `sweep`
    the colour runs through it.
    """

    width: int = 1920
    height: int = 1080
    font: str = "Fira Sans"
    bold: bool = True
    colour: str = "ffffff"
    said_colour: str = "ffd54a"
    outline_colour: str = "000000"
    size_part: float = 0.055
    outline_part: float = 0.0035
    bottom_part: float = 0.08
    """How far from the edge, the bottom's or the top's."""
    side_part: float = 0.05
    place: str = "bottom"
    sweep: bool = False

    def __post_init__(self) -> None:
        for colour in (self.colour, self.said_colour, self.outline_colour):
            _colour(colour)
        if self.place not in _ALIGNMENTS:
            raise Rejected(f"{self.place} is no place for captions: {', '.join(_ALIGNMENTS)}")
        if not (0 < self.width <= 16384 and 0 < self.height <= 16384):
            raise Rejected("the size of the picture is out of bounds")
        if not self.font.strip() or set(self.font) & set(",\r\n\0"):
            raise Rejected("a font's name has no comma and no line break")

    @property
    def columns(self) -> int:
        """How many columns of usual letters fit a line."""
        room = self.width - 2 * self.pixels(self.side_part)
        return max(8, int(room / (_LETTER * self.pixels(self.size_part))))

    def pixels(self, part: float) -> int:
        """A part of the picture's shorter side."""
        return round(part * min(self.width, self.height))


USUAL: Final = Look()
# On a picture that is higher than wide: larger, and above what networks draw over its lower part.
TALL: Final = Look(width=1080, height=1920, size_part=0.075, outline_part=0.005, bottom_part=0.45)


def look_for(width: int, height: int) -> Look:
    """The usual look on a picture of that size."""
    return replace(TALL if height > width else USUAL, width=width, height=height)


def written(cues: Sequence[Cue], look: Look = USUAL) -> str:
    """The cues as one script."""
    return _script(cues, look, look.colour, _plain)


def karaoke(
    cues: Sequence[Cue], look: Look = USUAL, middle: Callable[[Cue], bool] = lambda cue: False
) -> str:
    """The cues as one script in which each word lights up when it is said.

    Cues of which `middle` holds stand in the picture's middle, whatever the look says.
    """

    def text(cue: Cue) -> str:
        place = f"{{\\an{_ALIGNMENTS['middle']}}}" if middle(cue) else ""
        return place + _sung(cue, sweep=look.sweep)

    return _script(cues, look, look.said_colour, text)


def escaped(text: str) -> str:
    """A text that holds no override: braces become brackets, which no renderer needs escaped.

    After a backslash comes a word joiner, as in ffmpeg's own writer: there is no other escape.
    """
    return text.replace("{", "(").replace("}", ")").replace("\\", "\\" + WORD_JOINER)


def _script(cues: Sequence[Cue], look: Look, primary: str, text: Callable[[Cue], str]) -> str:
    style = (
        "Default", look.font, look.pixels(look.size_part), _colour(primary),
        _colour(look.colour), _colour(look.outline_colour), "&H80000000", -int(look.bold), 0, 0, 0,
        100, 100, 0, 0, 1, round(look.outline_part * min(look.width, look.height), 1), 0,
        _ALIGNMENTS[look.place],
        look.pixels(look.side_part), look.pixels(look.side_part),
        look.pixels(look.bottom_part),
        # Lets each line run in the direction of its own letters.
        -1,
    )  # fmt: skip
    lines = [
        "[Script Info]",
        "ScriptType: v4.00+",
        f"PlayResX: {look.width}",
        f"PlayResY: {look.height}",
        # Lines are broken where they are written, and a longer one evenly.
        "WrapStyle: 0",
        "ScaledBorderAndShadow: yes",
        "YCbCr Matrix: None",
        "",
        "[V4+ Styles]",
        f"Format: {_STYLES}",
        "Style: " + ",".join(map(str, style)),
        "",
        "[Events]",
        f"Format: {_EVENTS}",
        *(
            f"Dialogue: 0,{_clock(_hundredths(cue.begin))},{_clock(_hundredths(cue.end))},"
            f"Default,{_name(cue)},0,0,0,,{text(cue)}"
            for cue in cues
        ),
    ]
    return "\n".join(lines) + "\n"


def _name(cue: Cue) -> str:
    speaker = cue.lines[0].speaker or ""
    return escaped(speaker).replace(",", " ").strip()


def _plain(cue: Cue) -> str:
    return "\\N".join(directed(line, escaped(line.written)) for line in cue.lines)


def _sung(cue: Cue, *, sweep: bool) -> str:
    """Each word with how long it takes, in hundredths; silence is told apart.

    Lengths are differences of rounded times, so that they do not drift.
    """
    tag, at = "kf" if sweep else "k", _hundredths(cue.begin)
    last = _hundredths(cue.end)
    lines = []
    for line in cue.lines:
        parts: list[str] = []
        for number, piece in enumerate(line.pieces):
            begin = max(at, min(_hundredths(piece.begin), last))
            end = max(begin, min(_hundredths(piece.end), last))
            silence = f"{{\\k{begin - at}}}" if begin > at else ""
            space = " " if number and piece.space else ""
            mark = "- " if line.marked and not number else ""
            parts.append(f"{space}{silence}{{\\{tag}{end - begin}}}{mark}{escaped(piece.text)}")
            at = end
        lines.append(directed(line, "".join(parts)))
    return "\\N".join(lines)


def _hundredths(seconds: float) -> int:
    return round(milliseconds(seconds) / 10)


def _clock(hundredths: int) -> str:
    total, part = divmod(hundredths, 100)
    minutes, second = divmod(total, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}.{part:02}"
