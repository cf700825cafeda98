"""What a network would refuse of a text, or silently lose: a line for each, fit to act on."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final
from unicodedata import category

from pipeline.plan.networks.counting import compose, length, mentions, posted
from pipeline.plan.networks.types import Copy, CountLimit, Network, TextLimit, Violation

_TAG: Final = re.compile(r"(?=.*[^\W\d_])\w+\Z")
_NAMES: Final = {
    "title": "title",
    "text": "text",
    "tags": "tags",
    "hashtags": "hashtags",
    "link": "link",
    "chapters": "chapters",
}
_AN_ITEM_TOO: Final = ("tags", "hashtags")


def check(network: Network, copy: Copy, *, seconds: float | None = None) -> tuple[Violation, ...]:
    """Everything that stands in the way of posting; `seconds` is how long the film is.

    Pure, and linear in what is written.
    """
    found = [*_misplaced(network, copy), *_hashtags(network, copy)]
    for limit in network.texts:
        found += _text(network, copy, limit)
    for count in network.counts:
        found += _count(network, copy, count)
    return (*found, *_chapters(network, copy, seconds))


def is_hashtag(text: str) -> bool:
    """Whether networks take it for one: letters, digits and underscores, not digits alone."""
    return bool(_TAG.match(text))


def refused(limit: TextLimit, text: str) -> set[str]:
    """The characters of a text that are not taken: forbidden ones, and those nobody can see."""
    breaks = "\n\r\t" if limit.field == "text" else ""
    return {
        one
        for one in set(text)
        if one in limit.forbidden or (category(one) == "Cc" and one not in breaks)
    }


def _misplaced(network: Network, copy: Copy) -> Iterator[Violation]:
    for name in _NAMES:
        if getattr(copy, name) and name not in network.fields:
            yield Violation(
                network=network.name,
                field=name,
                rule="no-place",
                line=f"{network.title} has no place for {_NAMES[name]}: leave them out"
                if name.endswith("s")
                else f"{network.title} has no place for a {_NAMES[name]}: leave it out",
            )


def _hashtags(network: Network, copy: Copy) -> Iterator[Violation]:
    for tag in copy.hashtags:
        if not is_hashtag(tag):
            yield Violation(
                network=network.name,
                field="hashtags",
                rule="hashtag",
                line=f"{tag[:50]!r} makes no hashtag: letters, digits and underscores do",
            )


def _text(network: Network, copy: Copy, limit: TextLimit) -> Iterator[Violation]:
    value = posted(network, copy, limit.field)
    name = f"{network.title}: the {_NAMES[limit.field]}"
    if limit.required and not "".join(value).strip():
        yield _violation(network, limit, "required", f"{name} is missing: write one")
    written = value if isinstance(value, str) else "".join(value)
    bad = sorted(refused(limit, written))
    if bad:
        shown = " ".join(one if one.isprintable() else f"U+{ord(one):04X}" for one in bad)
        line = f"{name} may not have {shown}: take it out"
        yield _violation(network, limit, "forbidden-characters", line)
    size = length(limit, value)
    if size > limit.most:
        line = (
            f"{name} has {size:,} {limit.unit}, at most {limit.most:,} are taken: "
            f"cut {size - limit.most:,}"
        )
        yield _violation(network, limit, "too-long", line, size)


def _violation(
    network: Network, limit: TextLimit, rule: str, line: str, found: int | None = None
) -> Violation:
    return Violation(
        network=network.name,
        field=limit.field,
        rule=rule,
        line=line,
        found=found,
        limit=limit.most if found is not None else None,
        source=limit.source,
    )


def _count(network: Network, copy: Copy, limit: CountLimit) -> Iterator[Violation]:
    if limit.what == "mentions":
        found = mentions(compose(network, copy))
    else:
        found = len(getattr(copy, limit.what))
    if found > limit.most:
        yield Violation(
            network=network.name,
            field=limit.what if limit.what in _AN_ITEM_TOO else "text",
            rule="too-many",
            line=f"{network.title}: {found} {limit.what}, at most {limit.most} are taken: "
            f"take {found - limit.most} out",
            found=found,
            limit=limit.most,
            source=limit.source,
        )


def _chapters(network: Network, copy: Copy, seconds: float | None) -> Iterator[Violation]:
    limit, times = network.chapters, [int(each.seconds) for each in copy.chapters]
    if limit is None or not times:
        return
    ends = [*times, *([] if seconds is None else [int(seconds)])]
    short = next((at for at, end in pairwise(ends) if end - at < limit.least_seconds), None)
    rules = (
        (times[0] != 0, "the first chapter begins at 0:00"),
        (len(times) < limit.least, f"there are at least {limit.least} chapters, or none"),
        (
            short is not None,
            f"the chapter at {short} s is shorter than {limit.least_seconds} s: join it to another",
        ),
        (
            any(not each.title.strip() or "\n" in each.title for each in copy.chapters),
            "each chapter has a title, in one line",
        ),
    )
    for broken, line in rules:
        if broken:
            yield Violation(
                network=network.name,
                field="chapters",
                rule="chapters",
                line=f"{network.title}: {line}",
                source=limit.source,
            )
