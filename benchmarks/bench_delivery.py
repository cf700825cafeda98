"""Segments over loopback: against a bare server of the same files.

    python -m benchmarks.bench_delivery [SECONDS]

Both are processes of uvicorn on files that are in the page cache, taken in turns, each asked by the
same client: so many lines, each with one request at a time. Product: an address with a token, a
lookup in PostgreSQL every 4 s. Then many clients that read slowly: what they cost in memory, and
what another one notices of them.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil

from cli.endpoints import Endpoints, read_endpoints, start_installation
from core.keys import source_key
from core.settings import Settings
from models.asset import Artifact, Asset
from services.installation import DEFAULT_TENANT, Installation

SEGMENT, PART, FILM = 1 << 20, 64 << 10, 1 << 30
LINES = 8
SLOW = 400
BOUND = 0.9
_ROUNDS = 7


@dataclass(slots=True)
class Load:
    """Requests for one path, over and over; state: how long each took."""

    port: int
    path: str
    range_: str | None = None
    seconds: list[float] = field(default_factory=list)
    bytes: int = 0

    def run(self, until: float, lines: int = LINES) -> "Load":
        """Ask on so many lines until then (monotonic)."""
        threads = [threading.Thread(target=self._line, args=(until,)) for _ in range(lines)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.seconds.sort()
        return self

    def _line(self, until: float) -> None:
        extra = f"Range: bytes={self.range_}\r\n" if self.range_ else ""
        request = f"GET {self.path} HTTP/1.1\r\nHost: a\r\n{extra}\r\n".encode()
        buffer = bytearray(SEGMENT * 2)
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            while time.monotonic() < until:
                began = time.monotonic()
                line.sendall(request)
                length = _answer(line, buffer)
                self.bytes += length  # no call in between: threads do not meet here
                self.seconds.append(time.monotonic() - began)

    def at(self, part: float) -> float:
        """A percentile, in milliseconds."""
        return self.seconds[int(len(self.seconds) * part)] * 1000


def _answer(line: socket.socket, buffer: bytearray) -> int:
    """Read one answer; the length of its body."""
    got = 0
    while (end := buffer.find(b"\r\n\r\n", 0, got)) < 0:
        got += line.recv_into(memoryview(buffer)[got:])
    head = bytes(buffer[:end]).lower()
    if head.split()[1] not in (b"200", b"206"):
        raise SystemExit(f"a request was answered with {head!r}")
    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
    left = length - (got - end - 4)
    while left:
        left -= line.recv_into(buffer, min(left, len(buffer)))
    return length


@contextmanager
def floor(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """The bare server's port and process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        number = listener.fileno()
        command = [sys.executable, "-m", "benchmarks.delivery_floor", str(number), str(folder)]
        # A session of its own, as the API has: kernels share time between sessions.
        process = subprocess.Popen(command, pass_fds=[number], start_new_session=True)
        port = int(listener.getsockname()[1])
        try:
            _wait(port)
            yield port, psutil.Process(process.pid)
        finally:
            process.kill()
            process.wait()


def _wait(port: int) -> None:
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"HEAD /segment HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            if line.recv(64):
                return
        time.sleep(0.05)


def planted(endpoints: Endpoints, folder: Path, files: dict[str, Path]) -> str:
    """An asset with these files for its package; the beginning of their signed addresses."""
    settings = Settings(
        data_dir=folder, database_url=endpoints.database_url, storage_url=endpoints.storage_url
    )
    with closing(Installation(settings)) as installation:
        place = installation.place(DEFAULT_TENANT)
        asset_id, run_id = uuid4(), uuid4()
        base = source_key(place.tenant_id, asset_id).removesuffix("/original")
        stored = {name: installation.storage.put(f"{base}/{name}", files[name]) for name in files}
        with installation.tenant_scope(place) as session:
            first = next(iter(stored.values()))
            session.add(
                Asset(id=asset_id, name="film", kind="video", mime="video/mp4", bytes=first.bytes,
                      sha256=first.sha256, storage_key=first.key)
            )  # fmt: skip
            session.flush()
            for name, one in stored.items():
                session.add(
                    Artifact(
                        asset_id=asset_id, run_id=run_id, stage_id=run_id, stage="package",
                        attempt=1, kind="hls", path=name, storage_key=one.key, mime="video/mp4",
                        bytes=one.bytes, sha256=one.sha256,
                        attributes={"role": "master" if name == "film" else "media"},
                    )
                )  # fmt: skip
    request = urllib.request.Request(
        f"{endpoints.api}/v1/assets/{asset_id}/playback",
        headers={"Authorization": f"Bearer {endpoints.token}"},
        method="POST",
    )
    with urllib.request.urlopen(request) as answer:
        import json

        return str(json.load(answer)["addresses"]["hls"]).removesuffix("/film")


@contextmanager
def slow_readers(port: int, path: str) -> Iterator[None]:
    """Clients that each ask for a long film and take 64 KiB of it in a second."""
    lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(SLOW)]
    ended = threading.Event()

    def read() -> None:
        while not ended.wait(1.0):
            for line in lines:
                line.recv(PART)

    for line in lines:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        for line in lines:
            line.close()


@dataclass(frozen=True, slots=True)
class Server:
    """A server under load."""

    name: str
    process: psutil.Process
    port: int
    base: str

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def compared(name: str, servers: Sequence[Server], seconds: float, range_: str | None) -> float:
    """Measure both in turns and print their rows; the second one's rate, of the first one's."""
    rates: dict[str, list[float]] = {one.name: [] for one in servers}
    costs: dict[str, list[float]] = {one.name: [] for one in servers}
    last: dict[str, Load] = {}
    for _ in range(_ROUNDS):
        for one in servers:
            path = f"{one.base}/segment"
            Load(one.port, path, range_).run(time.monotonic() + 0.3)
            before = one.cpu()
            load = Load(one.port, path, range_).run(time.monotonic() + seconds)
            rates[one.name].append(len(load.seconds) / seconds)
            costs[one.name].append((one.cpu() - before) / len(load.seconds))
            last[one.name] = load
    for known, load in last.items():
        rate, cost = statistics.median(rates[known]), statistics.median(costs[known])
        size = load.bytes / len(load.seconds)
        print(
            f"| {name}, {known} | {rate:.0f}/s, {rate * size / 1e6:.0f} MB/s |"
            f" {load.at(0.5):.1f} / {load.at(0.99):.1f} ms | {cost * 1000:.2f} ms | |"
        )
    first, second = rates.values()
    ratio = statistics.median(ours / bare for bare, ours in zip(first, second, strict=True))
    print(f"| … rate, of the floor's | {ratio:.2f} | | | ≥ {BOUND} |")
    return ratio


def among_slow(server: Server, seconds: float) -> None:
    """Measure one client alone and then among slow ones, and print two rows."""
    path = f"{server.base}/segment"
    before = server.process.memory_info().rss
    alone = Load(server.port, path).run(time.monotonic() + seconds, 1)
    with slow_readers(server.port, f"{server.base}/film"):
        time.sleep(8)  # until what lies between them and the server is full
        among = Load(server.port, path).run(time.monotonic() + seconds, 1)
        grown = (server.process.memory_info().rss - before) / (1 << 20)
        threads = server.process.num_threads()
    print(
        f"| a segment alone, then among {SLOW} slow readers, {server.name} | |"
        f" p99 {alone.at(0.99):.1f}, {among.at(0.99):.1f} ms | | |"
    )
    print(f"| … its memory and threads then | +{grown:.0f} MiB, {threads} threads | | | |")


def main(seconds: float = 1.5) -> int:
    """Measures, and prints the table; 1 where a bound is not kept."""
    folder = Path(tempfile.mkdtemp(prefix="automator-bench-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        files = {"segment": folder / "segment", "film": folder / "film"}
        files["segment"].write_bytes(os.urandom(SEGMENT))
        with files["film"].open("wb") as film:
            film.truncate(FILM)
        with start_installation(folder / "data", workers=1), floor(folder) as (bare_port, bare):
            endpoints = read_endpoints(folder / "data")
            assert endpoints is not None
            base = planted(endpoints, folder / "data", files)
            port = int(endpoints.api.rpartition(":")[2])
            api = next(
                one
                for one in psutil.Process(endpoints.pid).children(recursive=True)
                if one.name() == "api"
            )
            servers = (Server("floor", bare, bare_port, ""), Server("ours", api, port, base))
            print(f"| {LINES} lines | rate | p50 / p99 | processor, each | bound |")
            print("|---|---|---|---|---|")
            part = f"1000-{1000 + PART - 1}"
            ratios = [
                compared("a segment of 1 MiB", servers, seconds, None),
                compared("a range of 64 KiB of it", servers, seconds, part),
            ]
            for server in servers:
                among_slow(server, seconds)
    finally:
        shutil.rmtree(folder)
    return int(min(ratios) < BOUND)


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:2])))
