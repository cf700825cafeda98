"""A proxy before an emulator of cloud storage: it remembers requests, and fails as it is told."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass(slots=True)
class Asked:
    """A request as it came; a fault may change what is passed on."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def sends(self) -> bool:
        """Whether bytes of a file are in it that go over a session."""
        said = self.headers.get("content-range", "")
        return self.method == "PUT" and bool(said) and "*/" not in said

    @property
    def asks(self) -> bool:
        """Whether it asks how far a session is."""
        return self.method == "PUT" and "bytes */" in self.headers.get("content-range", "")


@dataclass(slots=True)
class Answer:
    """What comes back; a fault may change it. Of a cut one only the head and a half come."""

    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool = False
    lost: bool = False


Fault = Callable[[Asked, Callable[[Asked], Answer]], Answer | None]


def status(code: int, body: bytes = b"") -> Answer:
    """An answer of the proxy's own."""
    return Answer(code, {"Content-Type": "application/json"}, body)


LOST = Answer(0, {}, b"", lost=True)


@dataclass(slots=True)
class Proxy:
    """State: what was asked, and what shall fail. A fault that answers None lets it pass."""

    url: str
    upstream: str
    bucket: str = ""
    asked: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def once(self, matches: Callable[[Asked], bool], fault: Fault) -> None:
        """Fail in this way at the next request that matches."""

        def first(asked: Asked, go_on: Callable[[Asked], Answer]) -> Answer | None:
            if not matches(asked):
                return None
            self.faults.remove(first)
            return fault(asked, go_on)

        self.faults.append(first)

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        for fault in list(self.faults):
            if (answer := fault(asked, self._pass_on)) is not None:
                return answer
        return self._pass_on(asked)

    def _pass_on(self, asked: Asked) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=30)
        try:
            connection.request(asked.method, asked.path, asked.body, asked.headers)
            came = connection.getresponse()
            dropped = ("transfer-encoding", "connection", "content-length", "date", "server")
            headers = {k: v for k, v in came.getheaders() if k.lower() not in dropped}
            body = came.read()
        finally:
            connection.close()
        if "Location" in headers:
            headers["Location"] = headers["Location"].replace(self.upstream, self.url)
        return Answer(came.status, headers, body)


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    """A proxy on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = made.answer(Asked(self.command, self.path, headers, body))
            if answer.lost:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            half = answer.body[: len(answer.body) // 2]
            self.wfile.write(half if answer.cut else answer.body)
            self.close_connection = answer.cut

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - http.server's names

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Proxy(f"http://127.0.0.1:{server.server_address[1]}", upstream)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
