"""What a request's first lines may be: a path and a query that can be read, and one of each name.

How long they may be and take, before a request is there at all, is in `api/lines.py`.
"""

import re
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.strict_json import text_flaw

URL_BYTES: Final = 8 << 10
COOKIE_BYTES: Final = 8 << 10
# Given twice, it would depend on who reads them which one counts.
_SINGLE: Final = frozenset(
    {b"authorization", b"content-length", b"content-type", b"cookie", b"host", b"idempotency-key"}
)
_HOST: Final = re.compile(
    rb"(?:(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?)?"
)
_ESCAPED: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})|[^\x21-\x7e]")
_SHOWN: Final = 64
# Names of files, where one that cannot be is one that is not there.
_MEDIA: Final = b"/v1/media/"


class Edge:
    """Answers 400, 414, 422 or 431 to what nobody needs to look at further."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http" and (refusal := _of_url(scope) or _of_headers(scope)):
            status, code, detail, pointer = refusal
            errors = [{"pointer": pointer, "detail": detail}]
            answer = problems.problem(status, code, detail, errors=errors)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


_Refusal = tuple[int, str, str, str]


def _of_url(scope: Scope) -> _Refusal | None:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    if len(path) + len(query) > URL_BYTES:
        return 414, "uri_too_long", f"an address has at most {URL_BYTES} bytes", "/path"
    if (b"%" in path or not path.isascii()) and not path.startswith(_MEDIA):
        refusal = _of_text(path, "the path", "/path")
        if refusal is not None:
            return refusal
    if b"%" in query or not query.isascii():
        for pair in query.split(b"&"):
            name = _shown(pair)
            refusal = _of_text(pair, name, f"/query/{name}")
            if refusal is not None:
                return refusal
    return None


def _of_text(part: bytes, name: str, pointer: str) -> _Refusal | None:
    if _ESCAPED.search(part):
        return 400, "bad_request", f"{name}: %XX has two hexadecimal digits", pointer
    try:
        flaw = text_flaw(unquote_to_bytes(part).decode())
    except UnicodeDecodeError:
        return 400, "bad_request", f"{name}: what is escaped is not UTF-8", pointer
    return (422, "invalid_request", f"{name}: {flaw}", pointer) if flaw is not None else None


def _shown(pair: bytes) -> str:
    name = unquote_to_bytes(pair.partition(b"=")[0]).decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in name[:_SHOWN])


def _of_headers(scope: Scope) -> _Refusal | None:
    seen = set()
    for name, value in scope["headers"]:
        if name not in _SINGLE:
            continue
        pointer = f"/header/{name.decode()}"
        if name in seen:
            return 400, "bad_request", f"{name.decode()} is given twice", pointer
        seen.add(name)
        if name == b"cookie" and len(value) > COOKIE_BYTES:
            phrase = "request_header_fields_too_large"
            return 431, phrase, f"cookies have at most {COOKIE_BYTES} bytes together", pointer
        if name == b"host" and not _HOST.fullmatch(value):
            return 400, "bad_request", "host: it must be a name or an address, with a port", pointer
    return None


def describe(document: dict[str, Any]) -> None:
    """Have the document say it of every operation."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in problems.documented(400, 414, 422, 431).items():
                operation["responses"].setdefault(str(status), answer)
