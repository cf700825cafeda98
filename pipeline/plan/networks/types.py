"""What the networks limit, as values: each figure with its source and its date."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.plan.types import Value

MAX_FIELD = 200_000
"""Characters of one field that are looked at: far above every network's limit."""

FieldName = Literal["title", "text", "tags", "hashtags", "link", "chapters"]


class Basis(StrEnum):
    """How sure a figure is."""

    DOCUMENTED = "documented"
    """It stands in the vendor's documentation or specification."""
    QUOTED = "quoted"
    """Others quote the vendor's documentation."""
    KNOWN = "known"
    """General knowledge that nobody has checked."""


class Source(Value):
    """Where a figure is from; `date` is the month in which it was read."""

    basis: Basis
    where: str
    date: str


class Unit(StrEnum):
    """What a network counts."""

    CHARACTERS = "characters"
    """UTF-16 code units. Who says only *characters* may mean fewer, but never more."""
    BYTES = "bytes"
    """Of the text in UTF-8."""
    WEIGHTED = "weighted characters"
    """As X counts: `weighted.py`."""
    QUOTED = "characters with commas and quotes"
    """Of a list: a comma between two, and two quotes around each that has a space."""


class TextLimit(Value):
    """How long a field may be. The text is counted as it is posted, with what is put into it."""

    field: FieldName
    most: int
    unit: Unit
    source: Source
    forbidden: str = ""
    required: bool = False


class CountLimit(Value):
    """How many of something one post may have; mentions are names after an @."""

    what: Literal["tags", "hashtags", "mentions"]
    most: int
    source: Source


class ChapterLimit(Value):
    """When a list of chapters is one: the first is at 0:00."""

    least: int
    least_seconds: int
    source: Source


class Range(Value):
    """Bounds of one of a file's facts, both inclusive: `MediaFacts` has names and units."""

    fact: str
    source: Source
    least: float | None = None
    most: float | None = None


class Choice(Value):
    """What one of a file's facts may be."""

    fact: str
    values: tuple[str | bool, ...]
    source: Source


class MediaLimit(Value):
    """What a network takes as one kind of thing."""

    kind: Literal["video", "reel", "image", "gif"]
    ranges: tuple[Range, ...] = ()
    choices: tuple[Choice, ...] = ()


class Network(Value):
    """One network's limits. `fields` are those that it has, `inline` those put into its text.

    `escaped` are the characters that need a backslash; `hashtag` is how one is written.
    """

    name: str
    title: str
    fields: tuple[FieldName, ...]
    inline: tuple[FieldName, ...] = ()
    texts: tuple[TextLimit, ...]
    counts: tuple[CountLimit, ...] = ()
    chapters: ChapterLimit | None = None
    media: tuple[MediaLimit, ...]
    escaped: str = ""
    hashtag: str = "#{}"

    def text_limit(self, field: FieldName) -> TextLimit | None:
        """The limit of a field, where it has one of its own."""
        return next((limit for limit in self.texts if limit.field == field), None)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        known = set(self.fields)
        assert known >= {limit.field for limit in self.texts}, self.name
        assert known >= set(self.inline), self.name
        return self


class Chapter(Value):
    """A part of a film: where it begins, in seconds, and what it is called."""

    seconds: float = Field(ge=0)
    title: str = Field(max_length=1000)


class Copy(Value):
    """What is written with a post. Hashtags are without their #."""

    title: str = Field(default="", max_length=MAX_FIELD)
    text: str = Field(default="", max_length=MAX_FIELD)
    tags: tuple[str, ...] = Field(default=(), max_length=1000)
    hashtags: tuple[str, ...] = Field(default=(), max_length=1000)
    link: str = Field(default="", max_length=2000)
    chapters: tuple[Chapter, ...] = Field(default=(), max_length=1000)


class MediaFacts(Value):
    """Facts of a file; what is None is not known, and nothing is said of it."""

    bytes: int | None = None
    duration_seconds: float | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    bitrate: int | None = None
    mime: str | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    audio_rate: int | None = None
    index_first: bool | None = None
    """Whether the index (moov) stands before the media, so that playing needs no second read."""
    plain_timeline: bool | None = None
    """Whether every track is played from its first sample on: no edit list moves or cuts it."""
    audio_channels: int | None = None
    audio_profile: str | None = None
    """ffprobe's name of it: `LC`, `HE-AAC`, …"""
    bit_depth: int | None = None
    chroma: str | None = None
    """How colours are sampled: `4:2:0`, …"""
    dynamic_range: str | None = None
    """`sdr`, `pq` or `hlg`."""
    square_pixels: bool | None = None
    progressive: bool | None = None
    constant_rate: bool | None = None

    @property
    def aspect(self) -> float | None:
        """Width by height."""
        return self.width / self.height if self.width and self.height else None

    @property
    def short_side(self) -> int | None:
        """The smaller of width and height, in pixels."""
        return min(self.width, self.height) if self.width and self.height else None

    @property
    def pixels(self) -> int | None:
        """Width times height."""
        return self.width * self.height if self.width and self.height else None


class Violation(Value):
    """What a network would refuse or lose; `line` says it so that a person can act on it."""

    network: str
    field: str
    rule: str
    line: str
    found: float | None = None
    limit: float | None = None
    source: Source | None = None
