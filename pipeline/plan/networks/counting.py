"""What is posted, and how long it is as each network counts."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from pipeline.plan.networks.types import Chapter, Copy, FieldName, Network, TextLimit, Unit
from pipeline.plan.networks.weighted import weighted_length

_MENTION: Final = re.compile(r"(?<![\w@])@\w+")


def characters(text: str) -> int:
    """UTF-16 code units: an emoji has two or more."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def octets(text: str) -> int:
    """Bytes in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def quoted(items: Sequence[str]) -> int:
    """Characters of a list as YouTube stores it: commas between, quotes around what has spaces."""
    quotes = sum(2 for item in items if " " in item)
    return sum(map(characters, items)) + quotes + max(0, len(items) - 1)


def mentions(text: str) -> int:
    """How many names after an @ there are."""
    return len(_MENTION.findall(text))


def clock(seconds: float) -> str:
    """A time as chapters write it: 0:07, 12:03, 1:02:03; parts of a second are cut off."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def chapter_lines(chapters: Sequence[Chapter]) -> str:
    """Chapters as they stand in a description."""
    return "\n".join(f"{clock(each.seconds)} {each.title}" for each in chapters)


def escaped(network: Network, text: str) -> str:
    """Text with a backslash before each character that the network would take for its own."""
    return "".join("\\" + one if one in network.escaped else one for one in text)


def compose(network: Network, copy: Copy) -> str:
    """The text as it is posted: with chapters, link and hashtags where the network puts them."""
    parts = {
        "chapters": escaped(network, chapter_lines(copy.chapters)),
        "link": escaped(network, copy.link),
        "hashtags": " ".join(network.hashtag.format(tag) for tag in copy.hashtags),
    }
    inline = (parts[name] for name in network.inline)
    text = unicodedata.normalize("NFC", copy.text)
    return "\n\n".join(filter(None, (escaped(network, text), *inline)))


def posted(network: Network, copy: Copy, field: FieldName) -> str | tuple[str, ...]:
    """A field as it is counted."""
    if field == "text":
        return compose(network, copy)
    if field in ("tags", "hashtags"):
        items: tuple[str, ...] = getattr(copy, field)
        return items
    return str(getattr(copy, field))


def length(limit: TextLimit, value: str | Sequence[str]) -> int:
    """How much of a limit a field takes, in the limit's unit."""
    if limit.unit is Unit.QUOTED:
        return quoted([value] if isinstance(value, str) else value)
    text = value if isinstance(value, str) else " ".join(value)
    if limit.unit is Unit.BYTES:
        return octets(text)
    return weighted_length(text) if limit.unit is Unit.WEIGHTED else characters(text)
