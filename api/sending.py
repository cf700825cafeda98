"""A stored file as a response: whole, in part, or not at all because the client has it."""

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC
from email.utils import format_datetime
from typing import Final

from anyio import create_task_group, move_on_after, to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import problems
from api.handles import Handles, Reader
from core.conditional import Answer, Representation, decide
from core.errors import Gone, NotFound
from core.logging import get_logger
from core.served_types import PLAIN, attachment, served_type
from core.storage import Storage
from services.media import CACHE_SECONDS, File

log = get_logger(__name__)

# What is in memory for a slow client is two of these.
CHUNK_BYTES: Final = 64 << 10
# A browser that is paused reads nothing, and comes back with a range where it was hung up on.
STALL_SECONDS: Final = 120.0
# Nothing that is served can run, look around or tell where it was linked from.
SAFETY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
}

StillAllowed = Callable[[], Awaitable[object]]
"""Raises Gone or NotFound once a file may be seen no more."""


class FileResponse(Response):
    """A file of a store; what the request's headers ask for is decided when it is sent.

    No thread is held while a slow client takes its bytes.
    """

    def __init__(
        self,
        storage: Storage,
        file: File,
        *,
        handles: Handles,
        cache: str,
        still_allowed: StillAllowed | None = None,
    ) -> None:
        """`cache` is the Cache-Control."""
        super().__init__()
        self._storage, self._file, self._handles = storage, file, handles
        self._still_allowed = still_allowed
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        asked = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        found = Representation(self._file.bytes, f'"{self._file.sha256}"', self._file.created_at)
        answer = decide(scope["method"], asked, found)
        if answer.status == 416:
            headers = {"Content-Range": f"bytes */{found.length}", "Accept-Ranges": "bytes"}
            detail = f"the file has {found.length} bytes, and none of those asked for"
            refusal = problems.problem(416, "range_not_satisfiable", detail, headers=headers)
            await refusal(scope, receive, send)
        elif answer.status == 412:
            detail = "the file is another one than the one that the request is meant for"
            await problems.problem(412, "precondition_failed", detail)(scope, receive, send)
        elif answer.status == 304 or scope["method"] == "HEAD":
            await self._start(send, answer, found)
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._send(answer, found, receive, send)

    async def _start(self, send: Send, answer: Answer, found: Representation) -> None:
        headers = {
            "ETag": found.etag,
            "Last-Modified": format_datetime(found.modified.astimezone(UTC), usegmt=True),
            "Cache-Control": self._cache,
            **SAFETY,
        }
        if answer.status != 304:
            headers |= file_headers(self._file)
            headers["Content-Length"] = str(answer.end - answer.begin)
            headers["Accept-Ranges"] = "bytes"
        if answer.status == 206:
            headers["Content-Range"] = f"bytes {answer.begin}-{answer.end - 1}/{found.length}"
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})

    async def _send(
        self, answer: Answer, found: Representation, receive: Receive, send: Send
    ) -> None:
        reader = await self._handles.borrow(self._storage, self._file.storage_key)
        try:
            # Before the answer begins: what cannot be read is a problem, not a broken answer.
            data = await self._read(reader, answer.begin, answer.end)
            if not data and answer.end > answer.begin:
                raise Gone("the stored file is shorter than it was")
            await self._start(send, answer, found)
            if answer.begin + len(data) == answer.end:
                await send({"type": "http.response.body", "body": data})
                return
            async with create_task_group() as group:
                group.start_soon(_hang_up, receive, group.cancel_scope.cancel)
                await self._flow(reader, answer, data, send)
                group.cancel_scope.cancel()
        finally:
            self._handles.give_back(reader)

    async def _flow(self, reader: Reader, answer: Answer, data: bytearray, send: Send) -> None:
        """Send, a piece at a time, what follows the first; may end early, which hangs up."""
        at, checked_at = answer.begin, time.monotonic()
        while True:
            at += len(data)
            more = at < answer.end
            with move_on_after(STALL_SECONDS) as waited:
                await send({"type": "http.response.body", "body": data, "more_body": more})
            if waited.cancelled_caught:
                log.info("hung up on a client that took nothing", seconds=STALL_SECONDS)
                return
            if not more:
                return
            now = time.monotonic()
            if self._still_allowed and now - checked_at > CACHE_SECONDS:
                checked_at = now
                if not await self._allowed(self._still_allowed):
                    return
            data = await self._read(reader, at, answer.end)
            if not data:
                log.error("a stored file is shorter than it was", key=self._file.storage_key)
                return

    async def _allowed(self, still_allowed: StillAllowed) -> bool:
        try:
            await still_allowed()
        except (Gone, NotFound):
            log.info("hung up on a client whose address has ended")
            return False
        except Exception as problem:  # noqa: BLE001 — a database that is away ends no film
            log.info("whether a file may be seen is not known", problem=type(problem).__name__)
        return True

    async def _read(self, reader: Reader, begin: int, end: int) -> bytearray:
        size = min(CHUNK_BYTES, end - begin)
        data = reader.cached(begin, size)
        if data is None:
            data = await to_thread.run_sync(reader.read, begin, size, limiter=self._handles.threads)
        return data


async def _hang_up(receive: Receive, end: Callable[[], None]) -> None:
    """Call `end` when the client has gone: sending would not say so."""
    while (await receive())["type"] != "http.disconnect":
        pass
    end()


def file_headers(file: File) -> Mapping[str, str]:
    """What a file is, and whether it is to be saved."""
    headers = {"Content-Type": served_type(file.mime)}
    if disposition := disposition_of(file):
        headers["Content-Disposition"] = disposition
    return headers


def disposition_of(file: File) -> str | None:
    """How to save what is not to be shown: what was uploaded, and whatever might run."""
    if file.download_name is not None:
        return attachment(file.download_name, file.mime)
    if served_type(file.mime).startswith(PLAIN):
        return attachment(file.path.rpartition("/")[2], file.mime)
    return None
