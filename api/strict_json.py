"""JSON as it may come from outside: one reading of it, and nothing that only some can read.

Python's own parser takes more than RFC 8259 does, and PostgreSQL less: a name given twice, NaN,
numbers that no column holds, half characters, and the character 0.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isinf
from typing import Any, Final, NoReturn

MAX_DEPTH: Final = 32
_LARGEST: Final = 1 << 63
_DIGITS: Final = 19
_SHOWN: Final = 64

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_OPENS, _CLOSES = b"[{", b"]}"
# Without these, no text in it can be one that is refused, and values need not be looked at.
_SUSPECT: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_HALF: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where a body breaks a rule, as a pointer below `/body`, and which."""

    pointer: str
    detail: str


class _Twice(dict[str, Any]):
    """An object in which a name stands twice; state: which."""

    name = ""


class _Number(Exception):
    """A number that is none here."""


def flaw_of(body: bytes) -> Flaw | None:
    """What is wrong with a body, or None."""
    if _too_deep(body):
        return Flaw("/body", f"it is nested deeper than {MAX_DEPTH} levels")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        return Flaw("/body", f"it is not UTF-8 at byte {error.start}")
    doubled: list[_Twice] = []
    try:
        value = json.loads(
            text,
            parse_int=_integer,
            parse_float=_real,
            parse_constant=_constant,
            object_pairs_hook=lambda pairs: _object(pairs, doubled),
        )
    except _Number as error:
        return Flaw("/body", str(error))
    except json.JSONDecodeError as error:
        return Flaw(f"/body/{error.pos}", f"it is no JSON from there on: {error.msg}")
    if doubled or _SUSPECT.search(body):
        return next(_flaws(value, "/body"), None)
    return None


def _too_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for sign in _STRING.sub(b"", body):
        if sign in _OPENS:
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif sign in _CLOSES:
            depth -= 1
    return False


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS + 1 or not -_LARGEST <= (value := int(digits)) < _LARGEST:
        raise _Number("a whole number in it does not fit 64 bits")
    return value


def _real(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise _Number("a number in it is too large")
    return value


def _constant(name: str) -> NoReturn:
    raise _Number(f"{name} is no JSON")


def _object(pairs: list[tuple[str, Any]], doubled: list[_Twice]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    marked = _Twice(found)
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            marked.name = name
        seen.add(name)
    doubled.append(marked)
    return marked


def _flaws(value: Any, where: str) -> Iterator[Flaw]:
    if isinstance(value, str):
        if (detail := text_flaw(value)) is not None:
            yield Flaw(where, detail)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _flaws(item, f"{where}/{index}")
    elif isinstance(value, dict):
        if isinstance(value, _Twice):
            yield Flaw(f"{where}/{_named(value.name)}", "it is given twice")
        for name, item in value.items():
            if (detail := text_flaw(name)) is not None:
                yield Flaw(where, f"a name in it: {detail}")
            yield from _flaws(item, f"{where}/{_named(name)}")


def text_flaw(text: str) -> str | None:
    """Why a text cannot be kept, or None."""
    if "\0" in text:
        return "it has the character 0, which no text here may have"
    if _HALF.search(text):
        return "it has half of a character (a lone surrogate)"
    return None


def _named(name: str) -> str:
    """A name as a part of a pointer (RFC 6901), fit to be shown."""
    shown = name[:_SHOWN].encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    return shown.replace("~", "~0").replace("/", "~1")
