"""Bodies are bounded: what is read into memory has at most a mebibyte."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems

MAX_BYTES: Final = 1 << 20
# What takes files streams them, and has bounds of its own.
_STREAMED_POSTS: Final = ("/v1/assets", "/v1/uploads")
_STREAMED_PATCHES: Final = "/v1/uploads/"


class BoundedBodies:
    """Answers 413 to a body that is larger, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["method"] == "GET" or _streams(scope):
            await self._app(scope, receive, send)
            return
        for name, value in scope["headers"]:
            if name == b"content-length" and (not value.isdigit() or int(value) > MAX_BYTES):
                refusal = problems.problem(413, "too_large", _REASON)
                await refusal(scope, receive, send)
                return
        taken = 0

        async def bounded() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BYTES:
                raise HTTPException(413, _REASON)
            return message

        await self._app(scope, bounded, send)


_REASON: Final = f"a body has at most {MAX_BYTES} bytes"


def _streams(scope: Scope) -> bool:
    path: str = scope["path"]
    if scope["method"] == "POST":
        return path in _STREAMED_POSTS
    return scope["method"] == "PATCH" and path.startswith(_STREAMED_PATCHES)
