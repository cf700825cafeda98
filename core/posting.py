"""Posting a message to a server that nobody vouches for, once, within bounds.

The connection goes to an address that was judged (`core.addresses`, `core.wire`). No redirect is
followed, no more of the answer is read than is kept, and nothing of ours is sent but the message.
"""

import io
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException, HTTPResponse
from typing import Any, Final, cast

from core.addresses import REFUSED as INWARD
from core.addresses import Network, read
from core.cancellation import CancelToken
from core.errors import Rejected, Retryable
from core.wire import Resolver, Wire, look_up, resolve, wire_to

USER_AGENT: Final = "BrandAutomator/1 (webhook)"
REFUSED: Final = "nothing is sent to this address"

_INTERIM: Final = 8
_READ_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Posted:
    """An answer: its status, the beginning of its body, and the pause that it asks for, if any."""

    status: int
    excerpt: str
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class _Reader:
    """What `HTTPResponse` takes for a socket."""

    buffer: "io.BufferedReader[Wire]"

    def makefile(self, _mode: str) -> "io.BufferedReader[Wire]":
        return self.buffer


@dataclass(frozen=True, slots=True)
class Poster:
    """How messages are posted: `seconds` for all of it, `connect_seconds` for each address.

    `allowed` are networks beside the internet; at most `excerpt` bytes of an answer are read.
    """

    allowed: Sequence[Network] = ()
    seconds: float = 15.0
    connect_seconds: float = 5.0
    excerpt: int = 1024
    resolver: Resolver = resolve
    context: ssl.SSLContext | None = None

    def post(self, url: str, body: bytes, headers: Mapping[str, str], token: CancelToken) -> Posted:
        """What the server answers, whatever that is.

        Raises Rejected where nothing is sent there, and Retryable where no answer comes; neither
        tells anything of what only we can reach.
        """
        location = read(url)
        until = time.monotonic() + self.seconds
        told = {
            "Host": location.authority,
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "Content-Length": str(len(body)),
            **headers,
        }
        lines = [f"POST {location.target} HTTP/1.1", *(f"{k}: {v}" for k, v in told.items())]
        request = "\r\n".join([*lines, "", ""]).encode("ascii") + body
        with token.waking() as waker:
            try:
                addresses = look_up(
                    location, allowed=self.allowed, resolver=self.resolver, token=token, until=until
                )
                with wire_to(
                    location,
                    addresses,
                    context=self.context,
                    token=token,
                    waker=waker,
                    seconds=min(self.connect_seconds, self.seconds),
                ) as wire:
                    wire.until = until
                    wire.send(request)
                    return self._answer(wire)
            except Rejected as error:
                raise Rejected(REFUSED if str(error) == INWARD else str(error)) from None

    def _answer(self, wire: Wire) -> Posted:
        buffer = io.BufferedReader(wire, _READ_BYTES)
        with closing(HTTPResponse(cast(Any, _Reader(buffer)), method="POST")) as response:
            return self._read(response)

    def _read(self, response: HTTPResponse) -> Posted:
        try:
            for _ in range(_INTERIM):
                response.begin()
                if response.status >= 200:
                    break
                response.headers = cast(Any, None)  # of an interim answer; the next one is read
            else:
                raise Retryable("what the server answers is not HTTP")
        except (HTTPException, ValueError):
            raise Retryable("what the server answers is not HTTP") from None
        after = _pause(response.headers.get("retry-after", ""))
        try:
            excerpt = response.read(self.excerpt)
        except (HTTPException, Retryable, ValueError):
            excerpt = b""  # the status is what counts
        return Posted(response.status, _shown(excerpt), after)


def _shown(excerpt: bytes) -> str:
    text = excerpt.decode("utf-8", "replace")
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in text)


def _pause(value: str) -> float | None:
    """Retry-After in seconds, as a number or as a date; None for nonsense."""
    value = value.strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
