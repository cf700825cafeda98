"""Brand kits, as the API takes and sends them; the rules are those of `pipeline.plan.brand_kit`."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.examples import BRAND, BRAND_ID, LOGO, UPLOADED, example
from pipeline.plan import brand_kit
from pipeline.plan.brand_kit import MAX_FORBIDDEN, MAX_NAMES, MAX_TERMS, BrandKit
from pipeline.plan.compliance import Rule

TEXT_LENGTH: Final = 20_000
_KIT: Final[dict[str, Any]] = {
    "names": [BRAND, "Lumen Cold Brew"],
    "glossary": [
        {"term": "cold brew", "note": "Never iced coffee.", "translations": {"de": "Cold Brew"}}
    ],
    "voice": "Warm, brief, a little dry. No exclamation marks.",
    "audience": "People who make coffee at home and care about it.",
    "languages": ["en", "de"],
    "colours": [
        {"role": "primary", "value": "#4b2e1f"},
        {"role": "background", "value": "#fff8f0"},
        {"role": "text", "value": "#1d120c"},
    ],
    "logos": [{"variant": "primary", "asset_id": LOGO}],
    "intro_asset_id": None,
    "outro_asset_id": None,
    "watermark": {"asset_id": LOGO, "corner": "top-right", "opacity": 0.7, "width": 0.12},
    "call_to_action": {"text": "Order a bag", "url": "https://lumen.example/shop"},
    "forbidden_words": ["cheap"],
}


class Term(brand_kit.Term):
    """A word of the brand's trade: how it is written, and how in other languages."""

    model_config = ConfigDict(extra="forbid")


class Colour(brand_kit.Colour):
    """A colour of the brand's, in sRGB."""

    model_config = ConfigDict(extra="forbid")


class Logo(brand_kit.Logo):
    """An image among the tenant's assets; `on-light` and `on-dark` are what it lies on."""

    model_config = ConfigDict(extra="forbid")


class Watermark(brand_kit.Watermark):
    """An image over what is published; `width` is a share of the picture's."""

    model_config = ConfigDict(extra="forbid")


class CallToAction(brand_kit.CallToAction):
    """What people are asked to do, and where."""

    model_config = ConfigDict(extra="forbid")


class BrandKitPut(BrandKit):
    """All that is said of a brand; what is left out is said no more."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(**_KIT))

    names: tuple[brand_kit.Phrase, ...] = Field(
        default=(),
        max_length=MAX_NAMES,
        description="The brand's and its products', which are written in this way only.",
    )
    glossary: tuple[Term, ...] = Field(default=(), max_length=MAX_TERMS)
    languages: tuple[brand_kit.Language, ...] = Field(
        default=(),
        max_length=brand_kit.MAX_LANGUAGES,
        description="Those that it publishes in (BCP 47), the main one first.",
    )
    colours: tuple[Colour, ...] = Field(default=(), max_length=len(brand_kit.ColourRole))
    logos: tuple[Logo, ...] = Field(default=(), max_length=len(brand_kit.LogoVariant))
    watermark: Watermark | None = None
    call_to_action: CallToAction | None = None
    forbidden_words: tuple[brand_kit.Phrase, ...] = Field(
        default=(), max_length=MAX_FORBIDDEN, description="Words that the brand never says."
    )


class BreachOut(BaseModel):
    """Something that breaks the kit, and how to mend it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            rule="forbidden-word",
            found="cheap",
            advice="the brand never says this: say it in another way",
            blocks=True,
            begin=8,
            end=13,
        ),
    )

    rule: Rule
    found: str
    advice: str
    blocks: bool = Field(description="Whether it must not be published so; else it is advice.")
    begin: int | None = Field(description="Its first character in the text, counted from 0.")
    end: int | None = Field(description="The first character behind it.")


class BrandKitOut(BaseModel):
    """What a brand says of itself."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            brand_id=BRAND_ID, kit=_KIT, version=3, changed_at=UPLOADED, missing=[], advice=[]
        ),
    )

    brand_id: UUID
    kit: BrandKitPut
    version: int = Field(description="Counts its changes, from 0; part of the ETag.")
    changed_at: datetime | None
    missing: list[UUID] = Field(
        description="Assets that it names and that are gone, or in the trash."
    )
    advice: list[BreachOut] = Field(description="What of the kit stands in its own way.")


class TextCheckIn(BaseModel):
    """A text that is held against a brand's kit."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=example(text="Our most cheap cold brew yet.")
    )

    text: str = Field(max_length=TEXT_LENGTH)


class TextCheckOut(BaseModel):
    """What of a text breaks the kit, in the text's order."""

    model_config = ConfigDict(
        json_schema_extra=example(
            blocked=True,
            breaches=[
                {
                    "rule": "forbidden-word",
                    "found": "cheap",
                    "advice": "the brand never says this: say it in another way",
                    "blocks": True,
                    "begin": 9,
                    "end": 14,
                }
            ],
        )
    )

    blocked: bool = Field(description="Whether any of it must not be published so.")
    breaches: list[BreachOut]
