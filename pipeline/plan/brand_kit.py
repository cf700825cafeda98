"""A brand's kit: how its names are written, how it speaks, and what it looks like."""

import re
import unicodedata
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from core import languages
from pipeline.plan.types import Value

MAX_NAMES: Final = 100
MAX_TERMS: Final = 500
MAX_FORBIDDEN: Final = 200
MAX_LANGUAGES: Final = 20
_HEX: Final = re.compile(r"#[0-9a-f]{6}")
_LINK: Final = re.compile(r"https?://[^\s/?#]+\S*")


def _one_line(text: str) -> str:
    plain = unicodedata.normalize("NFC", text)
    found = " ".join("".join(one if one.isprintable() else " " for one in plain).split())
    if not found:
        raise ValueError("it has at least one character that can be seen")
    return found


def _language(told: str) -> str:
    found = languages.tag(told)
    if found is None:
        raise ValueError("it is the tag of a language, such as en or pt-BR (BCP 47)")
    return found


def _colour(told: str) -> str:
    found = told.lower()
    if not _HEX.fullmatch(found):
        raise ValueError("it is a colour in sRGB, such as #1a2b3c")
    return found


def _link(told: str) -> str:
    if not _LINK.fullmatch(told):
        raise ValueError("it is an address that begins with https:// or http://")
    return told


Phrase = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_line)]
Language = Annotated[str, Field(min_length=2, max_length=35), AfterValidator(_language)]
Hex = Annotated[str, Field(min_length=7, max_length=7), AfterValidator(_colour)]
Link = Annotated[str, Field(max_length=2000), AfterValidator(_link)]


class ColourRole(StrEnum):
    """What a colour is for."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    ACCENT = "accent"
    BACKGROUND = "background"
    TEXT = "text"


class LogoVariant(StrEnum):
    """What a logo is made for: `light` and `dark` are what it lies on."""

    PRIMARY = "primary"
    MARK = "mark"
    ON_LIGHT = "on-light"
    ON_DARK = "on-dark"


class Corner(StrEnum):
    """Where a watermark is."""

    TOP_LEFT = "top-left"
    TOP_RIGHT = "top-right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM_RIGHT = "bottom-right"


class Term(Value):
    """A word of the brand's trade: how it is written, and how in other languages."""

    term: Phrase
    note: str = Field(default="", max_length=300)
    translations: dict[Language, Phrase] = Field(default={}, max_length=MAX_LANGUAGES)


class Colour(Value):
    """A colour of the brand's."""

    role: ColourRole
    value: Hex


class Logo(Value):
    """An image among the tenant's assets."""

    variant: LogoVariant
    asset_id: UUID


class Watermark(Value):
    """An image over what is published; `width` is a share of the picture's."""

    asset_id: UUID
    corner: Corner = Corner.TOP_RIGHT
    opacity: float = Field(default=0.7, ge=0.1, le=1)
    width: float = Field(default=0.12, ge=0.02, le=0.4)


class CallToAction(Value):
    """What people are asked to do, and where."""

    text: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
    url: Link | None = None


class BrandKit(Value):
    """All that is known of a brand; what is left out is not known."""

    names: tuple[Phrase, ...] = Field(default=(), max_length=MAX_NAMES)
    """The brand's and its products', written in this way only."""
    glossary: tuple[Term, ...] = Field(default=(), max_length=MAX_TERMS)
    voice: str = Field(default="", max_length=2000)
    audience: str = Field(default="", max_length=2000)
    languages: tuple[Language, ...] = Field(default=(), max_length=MAX_LANGUAGES)
    """Those it publishes in, the main one first."""
    colours: tuple[Colour, ...] = Field(default=(), max_length=len(ColourRole))
    logos: tuple[Logo, ...] = Field(default=(), max_length=len(LogoVariant))
    intro_asset_id: UUID | None = None
    outro_asset_id: UUID | None = None
    watermark: Watermark | None = None
    call_to_action: CallToAction | None = None
    forbidden_words: tuple[Phrase, ...] = Field(default=(), max_length=MAX_FORBIDDEN)

    @model_validator(mode="after")
    def _each_is_there_once(self) -> Self:
        for name, found in (
            ("names", [one.casefold() for one in self.names]),
            ("glossary", [one.term.casefold() for one in self.glossary]),
            ("languages", list(self.languages)),
            ("colours", [one.role for one in self.colours]),
            ("logos", [one.variant for one in self.logos]),
            ("forbidden_words", [one.casefold() for one in self.forbidden_words]),
        ):
            twice = next((one for at, one in enumerate(found) if one in found[:at]), None)
            if twice is not None:
                raise ValueError(f"{name}: {twice!r} is there twice")
        wanted = {one.casefold() for one in (*self.names, *(t.term for t in self.glossary))}
        both = next((one for one in self.forbidden_words if one.casefold() in wanted), None)
        if both is not None:
            raise ValueError(f"forbidden_words: {both!r} is one of the brand's own, too")
        return self

    def colour(self, role: ColourRole) -> str | None:
        """The colour for something, as #rrggbb."""
        return next((one.value for one in self.colours if one.role is role), None)

    @property
    def image_ids(self) -> tuple[UUID, ...]:
        """The images that are named."""
        marked = (self.watermark.asset_id,) if self.watermark else ()
        return (*(logo.asset_id for logo in self.logos), *marked)

    @property
    def video_ids(self) -> tuple[UUID, ...]:
        """The films that are named."""
        return tuple(one for one in (self.intro_asset_id, self.outro_asset_id) if one)
