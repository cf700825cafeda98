"""A server on loopback that says whatever a test wants, byte by byte."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PATIENCE_SECONDS = 20.0


@dataclass(slots=True)
class Asked:
    """One request, and the connection to answer it on."""

    line: str
    headers: dict[str, str]
    connection: socket.socket
    number: int
    closing: threading.Event

    def wait(self, seconds: float) -> None:
        """Do nothing for so long; breaks off where the server closes meanwhile."""
        if self.closing.wait(seconds):
            raise ConnectionAbortedError

    @property
    def begin(self) -> int:
        """Where the bytes that are asked for begin; 0 where all are."""
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        return int(found[1]) if found else 0

    def say(self, *lines: str, body: bytes = b"") -> None:
        """Send a head of these lines, and a body."""
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


Answer = Callable[[Asked], None]


@dataclass(slots=True)
class FarServer:
    """State: what it was asked, in order."""

    answer: Answer
    listener: socket.socket
    port: int
    context: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _connections: list[socket.socket] = field(default_factory=list)

    def url(self, path: str = "/film.mp4", host: str = "127.0.0.1") -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://{host}:{self.port}{path}"

    def ranges(self) -> list[int]:
        """Where each request wanted to begin."""
        return [asked.begin for asked in self.asked]

    def run(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # Whoever is asked for nonsense breaks off: that is no error of the server's.
        with suppress(OSError):
            connection.settimeout(PATIENCE_SECONDS)
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    more = connection.recv(65536)
                    if not more:
                        return
                    head += more
                line, *rest = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
                headers = dict(one.lower().split(": ", 1) for one in rest)
                asked = Asked(line, headers, connection, len(self.asked), self.closing)
                self.asked.append(asked)
                self.answer(asked)

    def close(self) -> None:
        self.closing.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(5)


@contextmanager
def far_server(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[FarServer]:
    """A server for the length of a block."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    server = FarServer(answer, listener, listener.getsockname()[1], context)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(5)


def a_file(
    data: bytes, *, etag: str = '"one"', cut: Callable[[Asked], int | None] = lambda _: None
) -> Answer:
    """An honest server of one file with ranges; `cut` says how many bytes a connection lasts."""

    def answer(asked: Asked) -> None:
        begin = asked.begin if asked.headers.get("if-range") == etag.lower() else 0
        head = [f"Content-Length: {len(data) - begin}", f"ETag: {etag}", "Accept-Ranges: bytes"]
        if begin >= len(data) and begin:
            asked.say("HTTP/1.1 416 Range Not Satisfiable", "Content-Length: 0")
        elif begin:
            span = f"Content-Range: bytes {begin}-{len(data) - 1}/{len(data)}"
            asked.say("HTTP/1.1 206 Partial Content", *head, span, body=data[begin:][: cut(asked)])
        else:
            asked.say("HTTP/1.1 200 OK", *head, body=data[: cut(asked)])

    return answer
