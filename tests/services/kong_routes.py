"""Which route of a kong.yml a request takes: the part of Kong's expressions that we use.

After https://developer.konghq.com/gateway/routing/expressions: routes are tried from the highest
priority down, and matched against the path as RFC 3986 normalises it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign>\(|\)|&&|\|\|) | (?P<operator>==|\^=|~)
        | r\#"(?P<raw>.*?)"\# | "(?P<text>[^"\\]*)"
        | (?P<field>http\.(?:path|method|host)) | any\(lower\(http\.headers\.(?P<header>\w+)\)\)
    )""",
    re.VERBOSE,
)
_UNRESERVED = re.compile(r"%(?:2[de]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5f|7e)", re.IGNORECASE)


@dataclass(frozen=True)
class Asked:
    """A request as the router sees it; header names are written with hyphens."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    host: str = "api.example"


def normalised(path: str) -> str:
    """The path with its dots, doubled slashes and needless escapes resolved."""
    path = _UNRESERVED.sub(lambda found: unquote(found[0]), path)
    kept: list[str] = []
    parts = re.sub("/+", "/", path).split("/")[1:]
    for number, part in enumerate(parts):
        if part == "..":
            kept = kept[:-1]
        if part in (".", ".."):
            if number == len(parts) - 1:
                kept.append("")
        else:
            kept.append(part)
    return "/" + "/".join(kept)


def matches(expression: str, asked: Asked) -> bool:
    """Whether a request fits; AssertionError for what is no expression of ours."""
    tokens = list(_tokens(expression))
    found = _either(tokens, asked)
    assert not tokens, f"{tokens[0]} is left over in {expression}"
    return found


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    place, text = 0, expression.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        assert found is not None, f"not understood: {text[place : place + 30]}"
        assert found.lastgroup is not None
        yield found.lastgroup, found[found.lastgroup]
        place = found.end()


def _either(tokens: list[tuple[str, str]], asked: Asked) -> bool:
    """Terms of one level: which of two signs binds closer is not left to the router."""
    found = _one(tokens, asked)
    signs = set()
    while tokens and tokens[0] in (("sign", "&&"), ("sign", "||")):
        signs.add(sign := tokens.pop(0)[1])
        assert len(signs) == 1, "parentheses are missing"
        term = _one(tokens, asked)
        found = (found and term) if sign == "&&" else (found or term)
    return found


def _one(tokens: list[tuple[str, str]], asked: Asked) -> bool:
    kind, name = tokens.pop(0)
    if (kind, name) == ("sign", "("):
        found = _either(tokens, asked)
        assert tokens.pop(0) == ("sign", ")")
        return found
    value = _value(kind, name, asked)
    operator, (form, wanted) = tokens.pop(0), tokens.pop(0)
    assert operator[0] == "operator"
    assert form in ("raw", "text")
    if value is None:
        return False
    if operator[1] == "~":
        return re.search(wanted, value) is not None
    return value == wanted if operator[1] == "==" else value.startswith(wanted)


def _value(kind: str, name: str, asked: Asked) -> str | None:
    if kind == "header":
        found = asked.headers.get(name.replace("_", "-"))
        return None if found is None else found.lower()
    assert kind == "field"
    return {
        "http.path": normalised(asked.path),
        "http.method": asked.method,
        "http.host": asked.host,
    }[name]


def route_of(config: Mapping[str, Any], asked: Asked) -> str | None:
    """The name of the route that a request takes, if there is one."""
    routes = [route for service in config["services"] for route in service["routes"]]
    fitting = [route for route in routes if matches(route["expression"], asked)]
    best = max((route["priority"] for route in fitting), default=None)
    first = [route["name"] for route in fitting if route["priority"] == best]
    assert len(first) < 2, f"{first} are equal for {asked}"
    return first[0] if first else None
