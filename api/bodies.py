"""Bodies are bounded: what is read into memory has at most a mebibyte, and comes soon.

It is JSON, unless its route is named here; what it may be is in `api/strict_json.py`.
"""

import asyncio
import re
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.strict_json import flaw_of

MAX_BYTES: Final = 1 << 20
# What takes files streams them, and has bounds of its own.
_STREAMED_POSTS: Final = ("/v1/assets", "/v1/uploads")
_STREAMED_PATCHES: Final = "/v1/uploads/"
# Routes that take another kind of body than JSON, and which; a browser posts forms.
OTHER_KINDS: Final[dict[str, str]] = {}
_JSON: Final = re.compile(r"application/(?:json|[\w.-]+\+json)", re.ASCII)
_WITHOUT: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class BoundedBodies:
    """Answers 408, 413, 415 or 422 to a body that is larger, announced or not, slow or no JSON."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        """Wraps an application; a body has `seconds` to come."""
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["method"] in _WITHOUT or _streams(scope):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        if length == b"0" and b"transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        if not length.isdigit() or int(length) > MAX_BYTES:
            await _refuse(413, "too_large", _LARGE, scope, receive, send)
            return
        kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip()
        coding = headers.get(b"content-encoding", b"identity").lower()
        try:
            async with asyncio.timeout(self._seconds):
                body = await _collected(receive)
        except TimeoutError:
            await _refuse(408, "request_timeout", _SLOW, scope, receive, send)
            return
        if body is None:
            return  # there is nobody to answer
        if len(body) > MAX_BYTES:
            await _refuse(413, "too_large", _LARGE, scope, receive, send)
        elif body and (why := _unknown_kind(scope["path"], kind.lower(), coding)) is not None:
            await _refuse(415, "unsupported_media_type", why, scope, receive, send)
        elif body and _JSON.fullmatch(kind.lower()) and (flaw := flaw_of(body)) is not None:
            errors = [{"pointer": flaw.pointer, "detail": flaw.detail}]
            detail = f"{flaw.pointer}: {flaw.detail}"
            answer = problems.problem(422, "invalid_request", detail, errors=errors)
            await answer(scope, receive, send)
        else:
            await self._app(scope, _replayed(body, receive), send)


_LARGE: Final = f"a body has at most {MAX_BYTES} bytes"
_SLOW: Final = "the body took too long to come"


async def _refuse(
    status: int, code: str, detail: str, scope: Scope, receive: Receive, send: Send
) -> None:
    # What still comes of a large one is dropped for a while, so that the answer is not lost.
    close = {"Connection": "close"} if status == 408 else None
    await problems.problem(status, code, detail, headers=close)(scope, receive, send)


async def _collected(receive: Receive) -> bytes | None:
    """A body, or a little more than it may have; None where the client has gone."""
    parts: list[bytes] = []
    taken, more = 0, True
    while more and taken <= MAX_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        taken += len(parts[-1])
        more = message.get("more_body", False)
    return b"".join(parts)


def _unknown_kind(path: str, kind: str, coding: bytes) -> str | None:
    if coding != b"identity":
        return "a body is sent as it is: without Content-Encoding"
    wanted = OTHER_KINDS.get(path)
    if wanted is not None:
        return None if kind == wanted else f"the body must be {wanted}"
    return None if _JSON.fullmatch(kind) else "the body must be application/json"


def _replayed(body: bytes, receive: Receive) -> Receive:
    """What was collected, and then what comes."""
    told = False

    async def replay() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _streams(scope: Scope) -> bool:
    path: str = scope["path"]
    if scope["method"] == "POST":
        return path in _STREAMED_POSTS
    return scope["method"] == "PATCH" and path.startswith(_STREAMED_PATCHES)


def describe(document: dict[str, Any]) -> None:
    """Have the document say it of every operation that may have a body."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            scope = {"path": path, "method": method.upper()}
            if method.upper() not in _WITHOUT and not _streams(scope):
                for status, answer in problems.documented(408, 413, 415).items():
                    operation["responses"].setdefault(str(status), answer)
