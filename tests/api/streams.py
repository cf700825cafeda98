"""Clients of event streams: one in a thread that reads all, and a crowd on one event loop."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.api.serving import TOKEN


@dataclass(frozen=True, slots=True)
class Told:
    """One event as a client sees it."""

    id: str
    event: str
    data: dict[str, Any]

    @property
    def seq(self) -> int:
        return int(self.id.partition(".")[2])


@dataclass(slots=True)
class Parser:
    """What a browser makes of a response; state: what has come, and the last id."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    last_id: str = ""
    comments: list[str] = field(default_factory=list)
    blocks: int = 0
    complete: bool = False
    body: bytes = b""
    _raw: bytes = b""
    _text: bytes = b""

    def feed(self, data: bytes) -> None:
        """Take in more bytes of the connection."""
        self._raw += data
        if self.status is None:
            head, found, rest = self._raw.partition(b"\r\n\r\n")
            if not found:
                return
            first, *lines = head.decode("latin-1").split("\r\n")
            self.status = int(first.split()[1])
            self.headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
            self._raw = rest
        if "transfer-encoding" not in self.headers:
            self.body, self._raw = self.body + self._raw, b""
            return
        while True:
            size, found, rest = self._raw.partition(b"\r\n")
            if not found or len(rest) < (length := int(size, 16)) + 2:
                break
            self._text += rest[:length]
            self._raw = rest[length + 2 :]
            self.complete = self.complete or length == 0
        *blocks, self._text = self._text.split(b"\n\n")
        for block in blocks:
            self._block(block.decode())

    def _block(self, block: str) -> None:
        self.blocks += 1
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not name:
                self.comments.append(value)
            else:
                fields[name] = value
        self.last_id = fields.get("id", self.last_id)
        if "data" in fields:
            data = json.loads(fields["data"])
            self.told.append(Told(self.last_id, fields.get("event", "message"), data))


def request(path: str = "/v1/events", after: str | None = None, token: str = TOKEN) -> bytes:
    """The bytes that ask for a stream."""
    head = f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n"
    if after is not None:
        head += f"Last-Event-ID: {after}\r\n"
    return f"{head}\r\n".encode("latin-1")


class Reader(threading.Thread):
    """Reads a stream until it ends; state: the connection and what came by it."""

    def __init__(
        self, port: int, path: str = "/v1/events", after: str | None = None, token: str = TOKEN
    ) -> None:
        """Asks at once, and has the answer's head when it returns."""
        super().__init__(daemon=True)
        self.parser = Parser()
        self.ended = threading.Event()
        self._news = threading.Condition()
        self._line = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._line.sendall(request(path, after, token))
        self.start()
        self.wait(lambda parser: parser.status is not None)

    def run(self) -> None:
        with suppress(OSError):
            while data := self._line.recv(65536):
                with self._news:
                    self.parser.feed(data)
                    self._news.notify_all()
        self.ended.set()
        with self._news:
            self._news.notify_all()

    def wait(self, true: Callable[[Parser], object], seconds: float = 20) -> Parser:
        """Wait until something holds of what came."""
        with self._news:
            assert self._news.wait_for(lambda: true(self.parser), seconds), self.parser
        return self.parser

    def events(self, count: int, seconds: float = 20) -> list[Told]:
        """The events, once there are so many."""
        return self.wait(lambda parser: len(parser.told) >= count, seconds).told

    def begun(self) -> "Reader":
        """Wait until the stream knows its position."""
        self.wait(lambda parser: parser.last_id)
        return self

    def close(self) -> None:
        """Go without a word."""
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()
        self.join(10)


class Crowd:
    """Many readers on one loop in a thread; state: what came to each."""

    def __init__(self, port: int, count: int) -> None:
        """Connects them all, and waits until each knows its position."""
        self.parsers = [Parser() for _ in range(count)]
        self.ended_at: list[float] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._tasks: list[asyncio.Task[None]] = []
        try:
            self._run(self._connect(port))
        except BaseException:
            self.close()
            raise

    def _run(self, what: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(60)

    async def _connect(self, port: int) -> None:
        for parser in self.parsers:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request())
            self._writers.append(writer)
            self._tasks.append(asyncio.create_task(self._read(reader, parser)))
        end = time.monotonic() + 60
        while not all(parser.last_id for parser in self.parsers):
            assert time.monotonic() < end, [p for p in self.parsers if not p.last_id][:3]
            await asyncio.sleep(0.02)

    async def _read(self, reader: asyncio.StreamReader, parser: Parser) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                parser.feed(data)
        self.ended_at.append(time.monotonic())

    def wait(self, true: Callable[[Parser], object], seconds: float = 20) -> None:
        """Wait until something holds of everyone."""
        end = time.monotonic() + seconds
        while not all(true(parser) for parser in self.parsers):
            assert time.monotonic() < end
            time.sleep(0.01)

    def wait_for(self, position: str) -> None:
        """Wait until everyone has the event of a position."""
        self.wait(lambda parser: parser.told and parser.told[-1].id == position)

    def close(self) -> None:
        """All go."""

        async def leave() -> None:
            for writer in self._writers:
                writer.close()
            await asyncio.gather(*self._tasks)

        self._run(leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
