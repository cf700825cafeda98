"""Spans for OpenTelemetry, where the environment names a collector; nothing anywhere else.

`OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`) turns it on, and the SDK's other standard
variables say how. The SDK is imported only then, and after the last fork: its thread would not
survive one. What leaves is best effort: the queue is bounded, a collector that does not answer
slows nobody down and is complained of once in ten minutes.

A place in a trace travels as text, a traceparent (W3C Trace Context).
"""

import hashlib
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Literal

from core.logging import get_logger

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Span as SdkSpan
    from opentelemetry.sdk.trace import TracerProvider

Kind = Literal["internal", "server", "producer", "consumer"]
Value = str | int | float | bool | None

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
# The SDK's own are 5 s and 10 s; a worker that is told to stop has a second.
_DEFAULTS: Final = {"OTEL_BSP_SCHEDULE_DELAY": "1000", "OTEL_EXPORTER_OTLP_TIMEOUT": "5"}
_TRACEPARENT: Final = re.compile("[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_COMPLAINT_SECONDS: Final = 600.0

_log = get_logger(__name__)


class _State:
    """The process's provider, and the span that its threads work for."""

    provider: "TracerProvider | None" = None
    ambient: "SdkSpan | None" = None


_next_id: ContextVar[int | None] = ContextVar("next span's id", default=None)


class Span:
    """What happens meanwhile; state: attributes, until the block ends."""

    def __init__(self, span: "SdkSpan | None" = None) -> None:
        """Without a span, everything is nothing."""
        self._span = span

    def set(self, attributes: Mapping[str, Value]) -> None:
        """Add attributes; those of the value None are left out."""
        if self._span is not None:
            self._span.set_attributes(_told(attributes))

    def rename(self, name: str) -> None:
        """Give another name."""
        if self._span is not None:
            self._span.update_name(name)

    def fail(self, reason: str) -> None:
        """Mark as failed."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_status(StatusCode.ERROR, reason)


NOTHING: Final = Span()


def wanted() -> bool:
    """Whether the environment asks for traces."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    none = os.environ.get("OTEL_TRACES_EXPORTER", "").lower() == "none"
    return not (off or none) and any(os.environ.get(name) for name in _ENDPOINTS)


def is_on() -> bool:
    """Whether this process sends spans."""
    return _State.provider is not None


def start(program: str) -> None:
    """Send this process's spans from now on, where that is wanted; call it after every fork."""
    if not wanted():
        return
    if sys.modules.get("opentelemetry.sdk.metrics", ...) is None:
        del sys.modules["opentelemetry.sdk.metrics"]  # core/__init__.py put it there
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Ids(RandomIdGenerator):
        """Spans whose ids are known beforehand, so that others can refer to them."""

        def generate_span_id(self) -> int:
            return _next_id.get() or super().generate_span_id()

    told = logging.getLogger("opentelemetry")
    told.handlers, told.propagate = [_Complaints()], False
    name = os.environ.get("OTEL_SERVICE_NAME") or f"automator-{program}"
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: name}),
        id_generator=Ids(),
        shutdown_on_exit=False,  # it would wait for a dead collector
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _State.provider = provider
    _State.ambient = None


def flush(seconds: float) -> None:
    """Send what is waiting, for so long at most."""
    provider = _State.provider
    if provider is not None:
        # The SDK's own limit is not kept.
        sender = threading.Thread(target=provider.force_flush, name="flush", daemon=True)
        sender.start()
        sender.join(seconds)


@contextmanager
def span(
    name: str,
    *,
    kind: Kind = "internal",
    parent: str | None = None,
    identity: str | None = None,
    links: Sequence[str] = (),
    ambient: bool = False,
    attributes: Mapping[str, Value] | None = None,
) -> Iterator[Span]:
    """What happens in the block, as a span below `parent` or else below the current one.

    `identity` is what its id is made of: `place_of` says it beforehand. `links` are places. An
    `ambient` one is also the parent of what other threads do meanwhile. What an exception ends has
    failed; its message, which may be a secret, is not told.
    """
    if _State.provider is None:
        yield NOTHING
        return
    from opentelemetry import trace

    token = _next_id.set(_span_id(identity) if identity is not None else None)
    try:
        opened: Any = _State.provider.get_tracer("automator").start_span(
            name,
            context=_context(parent),
            kind=trace.SpanKind[kind.upper()],
            attributes=_told(attributes or {}),
            links=[trace.Link(found) for link in links if (found := _place(link)) is not None],
        )
    finally:
        _next_id.reset(token)
    known = Span(opened)
    before = _State.ambient
    if ambient:
        _State.ambient = opened
    try:
        with trace.use_span(opened, record_exception=False, set_status_on_exception=False):
            yield known
    except BaseException as error:
        known.fail(type(error).__name__)
        raise
    finally:
        if ambient:
            _State.ambient = before
        opened.end()


def child(name: str, attributes: Mapping[str, Value] | None = None) -> AbstractContextManager[Span]:
    """A span below what this process is at; none where it is at nothing that is traced."""
    return nullcontext(NOTHING) if current() is None else span(name, attributes=attributes)


def current() -> str | None:
    """The place that this is, to be told to others."""
    if _State.provider is None:
        return None
    from opentelemetry import trace

    found = trace.get_current_span().get_span_context()
    if not found.is_valid and _State.ambient is not None:
        found = _State.ambient.get_span_context()
    return _text(found) if found.is_valid else None


def place_of(trace_of: str, identity: str) -> str:
    """The place of a span of this identity in the trace of another place."""
    version_and_trace, _, flags = trace_of[:35], trace_of[36:52], trace_of[53:]
    return f"{version_and_trace}-{_span_id(identity):016x}-{flags}"


def is_place(text: str) -> bool:
    """Whether this is a traceparent of a version that is known and of no zeros."""
    found = _TRACEPARENT.fullmatch(text)
    return found is not None and text[:2] == "00" and bool(int(found[1], 16) and int(found[2], 16))


def _span_id(identity: str) -> int:
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8], "big") or 1


def _told(attributes: Mapping[str, Value]) -> dict[str, str | int | float | bool]:
    return {name: value for name, value in attributes.items() if value is not None}


def _text(context: Any) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def _place(text: str) -> Any:
    if not is_place(text):
        return None
    from opentelemetry import trace

    _, trace_id, span_id, flags = text.split("-")
    return trace.SpanContext(
        int(trace_id, 16),
        int(span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(flags, 16)),
    )


def _context(parent: str | None) -> Any:
    from opentelemetry import context, trace

    place = _place(parent) if parent is not None else None
    if place is not None:
        return trace.set_span_in_context(trace.NonRecordingSpan(place), context.Context())
    if not trace.get_current_span().get_span_context().is_valid and _State.ambient is not None:
        return trace.set_span_in_context(_State.ambient)
    return None


class _Complaints(logging.Handler):
    """Passes on the first complaint of the SDK, and then one in ten minutes."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._next = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _COMPLAINT_SECONDS
            _log.warning("spans cannot be sent", reason=record.getMessage()[:500])
