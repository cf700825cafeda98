"""A secret file and a server: both tell whether anybody opened or asked for them."""

import ctypes
import os
import secrets
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

_OPENED: Final = 0x20  # IN_OPEN of inotify(7)
_NONBLOCKING: Final = 0x800


@dataclass
class Canary:
    """`secret` is what the file holds and the server would answer."""

    file: Path
    url: str
    secret: str
    _inotify: int
    _asked: list[str] = field(default_factory=list)

    @property
    def fetched(self) -> list[str]:
        """What the server was asked for, or that somebody connected at all."""
        return list(self._asked)

    def opened(self) -> int:
        """How often the file was opened since the last call."""
        count = 0
        try:
            while found := os.read(self._inotify, 4096):
                at = 0
                while at < len(found):
                    at += 16 + struct.unpack_from("I", found, at + 12)[0]
                    count += 1
        except BlockingIOError:
            return count
        return count

    def assert_untouched(self, *said: str | bytes) -> None:
        """Nobody opened the file or reached the server, and nothing that was said tells of them."""
        assert self.opened() == 0
        assert self.fetched == []
        for words in said:
            text = words if isinstance(words, str) else words.decode(errors="replace")
            assert self.secret not in text


@contextmanager
def canary(folder: Path) -> Iterator[Canary]:
    """Both, with a picture that a reader would take for a part of a film."""
    secret = secrets.token_hex(16)
    # The beginning of a transport stream, so that a playlist's reader has no reason to turn away.
    text = (b"G\x40\x00\x10" + secret.encode()).ljust(188, b"\xff") * 4
    file = folder / "canary.ts"
    file.write_bytes(text)
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """The list is the log."""

    class Server(ThreadingHTTPServer):
        def get_request(self) -> tuple[socket.socket, object]:
            asked.append("a connection")
            return super().get_request()

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(_NONBLOCKING)
    assert libc.inotify_add_watch(watch, os.fsencode(file), _OPENED) >= 0
    url = f"http://127.0.0.1:{server.server_address[1]}/canary.ts"
    try:
        yield Canary(file, url, secret, watch, asked)
    finally:
        os.close(watch)
        server.shutdown()
        thread.join()
        server.server_close()
