"""Fetching a file over HTTP from a server that nobody vouches for.

One request after another, each on a connection of its own to an address that was judged
(`core.addresses`, `core.wire`); redirects are followed here, and judged like the first address.
A file that breaks off is gone on with where the server can do that and the file is still the
same. No cookies, no credentials, no proxies, no referrer; nothing is ever unpacked.
"""

import io
import ssl
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Any, Final, Protocol, cast

from core.addresses import Location, Network, follow, last_part, read
from core.answers import check_coding, continuation, length_of, named, text_of, validator_of
from core.cancellation import CancelToken
from core.errors import Rejected, Retryable
from core.wire import Broken, Resolver, Wire, look_up, resolve, wire_to

USER_AGENT: Final = "BrandAutomator/1 (import)"

_READ_BYTES: Final = 256 << 10
_INTERIM: Final = 8
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_LATER: Final = (408, 425, 429)
_TOO_LONG: Final = "fetching the file takes too long"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one `fetch`: sizes in bytes, times in seconds.

    `answer_seconds` is from a request to the end of its answer's headers, `silence_seconds` how
    long nothing may come. Over any `rate_seconds` at least `rate` bytes a second must come. `tries`
    are requests for bytes, with `pause_seconds` between them; `restarts` is how often the file may
    have to be begun anew.
    """

    bytes: int
    seconds: float = 6 * 3600.0
    connect_seconds: float = 10.0
    answer_seconds: float = 30.0
    silence_seconds: float = 30.0
    rate: int = 4096
    rate_seconds: float = 60.0
    redirects: int = 5
    tries: int = 200
    pause_seconds: float = 0.2
    restarts: int = 3


class Sink(Protocol):
    """Where the bytes go, and what is known of them."""

    @property
    def position(self) -> int:
        """How many bytes it has."""
        ...

    @property
    def total(self) -> int | None:
        """How many there will be, where that is known."""
        ...

    @property
    def validator(self) -> str | None:
        """The file's strong ETag or date, which came with its first byte."""
        ...

    def begin(self, validator: str | None, total: int | None) -> None:
        """Forget what has come: the file comes from its first byte."""
        ...

    def add(self, data: bytes) -> None:
        """Take more of it."""
        ...


class _Again(Exception):
    """The same file from its first byte, at once."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer to a request for bytes, and where it came from."""

    location: Location
    response: HTTPResponse
    wire: Wire


@dataclass(frozen=True, slots=True)
class _Reader:
    """What `HTTPResponse` takes for a socket."""

    buffer: io.BufferedReader

    def makefile(self, _mode: str) -> io.BufferedReader:
        return self.buffer


@dataclass(slots=True)
class Fetcher:
    """Fetches one file; state: the bounds that it has used up.

    `allowed` are networks beside the internet. `resolver` and `context` are those of the system.
    """

    token: CancelToken
    limits: Limits
    allowed: Sequence[Network] = ()
    resolver: Resolver = resolve
    context: ssl.SSLContext | None = None
    _waker: int = field(default=-1, init=False)
    _end: float = field(default=0.0, init=False)
    _gained: int = field(default=0, init=False)
    _restarts: int = field(default=0, init=False)

    def fetch(self, url: str, sink: Sink) -> str:
        """Put all of a file into the sink, from where that is on; what the server calls it.

        Raises Rejected for what no other try would change, in words that tell nothing of what
        only we can reach; Retryable for the rest. No message repeats the address.
        """
        location = read(url)
        self._end = time.monotonic() + self.limits.seconds
        with self.token.waking() as self._waker:
            for _ in range(self.limits.tries):
                self._gained = 0
                try:
                    return self._try(location, sink)
                except _Again:
                    pass
                except (Broken, HTTPException) as error:
                    self._judge(error)
                self.token.wait(self.limits.pause_seconds)
                self.token.check()
        raise Retryable("the connection breaks off again and again")

    def _judge(self, error: Exception) -> None:
        """Return where a broken try may be followed by another at once."""
        if time.monotonic() >= self._end:
            raise Retryable(_TOO_LONG) from None
        if self._gained == 0:
            if isinstance(error, Broken):
                raise error
            raise Retryable("what the server answers is broken off, or not HTTP") from None

    def _try(self, location: Location, sink: Sink) -> str:
        if sink.total is not None and 0 < sink.total == sink.position:
            return last_part(location)
        start = sink.position if sink.validator else 0
        with ExitStack() as stack:
            answer = self._ask(location, start, sink.validator, stack)
            end, total = self._agree(answer, start, sink)
            self._take(answer, sink, end)
            if total is not None and sink.position < total:
                raise Broken("the server broke off")
            return named(answer.response.headers) or last_part(answer.location)

    def _ask(
        self, location: Location, start: int, validator: str | None, stack: ExitStack
    ) -> _Answer:
        """The answer at the end of all redirects."""
        further = {"Range": f"bytes={start}-", "If-Range": validator or ""} if start else {}
        for _ in range(self.limits.redirects + 1):
            answer = self._request(location, further, stack)
            status = answer.response.status
            if status not in _REDIRECTS:
                return answer
            reference = answer.response.headers.get("location")
            if reference is None:
                raise Rejected(f"the server answers {status} and does not say where the file is")
            stack.close()
            location = follow(location, text_of(reference))
        raise Rejected(f"the server sends us on more than {self.limits.redirects} times")

    def _request(self, location: Location, further: dict[str, str], stack: ExitStack) -> _Answer:
        limits = self.limits
        until = min(self._end, time.monotonic() + limits.connect_seconds)
        addresses = look_up(
            location, allowed=self.allowed, resolver=self.resolver, token=self.token, until=until
        )
        wire = stack.enter_context(
            wire_to(
                location,
                addresses,
                context=self.context,
                token=self.token,
                waker=self._waker,
                seconds=limits.connect_seconds,
            )
        )
        wire.until = min(self._end, time.monotonic() + limits.answer_seconds)
        headers = {
            "Host": location.authority,
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **further,
        }
        lines = [f"GET {location.target} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items())]
        wire.send("\r\n".join([*lines, "", ""]).encode("ascii"))
        response = HTTPResponse(cast(Any, _Reader(io.BufferedReader(wire, _READ_BYTES))))
        stack.callback(response.close)
        for _ in range(_INTERIM):
            response.begin()
            if response.status >= 200:
                return _Answer(location, response, wire)
            response.headers = cast(Any, None)  # of an interim answer; the next one is read
        raise HTTPException("nothing but interim answers")

    def _agree(self, answer: _Answer, start: int, sink: Sink) -> tuple[int | None, int | None]:
        """Where the bytes that come now end, and the file, if that is known.

        Where they are the file's first, the sink begins anew.
        """
        status, headers = answer.response.status, answer.response.headers
        if status == 416 and start:
            self._restart(sink, None, None)
            raise _Again
        if status in _LATER or status >= 500:
            raise Retryable(f"the server answers {status}")
        if status not in (200, 206) or (status == 206 and not start):
            raise Rejected(f"the server answers {status}")
        check_coding(headers)
        if status == 206:
            continued = continuation(headers, start, sink)
            if continued is None:
                self._restart(sink, None, None)
                raise _Again
            self._check_size(continued[1])
            return continued
        length = length_of(headers)
        self._check_size(length)
        self._restart(sink, validator_of(headers), length)
        return length, length

    def _restart(self, sink: Sink, validator: str | None, total: int | None) -> None:
        if sink.position:
            self._restarts += 1
            if self._restarts > self.limits.restarts:
                raise Retryable("the file cannot be gone on with, and breaks off each time")
        sink.begin(validator, total)

    def _take(self, answer: _Answer, sink: Sink, end: int | None) -> None:
        limits = self.limits
        since, came = time.monotonic(), 0
        while end is None or sink.position < end:
            answer.wire.until = min(self._end, time.monotonic() + limits.silence_seconds)
            wanted = _READ_BYTES if end is None else min(_READ_BYTES, end - sink.position)
            data = answer.response.read1(wanted)[:wanted]
            if not data:
                break
            self._check_size(sink.position + len(data))
            sink.add(data)
            self._gained += len(data)
            came += len(data)
            passed = time.monotonic() - since
            if passed >= limits.rate_seconds:
                if came < limits.rate * passed:
                    raise Retryable("the server sends too slowly")
                since, came = time.monotonic(), 0
            if time.monotonic() >= self._end:  # a server that always has something never waits
                raise Retryable(_TOO_LONG)

    def _check_size(self, size: int | None) -> None:
        if size is not None and size > self.limits.bytes:
            raise Rejected(f"the file has more than {self.limits.bytes} bytes")
