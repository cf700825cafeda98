"""What comes over a line before there is a request: how much of it, and for how long.

uvicorn's parser bounds neither: a head could grow and dribble for ever. What is refused here is
answered as a problem, where something can be answered, and is one line in the log.
"""

import asyncio
from typing import Any, Final
from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api import problems
from api.observing import UNMATCHED
from core.logging import get_logger, log_context

_log = get_logger("api.requests")

HEAD_BYTES: Final = 64 << 10
HEADERS: Final = 100
URL_BYTES: Final = 16 << 10
# Requests that wait behind the one that is being answered.
PIPELINED: Final = 16
_LINGER_SECONDS: Final = 2.0

_Refusal = tuple[int, str, str]
_MALFORMED: Final[_Refusal] = (400, "bad_request", "this is no HTTP that we read")
_LARGE: Final[_Refusal] = (
    431,
    "request_header_fields_too_large",
    f"a request's head has at most {HEADERS} headers and {HEAD_BYTES} bytes",
)
_LONG: Final[_Refusal] = (414, "uri_too_long", f"an address has at most {URL_BYTES} bytes")
_SLOW: Final[_Refusal] = (408, "request_timeout", "the request's head took too long to come")
_MANY: Final[_Refusal] = (429, "rate_limited", "too many requests at once on one line")


class _Refused(Exception):
    """Ends the parser's work."""


class BoundedLine(HttpToolsProtocol):
    """uvicorn's protocol with bounds; state: how far a head is, and since when it comes.

    The time of a head is counted from when nothing else was under way; so is that of what still
    comes of a body that was answered without it.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called once."""
        super().connection_made(transport)
        self._in_head = False
        self._head_bytes = self._headers = self._counted = 0
        self._refusal: _Refusal | None = None
        self._ended = False
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called once, at the end."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Called with whatever has come."""
        if self._ended or self.transport.is_closing():
            return
        began_before = self._in_head
        super().data_received(data)
        if self._in_head and began_before:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse(_LARGE)
        if self._timer is None and not (self._busy or self._ended or self.transport.is_closing()):
            self._wait()

    def on_message_begin(self) -> None:
        """Called when a request begins."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = self._headers = self._counted = 0

    def on_url(self, url: bytes) -> None:
        """Called with a part of the address."""
        super().on_url(url)
        if len(self.url) > URL_BYTES:
            self._stop(_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called with each header."""
        super().on_header(name, value)
        self._headers += 1
        self._counted += len(name) + len(value)
        if self._headers > HEADERS or self._counted > HEAD_BYTES:
            self._stop(_LARGE)

    def on_headers_complete(self) -> None:
        """Called when a head is whole."""
        self._in_head = False
        if len(self.pipeline) >= PIPELINED:
            self._stop(_MANY)
        self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Called when the parser has given up."""
        self._refuse(self._refusal or _MALFORMED)

    def _unsupported_upgrade_warning(self) -> None:
        """The request is answered as it is, and that has its line in the log."""

    @property
    def _app(self) -> Any:
        """The state of our application."""
        app: Any = self.config.app
        return app.state

    @property
    def _busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _stop(self, refusal: _Refusal) -> None:
        self._refusal = refusal
        raise _Refused

    def _wait(self) -> None:
        seconds = self._app.installation.settings.head_seconds
        self._timer = self.loop.call_later(seconds, self._late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self._in_head:
            self._refuse(_SLOW)
        elif not self._busy:
            self.transport.close()

    def _refuse(self, refusal: _Refusal) -> None:
        """Answer, where that harms no other answer, and end the line."""
        if self._ended or self.transport.is_closing():
            return
        self._ended, self._refusal = True, refusal
        self._stop_waiting()
        request_id, cycle = uuid4().hex, self.cycle
        status, code, detail = refusal
        in_body = self._busy and cycle.more_body
        if not in_body:  # else the request has a line of its own, which says that it was broken off
            with log_context(request_id=request_id):
                _log.info(
                    "request",
                    method="other",
                    route=UNMATCHED,
                    status=status,
                    seconds=0.0,
                    code=code,
                )
            self._app.meters.of("other", UNMATCHED).count(status, 0.0, None, 0, 0)
        if self._busy and (self.pipeline or not in_body):
            cycle.keep_alive = False  # the requests before it are answered first
            return
        if self._busy and cycle.response_started:
            self.transport.close()
            return
        if self._busy:  # whatever the application answers now comes too late
            cycle.disconnected, cycle.waiting_for_100_continue = True, False
            cycle.message_event.set()
        # What still comes is dropped for a moment: a line that is closed on it loses the answer.
        self.transport.write(_answer(status, code, detail, request_id))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(_LINGER_SECONDS, self.transport.close)


def _answer(status: int, code: str, detail: str, request_id: str) -> bytes:
    with log_context(request_id=request_id):
        body = bytes(problems.problem(status, code, detail).body)
    head = (
        f"content-type: {problems.MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
        f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
    )
    return STATUS_LINE[status] + head.encode() + body
