"""A gigabyte over loopback: against a bare server that streams, writes, hashes and syncs.

    python -m benchmarks.bench_uploads [ROUNDS]

Both are processes of uvicorn on the same disk, taken in turns; the client sends a file that is in
memory already. Product: one request, from its first byte to the answer, by which there is an asset
with a run. Meanwhile another client asks for the newest run, again and again.
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
from pathlib import Path

import psutil

from cli.endpoints import read_endpoints, start_installation

SIZE = 1 << 30
BOUND, P99_BOUND = 0.9, 0.1


def source(folder: Path) -> Path:
    """A file that begins like a video, and is in the page cache."""
    path = folder / "film.mkv"
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        file.write(b"\x1aE\xdf\xa3" + block[4:])
        for _ in range((SIZE >> 20) - 1):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return path


def send(port: int, head: str, path: Path) -> float:
    """Send a request with the file as its body; the seconds until its answer."""
    with socket.create_connection(("127.0.0.1", port)) as line, path.open("rb") as file:
        began = time.monotonic()
        line.sendall(f"{head}\r\nHost: a\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        line.sendfile(file)
        status = line.recv(4096).split()[1]
        took = time.monotonic() - began
    if status not in (b"201", b"204"):
        raise SystemExit(f"the upload was answered with {status!r}")
    return took


def bare(folder: Path, path: Path) -> float:
    """One upload to the bare server."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        number = listener.fileno()
        command = [sys.executable, "-m", "benchmarks.upload_floor", str(number)]
        process = subprocess.Popen([*command, str(folder / "taken")], pass_fds=[number])
        port = listener.getsockname()[1]
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                break
            except OSError:
                time.sleep(0.05)
        try:
            return send(port, "POST / HTTP/1.1", path)
        finally:
            process.kill()
            process.wait()
            (folder / "taken").unlink()


class Neighbour(threading.Thread):
    """Another client; state: how long each of its requests took."""

    def __init__(self, url: str, token: str) -> None:
        """Asks nothing yet."""
        super().__init__(daemon=True)
        self.seconds: list[float] = []
        self._request = urllib.request.Request(
            f"{url}/v1/runs?limit=1", headers={"Authorization": f"Bearer {token}"}
        )
        self._ended = threading.Event()

    def run(self) -> None:
        """Ask until told to stop, fifty times a second."""
        while not self._ended.wait(0.02):
            began = time.monotonic()
            urllib.request.urlopen(self._request).close()
            self.seconds.append(time.monotonic() - began)

    def stop(self) -> list[float]:
        """The times so far, sorted."""
        self._ended.set()
        self.join()
        return sorted(self.seconds)


def main(rounds: int = 3) -> int:
    """Measures, and prints the table; 1 where a bound is not kept."""
    folder = Path(tempfile.mkdtemp(prefix="automator-bench-", dir="/tmp"))
    folder.chmod(0o711)
    floor: list[float] = []
    ours: list[float] = []
    waits: list[float] = []
    peaks: list[float] = []
    try:
        path = source(folder)
        # The workers would begin to probe what has come; this is about the API.
        with start_installation(folder / "data", workers=1):
            endpoints = read_endpoints(folder / "data")
            assert endpoints is not None
            api = next(
                one
                for one in psutil.Process(endpoints.pid).children(recursive=True)
                if one.name() == "api"
            )
            port = int(endpoints.api.rpartition(":")[2])
            for _ in range(rounds):
                floor.append(bare(folder, path))
                before = api.memory_info().rss
                neighbour = Neighbour(endpoints.api, str(endpoints.token))
                watched = threading.Event()
                highest = [before]

                def watch(seen: list[int] = highest, until: threading.Event = watched) -> None:
                    while not until.wait(0.05):
                        seen.append(api.memory_info().rss)

                watcher = threading.Thread(target=watch)
                neighbour.start()
                watcher.start()
                head = (
                    "POST /v1/uploads HTTP/1.1\r\nTus-Resumable: 1.0.0\r\n"
                    f"Authorization: Bearer {endpoints.token}\r\nUpload-Length: {SIZE}\r\n"
                    "Content-Type: application/offset+octet-stream"
                )
                ours.append(send(port, head, path))
                watched.set()
                watcher.join()
                waits += neighbour.stop()
                peaks.append((max(highest) - before) / (1 << 20))
    finally:
        shutil.rmtree(folder)
    waits.sort()
    p99 = waits[len(waits) * 99 // 100]
    ratio = statistics.median(a / b for a, b in zip(floor, ours, strict=True))
    speeds = [SIZE / 1e6 / statistics.median(times) for times in (floor, ours)]
    print(f"| 1 GiB over loopback, median of {rounds} | measured | bound |\n|---|---|---|")
    print(
        f"| floor: a bare server that streams, writes, hashes, syncs | {speeds[0]:.0f} MB/s | – |"
    )
    print(f"| an upload that becomes an asset | {speeds[1]:.0f} MB/s | – |")
    print(f"| speed, of the floor | {ratio:.2f} | ≥ {BOUND} |")
    print(
        f"| another client's requests meanwhile, p50 | {waits[len(waits) // 2] * 1000:.1f} ms | – |"
    )
    print(f"| … p99 of {len(waits)} | {p99 * 1000:.1f} ms | < {P99_BOUND * 1000:.0f} ms |")
    print(f"| memory of the API's process meanwhile, at most | +{max(peaks):.0f} MiB | flat |")
    return int(ratio < BOUND or p99 >= P99_BOUND)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
