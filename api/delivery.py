"""Delivery: from an address and what it opens to a response, by way of the store or past it."""

import gzip
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from anyio import CapacityLimiter, Lock, to_thread
from fastapi import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.handles import Handles
from api.sending import SAFETY, FileResponse, StillAllowed, disposition_of
from core.served_types import served_type
from core.storage import Storage
from services.installation import Installation
from services.media import File, Shelf, Shelves, Wanted
from services.playlists import DASH, HLS, resolved, rewritten

PATHS: Final = ("/v1/media/", "/v1/public/")
_LOCKS: Final = 64
_READERS: Final = 16
_PLAYLISTS: Final = frozenset({HLS, DASH})
# Signed addresses are long, and stand in a playlist once for each segment.
_PLAYLIST_BYTES: Final = 16 << 20
_WORTH_PACKING: Final = 4 << 10
# Clients keep a redirect for less than the address behind it lasts.
_REDIRECT_SECONDS: Final = 300


class Desk:
    """What delivery keeps between requests; state: shelves, and whether the store signs."""

    def __init__(
        self,
        *,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Knows nothing yet; `now` tells the time in seconds since 1970."""
        self.now = now
        self._handles = Handles(CapacityLimiter(_READERS))
        self._shelves = Shelves(clock=monotonic)
        self._locks = [Lock() for _ in range(_LOCKS)]
        self._signs: bool | None = None

    def close(self) -> None:
        """Let the files go."""
        self._handles.close()

    async def shelf(self, request: Request, wanted: Wanted) -> Shelf:
        """What is wanted; many who want it at once cost one lookup."""
        found = self._shelves.known(wanted)
        if found is not None:
            return found
        async with self._locks[hash(wanted) % _LOCKS]:
            found = self._shelves.known(wanted)
            if found is None:
                fetch = partial(self._shelves.fetch, request.app.state.installation, wanted)
                found = await to_thread.run_sync(fetch, limiter=request.app.state.turns)
            return found

    async def deliver(
        self,
        request: Request,
        file: File,
        *,
        cache: str,
        seconds: float,
        shelf: Shelf | None = None,
        still_allowed: StillAllowed | None = None,
    ) -> Response:
        """The answer to a request for a file that may be seen for `seconds` more.

        `shelf` is where the file stands: a playlist's references are looked up there.
        """
        installation: Installation = request.app.state.installation
        storage = installation.storage
        if self._signs is not False:
            work = partial(_past_us, storage, file, shelf, seconds)
            past = await to_thread.run_sync(work, limiter=self._handles.threads)
            self._signs = past is not None
            if isinstance(past, bytes):
                return _playlist(request, file, past, cache)
            if past is not None:
                return _redirect(past, min(seconds / 2, _REDIRECT_SECONDS), cache)
        return FileResponse(
            storage, file, handles=self._handles, cache=cache, still_allowed=still_allowed
        )


def _past_us(
    storage: Storage, file: File, shelf: Shelf | None, seconds: float
) -> bytes | str | None:
    """A playlist of signed addresses, or the file's own; None where the store signs none."""
    known: dict[str, str | None] = {}

    def signed(wanted: File) -> str | None:
        if wanted.storage_key not in known:
            known[wanted.storage_key] = storage.signed_url(
                wanted.storage_key,
                seconds=seconds,
                mime=served_type(wanted.mime),
                disposition=disposition_of(wanted),
            )
        return known[wanted.storage_key]

    if file.mime not in _PLAYLISTS or shelf is None:
        return signed(file)
    if signed(file) is None:
        return None

    def replace(reference: str) -> str | None:
        meant = shelf.files.get(resolved(file.path, reference))
        # A playlist within a playlist is ours to serve, or its segments would not be signed.
        return signed(meant) if meant is not None and meant.mime not in _PLAYLISTS else None

    with storage.open(file.storage_key) as stream:
        original = stream.read()
    other = rewritten(file.mime, original.decode(), replace).encode()
    # Where it grew too large its references stay ours, and each is a redirect.
    return other if len(other) <= _PLAYLIST_BYTES else original


def _playlist(request: Request, file: File, text: bytes, cache: str) -> Response:
    headers = {
        "Content-Type": served_type(file.mime),
        "Cache-Control": f"{cache.partition(',')[0]}, max-age=60",
        "Vary": "Accept-Encoding",
        **SAFETY,
    }
    if len(text) >= _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        text = gzip.compress(text, 5)
        headers["Content-Encoding"] = "gzip"
    if request.method == "HEAD":
        headers["Content-Length"] = str(len(text))
        text = b""
    return Response(text, headers=headers)


def _redirect(address: str, seconds: float, cache: str) -> Response:
    kept = f"{cache.partition(',')[0]}, max-age={int(seconds)}"
    return RedirectResponse(address, 307, headers={"Cache-Control": kept, **SAFETY})


class MediaHeaders:
    """Answers below `PATHS` may be read by pages of any origin, and can do nothing there."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or not scope["path"].startswith(PATHS):
            await self._app(scope, receive, send)
            return

        async def open_to_all(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = _NOT_KEPT if message["status"] >= 400 else _OPEN
                theirs = (one for one in message["headers"] if one[0] not in ours)
                message["headers"] = [*theirs, *ours.items()]
            await send(message)

        await self._app(scope, receive, open_to_all)


_OPEN: Final = {
    name.lower().encode(): value.encode()
    for name, value in {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Accept-Ranges, Content-Length, Content-Range, ETag,"
        " Last-Modified, Retry-After",
        **SAFETY,
    }.items()
}
# A problem that a cache keeps would outlast its cause.
_NOT_KEPT: Final = {**_OPEN, b"cache-control": b"no-store"}
PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Range, If-Range, If-Match, If-None-Match, If-Modified-Since,"
    " If-Unmodified-Since",
    "Access-Control-Max-Age": "86400",
}
