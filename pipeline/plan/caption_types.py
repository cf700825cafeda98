"""What the stage `captions` takes and gives."""

import re
from typing import Final, Literal

from pydantic import Field, field_validator

from pipeline.plan.types import Value

CAPTIONS: Final = "captions"

_RGB: Final = r"^#?[0-9a-fA-F]{6}$"


class CaptionLook(Value):
    """How captions are drawn when they are burned in; colours are RRGGBB.

    `font` is a family that is installed or comes with the product. In karaoke a word has `colour`
    before it is said and `said_colour` from then on; with `sweep` the colour runs through it.
    """

    font: str = Field(default="Fira Sans", max_length=100)
    bold: bool = True
    colour: str = Field(default="ffffff", pattern=_RGB)
    said_colour: str = Field(default="ffd54a", pattern=_RGB)
    outline_colour: str = Field(default="000000", pattern=_RGB)
    place: Literal["bottom", "middle", "top"] = "bottom"
    sweep: bool = False


class CaptionsOptions(Value):
    """The film's frames a second as a fraction, its length in seconds, its size in pixels.

    Terms of `glossary` are never split. `columns` and `lines` are None where the language's usual
    ones hold.
    """

    rate: str
    seconds: float | None = None
    width: int = Field(default=1920, gt=0)
    height: int = Field(default=1080, gt=0)
    glossary: tuple[str, ...] = ()
    columns: int | None = Field(default=None, ge=8, le=100)
    lines: Literal[1, 2] | None = None
    look: CaptionLook = CaptionLook()

    @field_validator("rate")
    @classmethod
    def _rate(cls, value: str) -> str:
        if not re.fullmatch(r"0*[1-9]\d{0,8}(/0*[1-9]\d{0,8})?", value):
            raise ValueError("no frame rate")
        return value


class CaptionsResult(Value):
    """What was made. `violations` counts by rule what could not be kept; each rule is in it.

    `drawn_cues` are those to be burned in: the same, or more where the picture is narrow. Where
    nothing was said there are no files, and `reason` says so; where nobody listened, `skipped`.
    """

    language: str = "und"
    words: int = 0
    cues: int = 0
    violations: dict[str, int] = Field(default_factory=dict)
    drawn_cues: int = 0
    drawn_violations: dict[str, int] = Field(default_factory=dict)
    speakers: int = 0
    reason: str | None = None
    skipped: str | None = None
    seconds: float = 0.0
