"""A web server on this machine that answers with byte ranges, as a content network does."""

import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "video/mp4",
    ".mpd": "application/dash+xml",
    ".vtt": "text/vtt",
}
_RANGE: Final = re.compile(r"bytes=(\d+)-(\d*)\Z")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for and how it was answered."""

    path: str
    status: int
    ranged: bool


@dataclass(frozen=True, slots=True)
class Served:
    """The server's address, without a slash at the end, and all that was asked of it so far."""

    url: str
    requests: list[Request] = field(default_factory=list)


@contextmanager
def serve(mounts: Mapping[str, Path]) -> Iterator[Served]:
    """Serve folders below their names, such as `/package/`, until the block ends."""
    log: list[Request] = []

    class Handler(_Handler):
        folders = mounts
        requests = log

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}", log)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        # Players hang up in the middle whenever they change their mind.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folders: Mapping[str, Path]
    requests: list[Request]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self._file()
        if path is None:
            self._answer(404, b"", {})
            return
        body, headers = path.read_bytes(), {"Content-Type": _TYPES[path.suffix]}
        asked = _RANGE.match(self.headers.get("Range", ""))
        if asked is None:
            self._answer(200, body, headers)
            return
        begin, end = int(asked[1]), min(int(asked[2] or len(body)) + 1, len(body))
        if begin >= end:
            self._answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
            return
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{len(body)}"
        self._answer(206, body[begin:end], headers)

    def _file(self) -> Path | None:
        _, mount, *rest = unquote(urlsplit(self.path).path).split("/")
        if mount not in self.folders or any(part in ("", ".", "..") for part in rest):
            return None
        path = self.folders[mount].joinpath(*rest)
        return path if path.is_file() and path.suffix in _TYPES else None

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        path = urlsplit(self.path).path
        self.requests.append(Request(path, status, "Range" in self.headers))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- of the base class
        """Nothing: the requests are kept."""
