"""A response that sends a stream of events until its client, its permission or the server goes."""

import os
import random
import socket
from time import monotonic
from typing import Any, Final

from anyio import CancelScope, create_task_group, move_on_after
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api.context import Recheck
from api.event_feed import Stream
from api.event_frames import comment, unauthorised
from api.event_hub import EventHub
from api.server import TRANSPORT
from core.errors import AutomatorError
from services.installation import Place

_RETRY = b"retry: 2000\n\n"
_AGAIN_SECONDS: Final = 5.0
# How long the kernel sends to somebody who does not acknowledge.
_UNHEARD_SECONDS: Final = 60
_PARTING_SECONDS: Final = 1.0
# How long a stream goes on while nobody can say whether it may.
_UNSURE_SECONDS: Final = 120.0


class EventResponse(StreamingResponse):
    """Sends what the hub hands its stream; state: when to beat and when to ask for permission."""

    media_type = "text/event-stream"

    def __init__(self, hub: EventHub, stream: Stream, place: Place, recheck: Recheck) -> None:
        """`recheck` tells whose events the caller may read, or raises; they should be `place`'s."""
        super().__init__(iter(()), headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._hub, self._stream = hub, stream
        self._place, self._recheck = place, recheck
        self._beat_at = self._check_at = self._checked_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        extension = scope.get("extensions", {}).get(TRANSPORT, {})
        transport = extension.get("transport")
        if transport is not None:
            _give_up_on_the_unheard(transport)
        try:
            async with create_task_group() as group:
                self._stream.abort = group.cancel_scope.cancel
                group.start_soon(_until_gone, receive, group.cancel_scope)
                await self._send_all(send)
                group.cancel_scope.cancel()
        finally:
            self._stream.abort = lambda: None
            self._hub.leave(self._stream)
        if self._unfinished and transport is not None:
            # The client takes nothing: what is written for it is dropped, and so is the line.
            transport.abort()
            with move_on_after(_PARTING_SECONDS):
                await _until_gone(receive, CancelScope())

    _unfinished = True

    async def _send_all(self, send: Send) -> None:
        stream = self._stream
        self._plan_check()
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        await self._send(send, _RETRY)
        while stream.ended is None:
            data = await stream.take()
            now = monotonic()
            if not data and now >= self._beat_at:
                data = stream.beat()
            if data:
                await self._send(send, data)
            last_word = await self._check() if now >= self._check_at else None
            if last_word is not None:
                break
            stream.due = min(self._beat_at, self._check_at)
        else:
            last_word = comment(stream.ended)
        await self._send(send, last_word, more=False)
        self._unfinished = False

    async def _send(self, send: Send, data: bytes, *, more: bool = True) -> None:
        self._stream.sending_since = monotonic()
        await send({"type": "http.response.body", "body": data, "more_body": more})
        self._stream.sending_since = float("inf")
        self._beat_at = monotonic() + self._hub.beat_seconds

    async def _check(self) -> bytes | None:
        """Whether the caller may still read on; otherwise the stream's last word."""
        try:
            place = await self._recheck()
        except (HTTPException, AutomatorError) as error:
            reason = error.detail if isinstance(error, HTTPException) else str(error)
            return unauthorised(str(reason))
        except SQLAlchemyError:
            # Where nobody can say, nothing new is read either; but not for long.
            if monotonic() - self._checked_at > _UNSURE_SECONDS:
                return comment("the database cannot be reached")
            self._check_at = monotonic() + min(_AGAIN_SECONDS, self._hub.check_seconds)
            return None
        if (place.tenant_id, place.cell) != (self._place.tenant_id, self._place.cell):
            return unauthorised("these events are another tenant's now")
        self._plan_check()
        return None

    def _plan_check(self) -> None:
        """The next check; streams that began together do not all ask together."""
        self._checked_at = monotonic()
        self._check_at = self._checked_at + self._hub.check_seconds * random.uniform(0.8, 1.0)  # noqa: S311


async def _until_gone(receive: Receive, scope: CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


def _give_up_on_the_unheard(transport: Any) -> None:
    """Have the kernel end a line whose other side is gone without a word."""
    handle = transport.get_extra_info("socket")
    if handle is None or handle.family not in (socket.AF_INET, socket.AF_INET6):
        return
    with socket.socket(fileno=os.dup(handle.fileno())) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNHEARD_SECONDS * 1000)
