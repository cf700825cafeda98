"""What a conditional or partial GET is answered with (RFC 9110, 13 and 14). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_UNIT: Final = re.compile(r"\s*bytes\s*=(.*)", re.IGNORECASE | re.DOTALL)
_RANGE: Final = re.compile(r"([0-9]*)-([0-9]*)")
_ENTITY: Final = re.compile(r'(W/)?("[^"]*")')
# More digits than any length has, and fewer than cost time.
_DIGITS: Final = 18
_MOST_RANGES: Final = 64


@dataclass(frozen=True, slots=True)
class Representation:
    """What is there: its length in bytes, a strong entity tag with its quotes, and its age."""

    length: int
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and the bytes [begin, end) where it is 200 or 206."""

    status: int
    begin: int = 0
    end: int = 0


def decide(method: str, headers: Mapping[str, str], found: Representation) -> Answer:
    """What to answer: 200, 206, 304, 412 or 416. `headers` have names in small letters.

    What is malformed is ignored. Of several ranges the whole is sent, as the server may (14.2).
    """
    if status := _precondition(headers, found):
        return Answer(status)
    whole = Answer(200, 0, found.length)
    asked = headers.get("range")
    if method != "GET" or asked is None or not _range_holds(headers.get("if-range"), found):
        return whole
    ranges = parse_ranges(asked, found.length)
    if ranges is None:
        return whole
    if not ranges:
        return Answer(416)
    return Answer(206, *ranges[0]) if len(ranges) == 1 and "," not in asked else whole


def parse_ranges(header: str, length: int) -> list[tuple[int, int]] | None:
    """The satisfiable ranges as [begin, end); None where the header is to be ignored."""
    unit = _UNIT.fullmatch(header)
    if unit is None:
        return None
    parts = [part.strip() for part in unit[1].split(",")]
    if len(parts) > _MOST_RANGES:
        return None
    found = []
    for part in filter(None, parts):
        digits = _RANGE.fullmatch(part)
        if digits is None or digits[0] == "-":
            return None
        first, last = digits[1], digits[2]
        if not first:
            begin, end = max(0, length - _number(last)), length
            if not length and _number(last):
                return None  # all of nothing is asked for, and has no Content-Range
        else:
            begin, end = _number(first), length
            if last:
                if _number(last) < begin:
                    return None
                end = min(_number(last) + 1, length)
        if begin < end:
            found.append((begin, end))
    return found if any(parts) else None


def _number(digits: str) -> int:
    stripped = digits.lstrip("0")
    return int(stripped or 0) if len(stripped) <= _DIGITS else 10**_DIGITS


def _precondition(headers: Mapping[str, str], found: Representation) -> int | None:
    """304 or 412 where a precondition says so, in the order of RFC 9110, 13.2.2."""
    if (match := headers.get("if-match")) is not None:
        if not _names(match, found.etag, weak=False):
            return 412
    elif (since := _date(headers.get("if-unmodified-since"))) and _second(found.modified) > since:
        return 412
    if (none := headers.get("if-none-match")) is not None:
        return 304 if _names(none, found.etag, weak=True) else None
    since = _date(headers.get("if-modified-since"))
    return 304 if since and _second(found.modified) <= since else None


def _names(header: str, etag: str, *, weak: bool) -> bool:
    if header.strip() == "*":
        return True
    return any(tag == etag and (weak or not mark) for mark, tag in _ENTITY.findall(header))


def _range_holds(condition: str | None, found: Representation) -> bool:
    """Whether If-Range lets the range be; a date is compared as exactly as it is written."""
    if condition is None:
        return True
    if '"' in condition:
        return condition.strip() == found.etag
    date = _date(condition)
    return date is not None and date == _second(found.modified)


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        date = parsedate_to_datetime(text)
        return date if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
