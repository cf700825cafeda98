"""A connection to an address that was looked up once, on which every wait has an end.

Nothing here blocks longer than it is told to, nor a moment longer than the work is wanted: each
wait is for the socket, the clock and the token at once.
"""

import errno
import io
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, TypeVar

from core.addresses import REFUSED, Address, Location, Network, is_public, permitted
from core.cancellation import CancelToken
from core.errors import Rejected, Retryable

_T = TypeVar("_T")

# Names to addresses, as texts: (host, port) → addresses. Raises `socket.gaierror`.
Resolver = Callable[[str, int], Sequence[str]]

_ADDRESSES_TRIED: Final = 4
_TICK_SECONDS: Final = 0.05
_UNREACHABLE: Final = "the server cannot be reached"


class Broken(Retryable):
    """A connection that ended, or said nothing, before its time."""


def resolve(host: str, port: int) -> Sequence[str]:
    """What the system knows of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(info[4][0]) for info in found]


def look_up(
    location: Location,
    *,
    allowed: Sequence[Network],
    resolver: Resolver,
    token: CancelToken,
    until: float,
) -> list[Address]:
    """The addresses of a host that may be connected to; the resolver is asked once.

    Raises Rejected, in the same words whether there are only forbidden addresses or none.
    """
    literal = location.literal
    if literal is not None:
        found = [str(literal)]
    else:
        found = list(_asked(lambda: resolver(location.host, location.port), token, until))
    judged = (ip_address(address) for address in found)
    usable = [address for address in dict.fromkeys(judged) if permitted(address, allowed)]
    if not usable:
        raise Rejected(REFUSED)
    return usable


def _asked(ask: Callable[[], Sequence[str]], token: CancelToken, until: float) -> Sequence[str]:
    """The resolver's answer. It cannot be interrupted, so it is asked in a thread."""
    answers: list[Sequence[str] | Exception] = []

    def run() -> None:
        try:
            answers.append(ask())
        except (OSError, UnicodeError) as error:
            answers.append(error)

    thread = threading.Thread(target=run, name="resolve", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_TICK_SECONDS)
        token.check()
        if time.monotonic() >= until:
            break
    answer = answers[0] if answers else TimeoutError()
    if isinstance(answer, socket.gaierror) and answer.errno != socket.EAI_AGAIN:
        raise Rejected(REFUSED)
    if isinstance(answer, Exception):
        raise Retryable("the server's name cannot be looked up now")
    return answer


class Wire(io.RawIOBase):
    """A connected socket that is read and written within bounds; state: the socket.

    `until` is when all waiting ends, by `time.monotonic`: then Broken is raised, and before that
    what the token stands for.
    """

    def __init__(self, sock: socket.socket, token: CancelToken, waker: int, until: float) -> None:
        """`waker` is the token's file descriptor; the socket does not block."""
        self._sock, self._token, self._waker = sock, token, waker
        self.until = until

    def readable(self) -> bool:
        """See `io.RawIOBase`."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`."""
        return self._patiently(lambda: self._sock.recv_into(buffer))

    def send(self, data: bytes) -> None:
        """Send all of it."""
        sent = 0
        while sent < len(data):
            sent += self._patiently(partial(self._sock.send, data[sent:]))

    def connect(self, address: Address, port: int) -> None:
        """Connect to just this address."""
        code = self._sock.connect_ex((str(address), port))
        if code == errno.EINPROGRESS:
            self._wait(select.POLLOUT)
            code = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    def secure(self, context: ssl.SSLContext, name: str) -> None:
        """Go on in TLS with who can show a certificate for `name`."""
        wrapped = context.wrap_socket(
            self._sock,
            server_hostname=name,
            do_handshake_on_connect=False,
            suppress_ragged_eofs=False,  # an end that the server did not sign is a cut
        )
        self._sock = wrapped
        self._patiently(wrapped.do_handshake)

    def ends(self) -> tuple[Address, Address]:
        """The addresses of our end and of the other."""
        ours, theirs = self._sock.getsockname()[0], self._sock.getpeername()[0]
        return ip_address(ours), ip_address(theirs)

    def close(self) -> None:
        """Let go of the connection."""
        self._sock.close()
        super().close()

    def _patiently(self, step: Callable[[], _T]) -> _T:
        while True:
            self._token.check()
            # Also of a server that never makes us wait, since it has more nonsense all the time.
            if time.monotonic() >= self.until:
                raise Broken("the server did not answer in time")
            try:
                return step()
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(select.POLLIN)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT)
            except ssl.SSLCertVerificationError:
                raise
            except OSError:
                raise Broken("the server broke off") from None

    def _wait(self, event: int) -> None:
        poll = select.poll()
        poll.register(self._sock, event)
        poll.register(self._waker, select.POLLIN)
        seconds = self.until - time.monotonic()
        ready = poll.poll(max(0.0, seconds) * 1000) if seconds > 0 else []
        self._token.check()
        if not ready:
            raise Broken("the server did not answer in time")


@cache
def trust() -> ssl.SSLContext:
    """The certificates of this system or of `SSL_CERT_FILE`; those of certifi where it has none."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())):
        return ssl.create_default_context()
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


@contextmanager
def wire_to(
    location: Location,
    addresses: Sequence[Address],
    *,
    context: ssl.SSLContext | None,
    token: CancelToken,
    waker: int,
    seconds: float,
) -> Iterator[Wire]:
    """A connection to the first of the addresses that answers, in TLS where the scheme says so.

    `seconds` is how long each of them may take. Raises Rejected for a certificate that is not
    good for the name, Broken where nobody answers.
    """
    for address in addresses[:_ADDRESSES_TRIED]:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        wire = Wire(sock, token, waker, time.monotonic() + seconds)
        try:
            wire.connect(address, location.port)
            check_ends(wire.ends(), address)
            if location.scheme == "https":
                wire.secure(context or trust(), location.host)
        except ssl.SSLCertVerificationError:
            wire.close()
            raise Rejected("the server's certificate is not good for its name") from None
        except (OSError, Broken):
            wire.close()
            continue
        except BaseException:
            wire.close()
            raise
        try:
            yield wire
        finally:
            wire.close()
        return
    raise Broken(_UNREACHABLE)


def check_ends(ends: tuple[Address, Address], wanted: Address) -> None:
    """The last wall: what answers is what was judged, and not this machine by a public name."""
    ours, theirs = ends
    if theirs != wanted or (ours == theirs and is_public(theirs)):
        raise Rejected(REFUSED)
