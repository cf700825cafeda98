"""The other side of bench_events: many streams in one process, and the bare server below them.

    python -m benchmarks.events_client client PORT COUNT FILE
    python -m benchmarks.events_client floor FD REDIS_URL CHANNEL

The client says `ready` when every stream has begun, and leaves pairs of an event's number and the
nanosecond (CLOCK_MONOTONIC) of its arrival in FILE when its input ends. The bare server writes each
message of a channel to every line, as a stream's event and with nothing of ours.
"""

import asyncio
import re
import socket
import sys
import time
from array import array
from typing import Final, cast

import redis.asyncio
import uvloop

from tests.api.streams import request

_EVENT: Final = re.compile(rb"id: \d+\.(\d+)\nevent")
_PADDING: Final = b'data: {"kind":"stage.done","padding":"' + b"x" * 180 + b'"}\n\n'


class Stream(asyncio.Protocol):
    """One line of the client; state: what came, and when."""

    def __init__(self, seen: "array[int]", begun: asyncio.Semaphore) -> None:
        """`begun` is released once the line has said something."""
        self._seen, self._begun = seen, begun
        self._silent = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        cast(asyncio.Transport, transport).write(request())

    def data_received(self, data: bytes) -> None:
        """Note the events; their beginnings are never cut, as each is written at once."""
        now = time.monotonic_ns()
        if self._silent and b"id: " in data:
            self._silent = False
            self._begun.release()
        for match in _EVENT.finditer(data):
            self._seen.extend((int(match[1]), now))


async def client(port: int, count: int, file: str) -> None:
    """Open the streams, and write down what comes until the input ends."""
    loop = asyncio.get_running_loop()
    seen, begun = array("q"), asyncio.Semaphore(0)
    for _ in range(count):
        await loop.create_connection(lambda: Stream(seen, begun), "127.0.0.1", port)
        await begun.acquire()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    with open(file, "wb") as kept:  # noqa: ASYNC230 — nothing else goes on any more
        seen.tofile(kept)


async def floor(descriptor: int, url: str, channel: str) -> None:
    """Hand on what is published."""
    lines: set[asyncio.Transport] = set()

    class Line(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            line = cast(asyncio.Transport, transport)
            lines.add(line)
            line.write(b"id: 1.0\n\n")

    listener = socket.socket(fileno=descriptor)
    await asyncio.get_running_loop().create_server(Line, sock=listener, backlog=1024)
    async with redis.asyncio.Redis.from_url(url) as valkey, valkey.pubsub() as subscription:
        await subscription.subscribe(channel)
        async for message in subscription.listen():
            if message["type"] == "message":
                data = b"id: 1.%b\nevent: stage.done\n" % message["data"] + _PADDING
                for line in lines:
                    line.write(data)


if __name__ == "__main__":
    role, *given = sys.argv[1:]
    if role == "client":
        uvloop.run(client(int(given[0]), int(given[1]), given[2]))
    else:
        uvloop.run(floor(int(given[0]), given[1], given[2]))
