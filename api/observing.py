"""Every request has an id, one line in the log, meters by its route, and where wanted a span.

What is told of a request never has its path, its query or its headers: they hold tokens. It has the
route's template, or `unmatched`.
"""

import re
import time
from contextlib import ExitStack
from typing import Any, Final
from uuid import uuid4

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.meters import Meters
from core import tracing
from core.logging import forget_context, get_logger, log_context

HEADER: Final = "X-Request-Id"
UNMATCHED: Final = "unmatched"
# What nginx calls it when a client has gone before there was an answer.
_GONE: Final = 499
_ID: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every second by machines: logged on the level DEBUG, and no trace of theirs is of interest.
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})

_log = get_logger("api.requests")


def install(app: FastAPI) -> None:
    """Observe everything that the application answers, also with what it did not expect."""
    build = app.build_middleware_stack

    def observed() -> ASGIApp:
        return Observed(build(), app)

    app.build_middleware_stack = observed  # type: ignore[method-assign]


class Observed:
    """The outermost layer of an application, but for `api/gateway.py`."""

    def __init__(self, inner: ASGIApp, app: FastAPI) -> None:
        """`inner` is all the other layers of `app`."""
        self._inner, self._app = inner, app
        self._meters: Meters = app.state.meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        meters = self._meters
        meters.in_flight += 1
        with ExitStack() as stack:
            stack.enter_context(log_context(request_id=exchange.request_id))
            stack.callback(forget_context, "tenant_id")
            quiet = scope["path"] in _QUIET
            span = None
            if tracing.is_on() and not quiet:
                span = stack.enter_context(
                    tracing.span("request", kind="server", parent=exchange.trace)
                )
            try:
                await self._inner(scope, exchange.receive, exchange.send)
            finally:
                meters.in_flight -= 1
                self._tell(scope, exchange, span, quiet=quiet)

    def _tell(
        self, scope: Scope, exchange: "_Exchange", span: tracing.Span | None, *, quiet: bool
    ) -> None:
        seconds = time.perf_counter() - exchange.began
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = self._template(scope)
        status = exchange.status or (_GONE if exchange.gone else 500)
        self._meters.of(method, route).count(
            status, seconds, exchange.first, exchange.taken, exchange.given
        )
        facts: dict[str, Any] = {
            "method": method,
            "route": route,
            "status": status,
            "seconds": round(seconds, 6),
        }
        if not exchange.complete:
            facts["broken_off"] = True
        (_log.debug if quiet else _log.info)("request", **facts)
        if span is not None:
            span.rename(f"{method} {route}")
            span.set(
                {
                    "http.request.method": method,
                    "http.route": route,
                    "http.response.status_code": status,
                    "automator.request_id": exchange.request_id,
                }
            )
            if status >= 500:
                span.fail(str(status))

    def _template(self, scope: Scope) -> str:
        """The route that answered, as it was written: with names for what stands in it."""
        included = scope.get("fastapi", {}).get("effective_route_context")
        route = included or scope.get("route")
        if route is not None:
            return str(getattr(route, "path_format", route.path))  # as the document has it
        endpoint = scope.get("endpoint")
        if endpoint is not None:
            for candidate in self._app.router.routes:
                if endpoint in (
                    getattr(candidate, "endpoint", None),
                    getattr(candidate, "app", None),
                ):
                    return str(getattr(candidate, "path", UNMATCHED))
        return UNMATCHED


class _Exchange:
    """One request and its answer, as they pass by; state: what has passed."""

    __slots__ = (
        "_receive", "_send", "began", "complete", "first", "given", "gone", "request_id", "status",
        "taken", "trace",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.began = time.perf_counter()
        self._receive, self._send = receive, send
        self.status, self.first = 0, None  # type: int, float | None
        self.taken = self.given = 0
        self.complete = self.gone = False
        self.trace: str | None = None
        self.request_id = ""
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _ID.fullmatch(value):
                self.request_id = value.decode("ascii")
            elif name == b"traceparent" and len(value) == 55:
                text = value.decode("latin-1")
                self.trace = text if tracing.is_place(text) else None
        if not self.request_id:
            self.request_id = self.trace[3:35] if self.trace else uuid4().hex

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self.taken += len(message.get("body", b""))
        elif message["type"] == "http.disconnect":
            self.gone = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.first = time.perf_counter() - self.began
            own = (HEADER.lower().encode(), self.request_id.encode())
            message = {**message, "headers": [*message.get("headers", ()), own]}
            await self._send(message)
            return
        await self._send(message)
        if message["type"] == "http.response.body":
            self.given += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
