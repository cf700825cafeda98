"""From a stage's commit to every client that follows: p50, p99 and the slowest.

    python -m benchmarks.bench_events [STREAMS] [SECONDS]

Servers are durable ones, API and relay real processes; the clients are a process of their own.
Twenty times a second a stage is claimed and finished as a worker does. Time runs from just before
COMMIT is sent until a client has read the event. Below it, in the same run: a bare server that
hands what is published in Valkey to as many lines, and a bare LISTEN.
"""

import socket
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import redis
from sqlalchemy import text

from core.database import connect
from core.embedded import EmbeddedServers
from models.run import Run
from pipeline.plan.types import Graph
from services import events, ledger
from services.installation import DEFAULT_TENANT, Installation
from services.migrations import tenant_versions
from tests.api.serving import relay, server
from tests.servers import PostgresForTests
from tests.workers.stages import spec
from tests.workers.workshop import Workshop, workshop

_RATE = 20
_BOUND_MS = 100
_CHANNEL = "bench:events"

Tick = Callable[[], tuple[int, int]]


def main(streams: int = 500, seconds: int = 20) -> int:
    """Measure, and print the table; 1 where the bound is not kept."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder,
        EmbeddedServers(Path(folder) / "servers") as urls,
    ):
        assert urls.database_superuser_url is not None
        assert urls.redis_url is not None
        data = Path(folder) / "data"
        data.mkdir()
        postgres = PostgresForTests(urls.database_superuser_url)
        with workshop(postgres, urls.redis_url, data, lease_seconds=8.0) as shop:
            notified = listened(shop, seconds)
            bare = fanned(urls.redis_url, Path(folder), streams, seconds)
            with relay(shop.settings), server(shop.settings) as api:
                ours = followed(
                    api.port, Path(folder), streams, seconds, stage_commits(shop, seconds)
                )
    print("| from a commit to its readers | p50 | p99 | slowest | bound |\n|---|---|---|---|---|")
    each = f"{_RATE} a second"
    print(f"| floor: COMMIT to a bare LISTEN, {each} | {_row(notified)} | – |")
    print(f"| floor: PUBLISH to {streams} lines of a bare server, {each} | {_row(bare)} | – |")
    print(f"| a stage's commit to {streams} event streams, {each} | {_row(ours)} | p99 ≤ 100 ms |")
    return int(_at(ours, 0.99) > _BOUND_MS)


def stage_commits(shop: Workshop, seconds: int) -> Tick:
    """Finish one of many stages: the number of its event, and when it was about to be committed."""
    installation = shop.installation
    place = installation.place(DEFAULT_TENANT)
    count = 2 * _RATE * seconds + 100
    with installation.tenant_scope(place) as session:
        run = Run(tenant_id=place.tenant_id, recipe="bench", state="running")
        session.add(run)
        session.flush()
        ledger.insert_graph(session, run, Graph(tuple(spec(f"noop.{n}") for n in range(count))))
    versions = tuple(tenant_versions())

    def finish() -> tuple[int, int]:
        held = ledger.claim(installation.cell(), "media", lease_seconds=600, versions=versions)
        assert held is not None
        with installation.tenant_scope(place) as session:
            assert ledger.finish(session, held, {})
            number = int(session.scalar(text("SELECT seq FROM cell.event_heads")) or 0)
            return number, time.monotonic_ns()

    return finish


def followed(port: int, folder: Path, streams: int, seconds: int, tick: Tick) -> list[float]:
    """Milliseconds from each tick to each of the streams, sorted; none may be missing."""
    file = folder / "seen"
    client = subprocess.Popen(
        [
            *(sys.executable, "-m", "benchmarks.events_client"),
            *("client", str(port), str(streams), str(file)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert client.stdin is not None
    assert client.stdout is not None
    with client.stdout:
        assert client.stdout.readline() == b"ready\n"
        time.sleep(3)  # the subscription, and what opening cost
        sent = dict(_paced(tick, seconds))
        time.sleep(2)
        client.stdin.close()
        client.wait()
    seen = array("q")
    with file.open("rb") as kept:
        seen.fromfile(kept, file.stat().st_size // seen.itemsize)
    pairs = zip(seen[::2], seen[1::2], strict=True)
    taken = sorted((at - sent[number]) / 1e6 for number, at in pairs if number in sent)
    assert len(taken) == len(sent) * streams, (len(taken), len(sent), streams)
    return taken


def _paced(tick: Tick, seconds: int) -> Iterator[tuple[int, int]]:
    begin = time.monotonic()
    for number in range(_RATE * seconds):
        time.sleep(max(0.0, begin + number / _RATE - time.monotonic()))
        yield tick()


def fanned(url: str, folder: Path, streams: int, seconds: int) -> list[float]:
    """The same without us: published, and handed to as many lines by a bare server."""
    with redis.Redis.from_url(url) as valkey, _bare(url) as port:
        numbers = iter(range(1, 1 << 30))

        def publish() -> tuple[int, int]:
            number, at = next(numbers), time.monotonic_ns()
            valkey.publish(_CHANNEL, number)
            return number, at

        return followed(port, folder, streams, seconds, publish)


@contextmanager
def _bare(url: str) -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1024)
        number = listener.fileno()
        command = [sys.executable, "-m", "benchmarks.events_client", "floor", str(number)]
        process = subprocess.Popen([*command, url, _CHANNEL], pass_fds=[number])
        try:
            yield int(listener.getsockname()[1])
        finally:
            process.kill()
            process.wait()


def listened(shop: Workshop, seconds: int) -> list[float]:
    """Milliseconds from COMMIT to a connection that listens, sorted."""
    url = shop.installation.cell().url
    taken: list[float] = []
    count = _RATE * seconds // 2
    with closing(connect(url)) as listener, closing(Installation(shop.settings)) as installation:
        listener.execute(f"LISTEN {events.NOTIFIED}".encode())

        def hear() -> None:
            notes = listener.notifies(stop_after=count)
            taken.extend((time.monotonic_ns() - int(note.payload)) / 1e6 for note in notes)

        hearing = threading.Thread(target=hear)
        hearing.start()
        for _ in range(count):
            time.sleep(1 / _RATE)
            with installation.cell().transaction() as connection:
                connection.execute(
                    text("SELECT pg_notify(:channel, :at)"),
                    {"channel": events.NOTIFIED, "at": str(time.monotonic_ns())},
                )
        hearing.join()
    return sorted(taken)


def _at(taken: list[float], share: float) -> float:
    return taken[min(len(taken) - 1, int(len(taken) * share))]


def _row(taken: list[float]) -> str:
    return f"{_at(taken, 0.5):.1f} ms | {_at(taken, 0.99):.1f} ms | {taken[-1]:.1f} ms"


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
