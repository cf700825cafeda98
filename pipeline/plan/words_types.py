"""What the stage `words` takes and gives: titles, a description, tags, chapters, copy, a score."""

from typing import Final, Literal

from pydantic import Field

from pipeline.plan.brand_kit import BrandKit
from pipeline.plan.networks.types import Chapter, Copy
from pipeline.plan.types import Value

WORDS: Final = "words"
METADATA_FILE: Final = "metadata.json"
MAX_TRANSCRIPT_BYTES: Final = 64 << 20


Writer = Literal["extractive", "model"]
"""Who wrote: we, quoting what is said, or a language model."""


class BrandVoice(Value):
    """What writers know of a brand. `names` are written in this way only, the main one first."""

    names: tuple[str, ...] = Field(default=(), max_length=100)
    glossary: tuple[str, ...] = Field(default=(), max_length=500)
    voice: str = Field(default="", max_length=2000)
    languages: tuple[str, ...] = Field(default=(), max_length=20)
    forbidden_words: tuple[str, ...] = Field(default=(), max_length=200)
    call_to_action: str = Field(default="", max_length=200)
    link: str = Field(default="", max_length=2000)


def voice_of(kit: BrandKit) -> BrandVoice:
    """What a brand's kit tells writers; looks are left out."""
    asked = kit.call_to_action
    return BrandVoice(
        names=kit.names,
        glossary=tuple(each.term for each in kit.glossary),
        voice=kit.voice,
        languages=kit.languages,
        forbidden_words=kit.forbidden_words,
        call_to_action=asked.text if asked else "",
        link=(asked.url or "") if asked else "",
    )


class WordsOptions(Value):
    """The asset's name, the film's length, and who speaks."""

    name: str = Field(max_length=1000)
    seconds: float = Field(ge=0)
    brand: BrandVoice = BrandVoice()


class Title(Value):
    """A title, how good it is (0 to 100), and what it was made of."""

    text: str
    points: int
    made_of: str


class Rule(Value):
    """One rule: what was won of what could be; `line` is what to do, or what is well."""

    name: str
    points: int
    of: int
    line: str


class Score(Value):
    """How good the words are, 0 to 100; rules that do not apply are left out."""

    points: int
    rules: tuple[Rule, ...]


class NetworkCopy(Value):
    """A text for one network, as its fields and as it is sent; `cuts` tell what fell out."""

    copied: Copy
    posted: str
    cuts: tuple[str, ...] = ()
    made_by: Writer = "extractive"


class Asked(Value):
    """What asking a language model took, with all attempts; `dollars` is None where unknown.

    `outcome` is `answered`, `remembered` (then nothing was asked), `refused` (then the answer was
    not used) or `failed`.
    """

    language: str
    provider: str
    model: str
    outcome: str
    attempts: int
    input_tokens: int
    output_tokens: int
    dollars: str | None
    seconds: float


class LanguageWords(Value):
    """All that was written in one language, best first; `how` says by what means."""

    language: str
    made_by: Writer
    how: str
    titles: tuple[Title, ...]
    description: str
    tags: tuple[str, ...]
    hashtags: tuple[str, ...]
    chapters: tuple[Chapter, ...]
    networks: dict[str, NetworkCopy]
    score: Score
    notes: tuple[str, ...] = ()
    asked: Asked | None = None


class WordsResult(Value):
    """All that was written, best first; `how` says by what means, `notes` what could not be.

    It is in the language that is spoken; `languages` has the same in each other one of the brand's,
    by its tag. `asked` is what language models took for all of it.
    """

    language: str | None
    made_by: Writer
    how: str
    titles: tuple[Title, ...]
    description: str
    tags: tuple[str, ...]
    hashtags: tuple[str, ...]
    chapters: tuple[Chapter, ...]
    networks: dict[str, NetworkCopy]
    score: Score
    notes: tuple[str, ...] = ()
    languages: dict[str, LanguageWords] = Field(default_factory=dict)
    asked: tuple[Asked, ...] = ()
