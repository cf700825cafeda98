"""The memory of the API with all its PostgreSQL backends, over many requests of many tenants.

    python -m benchmarks.bench_memory [REQUESTS] [TENANTS]

Each request is one tenant's list or one of its assets; meanwhile another tenant is made every
second. Memory is the proportional set of the API's process and of the whole server: what the
backends share is counted once.
"""

import itertools
import random
import sys
import threading
import time
from uuid import UUID

import psutil

from benchmarks import many_tenants
from benchmarks.bench_assets import Line
from core.settings import Settings
from services import tenants

_LINES = 8
_BOUND = 1000.0


def proportional(processes: list[psutil.Process]) -> float:
    """Their proportional set, in MB."""
    found = 0
    for process in processes:
        try:
            found += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return found / 1e6


class Watch(threading.Thread):
    """Looks at memory now and then; state: what it saw."""

    def __init__(self, api: int, settings: Settings) -> None:
        """Sees nothing yet."""
        super().__init__(daemon=True)
        self._api = psutil.Process(api)
        folder = settings.data_dir / "postgres"
        server = next(folder.rglob("postmaster.pid")).read_text().splitlines()[0]
        self._server = psutil.Process(int(server))
        self.seen: list[float] = []
        self.backends = 0
        self._ended = threading.Event()

    def look(self) -> tuple[float, float]:
        """The API's process, and the server with its backends, in MB."""
        backends = self._server.children()
        self.backends = max(self.backends, len(backends))
        return proportional([self._api]), proportional([self._server, *backends])

    def run(self) -> None:
        """Look until told to stop."""
        while not self._ended.wait(1.0):
            self.seen.append(sum(self.look()))

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()


def ask(port: int, known: dict[UUID, list[str]], count: int, seed: int) -> None:
    """So many requests over one connection, each for a tenant by chance."""
    line, chance, ids = Line(port), random.Random(seed), list(known)
    for number in range(count):
        tenant = chance.choice(ids)
        path = "/v1/assets" if number % 2 else f"/v1/assets/{chance.choice(known[tenant])}"
        line.ask((path, many_tenants.headers(tenant)))
    line.close()


def create(settings: Settings, ended: threading.Event) -> list[UUID]:
    """A tenant every second until told to stop."""
    made = []
    for number in itertools.count():
        if ended.wait(max(0.0, 1.0 - time.time() % 1.0)):
            break
        made.append(tenants.create(settings, f"meanwhile-{number}").id)
    return made


def main(requests: int = 100_000, count: int = 1000) -> int:
    """Measures, and prints the table; 1 where the bound is not kept."""
    with many_tenants.installation(count) as settings:
        ids = [one.id for one in tenants.list_all(settings)]
        known = {one: many_tenants.fill(settings, one, 3) for one in ids}
        with many_tenants.server(settings, "benchmarks.asset_server", "/healthz") as (port, pid):
            watch = Watch(pid, settings)
            before = watch.look()
            ended = threading.Event()
            made: list[UUID] = []
            maker = threading.Thread(target=lambda: made.extend(create(settings, ended)))
            askers = [
                threading.Thread(target=ask, args=(port, known, requests // _LINES, seed))
                for seed in range(_LINES)
            ]
            watch.start()
            maker.start()
            began = time.monotonic()
            for asker in askers:
                asker.start()
            for asker in askers:
                asker.join()
            took = time.monotonic() - began
            ended.set()
            maker.join()
            after = watch.look()
            watch.stop()
    print(f"| {requests:,} requests over {count:,} tenants | measured | bound |\n|---|---|---|")
    print(f"| they took, {_LINES} at once | {took:.0f} s | – |")
    print(f"| tenants made meanwhile | {len(made)} | one a second |")
    for name, (api, server) in (("before", before), ("after", after)):
        print(f"| {name}: the API, PostgreSQL with its backends | {api:.0f}, {server:.0f} MB | – |")
    peak = max([*watch.seen, sum(after)])
    print(f"| both together, at most | {peak:.0f} MB | < {_BOUND:.0f} MB |")
    return int(peak >= _BOUND)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
