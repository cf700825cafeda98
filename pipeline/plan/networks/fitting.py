"""Making a text fit: shorter at sentences and words, never inside one where that can be helped."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

from pipeline.plan.networks.checks import check, is_hashtag, refused
from pipeline.plan.networks.counting import compose, length, mentions, posted
from pipeline.plan.networks.types import Copy, FieldName, Network, TextLimit
from pipeline.plan.types import Value

_ELLIPSIS: Final = "…"
# A sentence's end is worth this part of what there would be room for.
_WORTH: Final = 0.6
# Nobody needs more characters to fill a limit, were they all in addresses.
_ROOM: Final = 20
_SENTENCE: Final = re.compile(r"(?<=[.!?…。！？])[\"'”’»)]*(?=\s)|\n+|(?<=[。！？])")
_WORD: Final = re.compile(r"\s+")
# What hangs on the character before it.
_JOINERS: Final = ("\u200d", "\ufe0e", "\ufe0f", "\u20e3")


class Fitted(Value):
    """A text that a network takes, and what was done to it, a line each."""

    copied: Copy
    cuts: tuple[str, ...] = ()


def fit(network: Network, copy: Copy, *, seconds: float | None = None) -> Fitted:
    """The same text where it fits, else as much of it as does.

    What is required and missing stays missing: `check` says so.
    """
    if not check(network, copy, seconds=seconds):
        return Fitted(copied=copy)
    work = _Work(network, copy)
    work.leave_out_what_has_no_place()
    work.take_out_what_is_forbidden()
    work.drop_broken_chapters(seconds)
    work.shorten_lists()
    for limit in network.texts:
        if limit.field in ("title", "text"):
            work.shorten(limit)
    return Fitted(copied=work.copy, cuts=tuple(work.cuts))


def shorten(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning that fits: whole sentences where they fill it well, else words."""
    if fits(text):
        return text
    ends = [found.start() for found in _WORD.finditer(text)]
    words = _longest(text, ends, lambda part: fits(part + _ELLIPSIS))
    stops = [found.end() for found in _SENTENCE.finditer(text)]
    sentences = _longest(text, stops, fits)
    if sentences and len(sentences) >= _WORTH * len(words):
        return sentences
    if words:
        return words.rstrip(",;:–—-&|(").rstrip() + _ELLIPSIS
    return _inside_a_word(text, fits)


def _longest(text: str, ends: Sequence[int], fits: Callable[[str], bool]) -> str:
    """The longest beginning that ends at one of `ends` and fits; nothing where none does."""
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        if fits(text[: ends[middle]].rstrip()):
            low = middle + 1
        else:
            high = middle
    # A cut address can count more than a whole one: what fits is asked once more.
    while low and not fits(text[: ends[low - 1]].rstrip()):
        low -= 1
    return text[: ends[low - 1]].rstrip() if low else ""


def _inside_a_word(text: str, fits: Callable[[str], bool]) -> str:
    first = _WORD.split(text.strip(), maxsplit=1)[0]
    ends = [at for at in range(1, len(first)) if not _hangs(first, at)]
    kept = _longest(first, ends, lambda part: fits(part + _ELLIPSIS))
    return kept + _ELLIPSIS if kept else ""


def _hangs(text: str, at: int) -> bool:
    """Whether a character belongs to the one before: accents, skin tones, joined emoji, flags."""
    one, before = text[at], text[at - 1]
    return (
        unicodedata.combining(one) != 0
        or unicodedata.category(one) in ("Mn", "Mc", "Me")
        or one in _JOINERS
        or before == "\u200d"
        or "\U0001f3fb" <= one <= "\U0001f3ff"
        or "\U000e0020" <= one <= "\U000e007f"
        or ("\U0001f1e6" <= one <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff")
    )


class _Work:
    """A text on its way to fitting, and what has been cut."""

    def __init__(self, network: Network, copy: Copy) -> None:
        self._network = network
        self.copy = copy
        self.cuts: list[str] = []

    def _set(self, field: FieldName, value: object, said: str) -> None:
        self.copy = self.copy.model_copy(update={field: value})
        self.cuts.append(said)

    def leave_out_what_has_no_place(self) -> None:
        """Fields that the network does not have."""
        empty = Copy()
        for field in Copy.model_fields:
            name: FieldName = field  # type: ignore[assignment]
            if getattr(self.copy, name) and name not in self._network.fields:
                said = f"{name} left out: {self._network.title} has no place for it"
                self._set(name, getattr(empty, name), said)

    def take_out_what_is_forbidden(self) -> None:
        """Characters that are refused, and hashtags that would be none."""
        usable = tuple(tag for tag in self.copy.hashtags if is_hashtag(tag))
        if usable != self.copy.hashtags:
            lost = [tag for tag in self.copy.hashtags if not is_hashtag(tag)]
            self._set("hashtags", usable, f"no hashtags: {', '.join(lost)[:200]}")
        for limit in self._network.texts:
            parts: tuple[FieldName, ...] = (limit.field,)
            if limit.field == "text":
                parts = (limit.field, *self._network.inline)
            for field in parts:
                self._clean(field, limit)

    def _clean(self, field: FieldName, limit: TextLimit) -> None:
        value = getattr(self.copy, field)
        clean: object
        if field == "chapters":
            clean = tuple(
                each.model_copy(update={"title": _without(each.title, limit)}) for each in value
            )
        elif isinstance(value, str):
            clean = _without(value, limit)
        else:
            clean = tuple(filter(None, (_without(item, limit).strip() for item in value)))
        if clean != value:
            self._set(field, clean, f"{field}: characters that are refused were taken out")

    def drop_broken_chapters(self, seconds: float | None) -> None:
        """Chapters that make no list of chapters: then there are none."""
        found = check(self._network, Copy(chapters=self.copy.chapters), seconds=seconds)
        why = next((each.line for each in found if each.rule == "chapters"), None)
        if why is not None:
            self._set("chapters", (), f"chapters left out: {why}")

    def shorten_lists(self) -> None:
        """Tags and hashtags from the end, mentions by their @."""
        for count in self._network.counts:
            if count.what == "mentions":
                if mentions(compose(self._network, self.copy)) > count.most:
                    self._set("text", _few_mentions(self.copy.text, count.most), "mentions cut")
            elif len(items := getattr(self.copy, count.what)) > count.most:
                said = f"{count.what}: the last {len(items) - count.most} left out"
                self._set(count.what, items[: count.most], said)
        limit = self._network.text_limit("tags")
        if limit is None:
            return
        items = self.copy.tags
        kept = items
        while length(limit, kept) > limit.most:
            kept = kept[:-1]
        if kept != items:
            self._set("tags", kept, f"tags: left out {', '.join(items[len(kept) :])[:300]}")

    def shorten(self, limit: TextLimit) -> None:
        """A field, after that what was put into it: hashtags, chapters, the link."""
        if self._fits(limit, self.copy):
            return
        network, whole = self._network, getattr(self.copy, limit.field)
        room = whole[: limit.most * _ROOM]
        short = shorten(room, lambda part: self._fits(limit, self._with(limit.field, part)))
        if self._fits(limit, self._with(limit.field, short)):
            said = f"{limit.field}: cut after {short[-40:]!r}"
            self._set(limit.field, short, said)
            return
        if limit.field != "text":
            self._set(limit.field, "", f"{limit.field} left out: none of it fits")
            return
        for extra in ("hashtags", "chapters", "link"):
            if extra in network.inline and getattr(self.copy, extra):
                said = f"{extra} left out: there is no room beside them"
                self._set(extra, getattr(Copy(), extra), said)
                self.shorten(limit)
                return

    def _with(self, field: FieldName, value: str) -> Copy:
        return self.copy.model_copy(update={field: value})

    def _fits(self, limit: TextLimit, copy: Copy) -> bool:
        return length(limit, posted(self._network, copy, limit.field)) <= limit.most


def _without(text: str, limit: TextLimit) -> str:
    """A text without what is refused; line breaks become spaces where there is one line only."""
    bad = refused(limit, text)
    return text.translate({ord(one): " " if one in "\n\r\t" else None for one in bad})


def _few_mentions(text: str, most: int) -> str:
    """Text in which only the first names are called: the others lose their @."""
    seen = 0

    def one(found: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        return found[0] if seen <= most else found[0][1:]

    return re.sub(r"(?<![\w@])@\w+", one, text)
