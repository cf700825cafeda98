"""Answers that are remembered, by everything that made them what they are."""

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol

from pydantic import BaseModel, ValidationError

from ai.text.errors import Unfit
from ai.text.schema import fitted, wire_schema
from ai.text.types import (
    Answer,
    Assistant,
    Flag,
    FlagKind,
    Image,
    Message,
    Part,
    Request,
    ToolResult,
    Untrusted,
    Usage,
)

# What a key or an answer is made of; a new number forgets what was remembered.
_VERSION: Final = 1


class Store(Protocol):
    """Bytes by key, which may be forgotten at any time. Values are a tenant's: keep them so."""

    def get(self, key: str) -> bytes | None:
        """What lies there."""
        ...

    def put(self, key: str, value: bytes) -> None:
        """Remember it for a while."""
        ...


class MemoryStore:
    """A store of one process; state: the values used last, bounded in number, bytes and age."""

    def __init__(
        self,
        *,
        entries: int = 1000,
        size: int = 16 << 20,
        seconds: float = 24 * 3600.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`size` is in bytes of values; a value of more than a tenth of it is not kept."""
        self._entries, self._size, self._seconds, self._now = entries, size, seconds, now
        self._lock = threading.Lock()
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> bytes | None:
        """The protocol's."""
        with self._lock:
            at, value = self._values.get(key, (0.0, b""))
            if key not in self._values:
                return None
            if self._now() - at > self._seconds:
                self._drop(key)
                return None
            self._values.move_to_end(key)
            return value

    def put(self, key: str, value: bytes) -> None:
        """The protocol's."""
        if len(value) > self._size // 10:
            return
        with self._lock:
            self._drop(key)
            self._values[key] = self._now(), value
            self._bytes += len(value)
            while len(self._values) > self._entries or self._bytes > self._size:
                self._drop(next(iter(self._values)))

    def _drop(self, key: str) -> None:
        _, value = self._values.pop(key, (0.0, b""))
        self._bytes -= len(value)


def key_of(request: Request, chain: Sequence[tuple[str, str, str]], emails: bool) -> str:
    """The key of a request to a chain of (provider, model, address).

    Secrets that are taken out before sending are part of it, too: it is a digest, and two requests
    that differ only in them are two.
    """
    made: dict[str, Any] = {
        "version": _VERSION,
        "scope": request.scope,
        "chain": [list(one) for one in chain],
        "system": request.system,
        "messages": [_message(message) for message in request.messages],
        "shape": _shape(request.shape),
        "tools": [[tool.name, tool.description, _shape(tool.arguments)] for tool in request.tools],
        "tokens": request.most_tokens,
        "temperature": request.temperature,
        "links": request.known_links,
        "emails": emails,
    }
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()


def _shape(model: type[BaseModel] | None) -> Any:
    return (
        None if model is None else [model.__name__, model.model_json_schema(), wire_schema(model)]
    )


def _message(message: Message) -> Any:
    if isinstance(message, Assistant):
        calls = [[call.id, call.name, dict(call.arguments)] for call in message.calls]
        return ["assistant", message.text, calls]
    if isinstance(message, ToolResult):
        return ["tool", message.call.id, message.call.name, message.text]
    return ["user", [_part(part) for part in message.parts]]


def _part(part: Part) -> list[str]:
    if isinstance(part, Image):
        return ["image", hashlib.sha256(part.data).hexdigest()]
    if isinstance(part, Untrusted):
        return ["untrusted", part.what, part.text]
    return ["text", part.text]


def packed(answer: Answer) -> bytes:
    """An answer as bytes, without its attempts."""
    return json.dumps(
        {
            "text": answer.text,
            "provider": answer.provider,
            "model": answer.model,
            "flags": [[flag.kind, flag.text] for flag in answer.flags],
            "redacted": dict(answer.redacted),
        }
    ).encode()


def unpacked(data: bytes, shape: type[BaseModel] | None) -> Answer | None:
    """The answer, if it still fits its shape: what it once cost is not paid again."""
    try:
        found = json.loads(data)
        value = fitted(found["text"], shape) if shape is not None else None
        return Answer(
            text=found["text"],
            calls=(),
            value=value,
            provider=found["provider"],
            model=found["model"],
            usage=Usage(),
            cost=Decimal(0),
            flags=tuple(Flag(FlagKind(kind), text) for kind, text in found["flags"]),
            redacted=found["redacted"],
            remembered=True,
        )
    except (Unfit, ValidationError, ValueError, KeyError, TypeError):
        return None
