"""A web server that takes webhooks; how it answers each is its test's to choose."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """What came with one request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


# A message and its number → a status, a body and further headers.
Answer = Callable[[Message, int], tuple[int, bytes, dict[str, str]]]


def well(_message: Message, _number: int) -> tuple[int, bytes, dict[str, str]]:
    """Whatever comes is taken."""
    return 204, b"", {}


@dataclass(slots=True)
class HookServer:
    """State: what came, in order."""

    port: int = 0
    answer: Answer = well
    came: list[Message] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Message]:
        with self.lock:
            return [one for one in self.came if one.path == path]


@contextmanager
def hook_server() -> Iterator[HookServer]:
    """A server on a free port of loopback."""
    found = HookServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            message = Message(self.path, headers, body)
            with found.lock:
                found.came.append(message)
                number = len([one for one in found.came if one.path == self.path])
            status, answer, further = found.answer(message, number)
            self.send_response(status)
            for name, value in further.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # who was cut off was meant to be

    server = Server(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
