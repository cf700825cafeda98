"""A server that speaks OpenAI's transcription API; what it hears is its test's to say."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Upload:
    """One request as it came: the form's fields with all their values, and the file."""

    path: str
    headers: dict[str, str]
    fields: dict[str, list[str]]
    file_name: str
    file: bytes


# An upload and its number, from 0 → a status, what is told, and further headers.
Answer = Callable[[Upload, int], tuple[int, Any, dict[str, str]]]

WORDS = ("And", "Mr.", "John", "Dashwood", "had", "then", "leisure")


def verbose(words: tuple[str, ...] = WORDS, each: float = 0.4) -> dict[str, Any]:
    """A verbose answer: those words, one after the other."""
    length = len(words) * each
    return {
        "language": "english",
        "duration": length,
        "text": " ".join(words),
        "words": [
            {"word": word, "start": n * each, "end": (n + 1) * each} for n, word in enumerate(words)
        ],
        "segments": [
            {
                "id": 0, "seek": 0, "start": 0.0, "end": length, "text": " ".join(words),
                "tokens": [1], "temperature": 0.0, "avg_logprob": -0.1, "compression_ratio": 1.0,
                "no_speech_prob": 0.01,
            }
        ],
    }  # fmt: skip


def well(_upload: Upload, _number: int) -> tuple[int, Any, dict[str, str]]:
    """Whatever comes says the same."""
    return 200, verbose(), {}


@dataclass(slots=True)
class TranscriptionServer:
    """State: what came, in order, and how it is answered."""

    url: str = ""
    answer: Answer = well
    came: list[Upload] = field(default_factory=list)


@contextmanager
def transcription_server() -> Iterator[TranscriptionServer]:
    """A server on a free port of loopback."""
    found = TranscriptionServer()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            upload = _upload(self.path, dict(self.headers.items()), body)
            with lock:
                found.came.append(upload)
                number = len(found.came) - 1
            status, told, headers = found.answer(upload, number)
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(content)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Who has heard enough goes: that is no error."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _upload(path: str, headers: dict[str, str], body: bytes) -> Upload:
    plain = {name.lower(): value for name, value in headers.items()}
    head = f"content-type: {plain['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    fields: dict[str, list[str]] = {}
    name, content = "", b""
    for part in message.iter_parts():
        key = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        assert isinstance(key, str)
        assert isinstance(data, bytes)
        if part.get_filename():
            name, content = part.get_filename() or "", data
        else:
            fields.setdefault(key, []).append(data.decode())
    return Upload(path, plain, fields, name, content)
