"""How X counts: by weights of code points, an address as 23, an emoji as 2, in NFC.

The rules are those of twitter-text 3 (configuration `v3`), as published by X.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Final

from pipeline.plan.types import Value

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


class Weights(Value):
    """Weights of code points in hundredths; `ranges` are (first, last, weight), both inclusive."""

    scale: int
    default: int
    emoji: int
    address: int
    """What any address counts, in characters: that is how long its short form is."""
    ranges: tuple[tuple[int, int, int], ...]


V3: Final = Weights(
    scale=100,
    default=200,
    emoji=200,
    address=23,
    ranges=((0, 4351, 100), (8192, 8205, 100), (8208, 8223, 100), (8242, 8247, 100)),
)

_LATIN: Final = (
    "À-ÖØ-öø-ɏ\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b\u02bb"
    "\u0300-\u036f\u1e00-\u1eff"
)
_LETTERS: Final = f"a-z0-9\u0400-\u04ff{_LATIN}"
_IN_PATH: Final = rf"[{_LETTERS}!*';:=+,.$/%#\[\]\-\u2013_~@|&]"
_BALANCED: Final = rf"\((?:{_IN_PATH}|\({_IN_PATH}++\))+\)"
_PATH: Final = re.compile(rf"{_IN_PATH}|{_BALANCED}", re.IGNORECASE)
_ENDS_PATH: Final = re.compile(rf"[{_LETTERS}=_#/+\-)]", re.IGNORECASE)
_QUERY: Final = re.compile(r"\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*+", re.IGNORECASE)
_QUERY_TAIL: Final = re.compile(r"[^a-z0-9\-_&=#/]+$", re.IGNORECASE)
# X's own short addresses have no more of a path than this.
_SHORT: Final = re.compile(r"https?://t\.co/[a-z0-9]++", re.IGNORECASE)
_PORT: Final = re.compile(r":[0-9]++")

_HOST: Final = re.compile(
    rf"(?<![a-z0-9@＠$#＃])(?P<scheme>https?://)(?P<named>[{_LETTERS}\w](?:[\w.\-]*+))"
    r"|(?<![a-z0-9@＠$#＃_./\-])(?P<bare>[a-z0-9](?:[a-z0-9.\-]*+)(?!_))",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(r"[^\W_](?:(?:[^\W_]|-)*[^\W_])?\Z")
_GOES_ON: Final = re.compile(r"[a-z0-9@+\-_]", re.IGNORECASE)


def weighted_length(text: str, weights: Weights = V3) -> int:
    """The weighted characters of a post's text."""
    plain = unicodedata.normalize("NFC", text)
    total, at = 0, 0
    for begin, end in addresses(plain):
        total += _plain_weight(plain[at:begin], weights) + weights.address * weights.scale
        at = end
    return (total + _plain_weight(plain[at:], weights)) // weights.scale


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Where X finds addresses: with a scheme or without, but always with a top-level domain."""
    at = 0
    while found := _HOST.search(text, at):
        name = "named" if found["scheme"] else "bare"
        end = _host_end(found[name], found.start(name), text)
        if end is None:
            at = found.end()
            continue
        short = _SHORT.match(text, found.start(), end + 41)
        at = short.end() if short and end == found.end(name) else _tail_end(text, end)
        yield found.start(), at


def _host_end(host: str, start: int, text: str) -> int | None:
    """Where the longest part of a host ends that is a domain; None where none is."""
    pieces = host.split(".")
    # No domain has more labels, and whoever writes more gets no more looked at.
    for count in range(min(len(pieces), 16), 1, -1):
        labels = pieces[:count]
        length = _as_domain(labels)
        if length is None:
            continue
        end = start + len(".".join(labels[:-1])) + 1 + length
        if not _GOES_ON.match(text, end):
            return end
    return None


def _as_domain(labels: list[str]) -> int | None:
    """How much of the last label is a top-level domain, where the others make a domain."""
    last = labels[-1]
    if not _LABEL.match(labels[-2]) or not all(label.strip("-_") for label in labels[:-2]):
        return None
    if _is_top_level(last.lower()):
        return len(last)
    # Text goes on without a space after an address where its script has none.
    ascii_part = re.match(r"[A-Za-z]+(?=[^\x00-\x7f])", last)
    if ascii_part and _is_top_level(ascii_part[0].lower()):
        return ascii_part.end()
    return None


def _tail_end(text: str, at: int) -> int:
    """Where an address ends whose host ends at `at`: after port, path and query."""
    if port := _PORT.match(text, at):
        at = port.end()
    end = at
    if text.startswith("/", at):
        while part := _PATH.match(text, at):
            at = part.end()
            if _ENDS_PATH.match(text, at - 1):
                end = at
    if (query := _QUERY.match(text, end)) and (kept := _QUERY_TAIL.sub("", query[0])):
        end += len(kept)
    return end


@cache
def _suffixes() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False, only_icann=True)


def _is_top_level(label: str) -> bool:
    # Two labels before it, since some top-level domains give out names of three only.
    return _suffixes().publicsuffix(f"a.b.{label}") is not None


def _plain_weight(text: str, weights: Weights) -> int:
    """The weight of text without addresses, in hundredths."""
    from emoji import emoji_list

    total, at = 0, 0
    for found in emoji_list(text):
        total += _points_weight(text[at : found["match_start"]], weights) + weights.emoji
        at = found["match_end"]
    return total + _points_weight(text[at:], weights)


def _points_weight(text: str, weights: Weights) -> int:
    return sum(
        next(
            (weight for first, last, weight in weights.ranges if first <= ord(point) <= last),
            weights.default,
        )
        for point in text
    )
