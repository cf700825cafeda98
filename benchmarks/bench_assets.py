"""One asset and the list of assets, against FastAPI with the ORM and the tenant's role.

    python -m benchmarks.bench_assets [TENANTS]

Both are processes of uvicorn over the same rows with pools of the same size, taken in turns, over
kept-alive connections on loopback. At 50 a second, a request's time is from when it was due.
"""

import http.client
import itertools
import random
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from uuid import UUID

from benchmarks import many_tenants
from services import tenants

_ROUNDS = 8
_SINGLE = 400
_RATE, _SECONDS = 50, 6
_LINES = 16
_MET, _ASSETS, _LARGE = 10, 200, 10_000
_BOUND = 1.5

Request = tuple[str, dict[str, str]]


class Line:
    """A kept-alive connection; state: the socket."""

    def __init__(self, port: int) -> None:
        """Connects with the first request."""
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, request: Request) -> int:
        """Send a request and read its answer; the bytes that it has."""
        path, headers = request
        self._line.request("GET", path, headers=headers)
        answer = self._line.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} was answered with {answer.status}: {body[:500]!r}")
        return len(body)

    def close(self) -> None:
        """Hang up."""
        self._line.close()


def single(port: int, requests: Iterator[Request], count: int = _SINGLE) -> list[float]:
    """One request after the other; the seconds that each took."""
    line, taken = Line(port), []
    for request in itertools.islice(requests, count):
        began = time.perf_counter()
        line.ask(request)
        taken.append(time.perf_counter() - began)
    line.close()
    return taken


def steady(port: int, requests: Iterator[Request]) -> list[float]:
    """So many a second, whatever becomes of those before; the seconds from when each was due."""
    plan = list(itertools.islice(requests, _RATE * _SECONDS))
    begin = time.perf_counter() + 0.1
    taken: list[float] = []

    def client(share: Sequence[tuple[int, Request]]) -> None:
        line = Line(port)
        for number, request in share:
            due = begin + number / _RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            line.ask(request)
            taken.append(time.perf_counter() - due)
        line.close()

    shares = [list(enumerate(plan))[n::_LINES] for n in range(_LINES)]
    threads = [threading.Thread(target=client, args=[share]) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def quantiles(taken: Sequence[float]) -> tuple[float, float]:
    """p50 and p99 in milliseconds."""
    found = statistics.quantiles(taken, n=100)
    return found[49] * 1000, found[98] * 1000


def main(count: int = 1000) -> int:
    """Measures, and prints the table; 1 where a bound is not kept."""
    with many_tenants.installation(count) as settings:
        known = [one.id for one in tenants.list_all(settings)]
        met = {one: many_tenants.fill(settings, one, _ASSETS) for one in known[:_MET]}
        large = known[-1]
        many_tenants.fill(settings, large, _LARGE)
        with (
            many_tenants.server(settings, "benchmarks.asset_floor", "/docs") as (floor, _),
            many_tenants.server(settings, "benchmarks.asset_server", "/healthz") as (ours, _),
        ):
            kept = compare(floor, ours, met)
            filters(ours, large)
    return int(not kept)


def compare(floor: int, ours: int, met: dict[UUID, list[str]]) -> bool:
    """Both servers, both questions, both ways, in turns; whether every bound is kept."""
    chance = random.Random(1)

    def one() -> Iterator[Request]:
        while True:
            tenant = chance.choice(list(met))
            yield f"/v1/assets/{chance.choice(met[tenant])}", many_tenants.headers(tenant)

    def newest() -> Iterator[Request]:
        while True:
            yield "/v1/assets?limit=50", many_tenants.headers(chance.choice(list(met)))

    questions = {"GET /v1/assets/{id}": one(), "GET /v1/assets, 50 of them": newest()}
    ways = {"one in flight": single, f"{_RATE} a second": steady}
    taken: dict[tuple[str, str, int], list[float]] = {}
    for port, requests in itertools.product((floor, ours), questions.values()):
        single(port, requests)  # for nothing: what is done at first only
    for turn, question, way in itertools.product(range(_ROUNDS), questions, ways):
        for port in (floor, ours) if turn % 2 else (ours, floor):
            found = taken.setdefault((question, way, port), [])
            found += ways[way](port, questions[question])
    print("| what | floor, p50 / p99 | ours, p50 / p99 | ours of the floor | bound |")
    print("|---|---|---|---|---|")
    kept = True
    for question, requests in questions.items():
        sizes = [Line(port).ask(next(requests)) for port in (floor, ours)]
        for way in ways:
            base, own = (quantiles(taken[question, way, port]) for port in (floor, ours))
            ratios = [a / b for a, b in zip(own, base, strict=True)]
            kept = kept and max(ratios) <= _BOUND
            print(
                f"| {question}, {way} ({sizes[0]} and {sizes[1]} bytes)"
                f" | {base[0]:.2f} / {base[1]:.2f} ms | {own[0]:.2f} / {own[1]:.2f} ms"
                f" | {ratios[0]:.2f} / {ratios[1]:.2f} | ≤ {_BOUND} |"
            )
    return kept


def filters(port: int, tenant: UUID) -> None:
    """What a question costs that many assets must be looked at for."""
    print(f"\n| 10 of {_LARGE:,} assets | p50 / p99 |\n|---|---|")
    for query in (
        "", "&state=ready", "&state=failed", "&state=processing", "&tag=tag+7", "&tag=none",
        "&q=film+77", "&q=nothing", "&kind=image",
    ):  # fmt: skip
        request = (f"/v1/assets?limit=10{query}", many_tenants.headers(tenant))
        p50, p99 = quantiles(single(port, itertools.repeat(request), 100))
        print(f"| {query.lstrip('&') or 'the newest'} | {p50:.2f} / {p99:.2f} ms |")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
