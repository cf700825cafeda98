"""What the stages `captions`, `translate` and `captioned` take and give."""

import re
from typing import Final, Literal

from pydantic import Field, field_validator

from pipeline.plan.types import Value
from pipeline.plan.words_types import Asked

CAPTIONS: Final = "captions"
CAPTIONED: Final = "captioned"
TRANSLATE: Final = "translate"

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


class CaptionRendition(Value):
    """Captions in one language as players are offered them: files of the run by their names.

    `playlist` is HLS's, `file` is DASH's, whole; `bandwidth` is in bits a second. `spoken` where
    they write down what is heard, not what it means in another language.
    """

    language: str
    name: str
    playlist: str
    file: str
    bandwidth: int
    spoken: bool = True


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
    renditions: tuple[CaptionRendition, ...] = ()
    reason: str | None = None
    skipped: str | None = None
    seconds: float = 0.0


class TranslateOptions(CaptionsOptions):
    """As captions are made, and the languages (BCP 47) that they are wanted in."""

    languages: tuple[str, ...] = Field(max_length=20)


class Translated(Value):
    """Captions in one language; `violations` counts as for those of what was heard.

    `asked` is what language models took for it. Where there are none, `reason` says why.
    """

    language: str
    cues: int = 0
    violations: dict[str, int] = Field(default_factory=dict)
    asked: tuple[Asked, ...] = ()
    notes: tuple[str, ...] = ()
    reason: str | None = None


class TranslateResult(Value):
    """What was translated; `skipped` says why nothing was, `remedy` the way to have it."""

    translations: tuple[Translated, ...] = ()
    renditions: tuple[CaptionRendition, ...] = ()
    skipped: str | None = None
    remedy: str | None = None


class CaptionedOptions(Value):
    """The stages whose captions a package is to offer, in order; the film's length in seconds."""

    sources: tuple[str, ...]
    seconds: float


class CaptionedResult(Value):
    """The languages that the package offers captions in; none where nobody speaks."""

    languages: tuple[str, ...] = ()
