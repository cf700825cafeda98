"""What a language model answers, and the rules that it is held to before anybody reads it.

A rule that is broken is told to the model, which tries again; it names fields, never values.
"""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import BaseModel, Field, model_validator

from pipeline.plan.words_types import BrandVoice
from pipeline.words.matching import folded, occurs_any

TITLES: Final = 5
_Short = Annotated[str, Field(max_length=300)]
_Text = Annotated[str, Field(max_length=5000)]


class Keyword(BaseModel):
    """A word or phrase that people search for."""

    text: _Short = Field(description="As it is written, without #.")
    said: _Short = Field(
        description="The words of the transcript that it stands for, copied exactly, in the"
        " transcript's own language."
    )


class Part(BaseModel):
    """A chapter."""

    seconds: float = Field(ge=0, description="A number in brackets, where its first sentence is.")
    title: _Short


class Draft(BaseModel):
    """Everything that is published with a video."""

    titles: list[_Short] = Field(
        min_length=TITLES, max_length=TITLES, description="Five that differ, the best first."
    )
    description: _Text
    tags: list[Keyword] = Field(max_length=20)
    hashtags: list[Keyword] = Field(max_length=8, description="Single words, or words joined.")
    chapters: list[Part] = Field(max_length=30, description="None for a film of one subject.")
    facebook: _Text
    instagram: _Text
    linkedin: _Text
    x: _Text
    google_business: _Text
    shopify: _Text
    amazon: _Text


def held(brand: BrandVoice) -> type[Draft]:
    """A draft's type whose instances keep what the brand forbids out, too."""

    class Held(Draft):
        __doc__ = Draft.__doc__

        @model_validator(mode="after")
        def _held(self) -> "Held":
            broken = list(_broken(self, brand))
            if broken:
                raise ValueError("; ".join(broken))
            return self

    Held.__name__ = "Draft"
    return Held


def _broken(draft: Draft, brand: BrandVoice) -> Iterator[str]:
    if len({folded(title) for title in draft.titles} - {""}) < TITLES:
        yield "titles: write five that differ"
    for name, text in _texts(draft):
        if occurs_any(brand.forbidden_words, text):
            yield f"{name}: it has a word that the brand forbids"
        if "<" in text or ">" in text:
            yield f"{name}: write plain text"
    for name in ("description", "x"):
        if not getattr(draft, name).strip():
            yield f"{name}: write it"


def _texts(draft: Draft) -> Iterator[tuple[str, str]]:
    """Every text that people read, by its field."""
    for name, value in draft:
        if isinstance(value, str):
            yield name, value
        else:
            for number, one in enumerate(value):
                text = one if isinstance(one, str) else getattr(one, "text", "") or one.title
                yield f"{name}.{number}", text
