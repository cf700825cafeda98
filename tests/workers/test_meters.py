"""What workers and relays count of themselves, as real processes that are scraped."""

import socket
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from pipeline.plan.types import Graph
from tests.workers.stages import spec
from tests.workers.workshop import Program, Workshop, until


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def scraped(port: int) -> dict[tuple[str, ...], float]:
    """Samples by their name and the values of their labels, in the order of the labels' names."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): (sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


def worker(shop: Workshop, port: int, *, slots: int = 2) -> Program:
    return shop.worker(slots=slots, METRICS_PORT=str(port))


def test_a_worker_counts_the_attempts_of_its_pool_also_when_that_is_killed(
    shop: Workshop,
) -> None:
    port = free_port()
    program = worker(shop, port)
    good = Graph((spec("burn.a", seconds=0.3), spec("burn.b"), spec("noop.c", needs=("burn.a",))))
    bad = Graph((spec("burn.a", fail="rejected"),))
    assert shop.ended(shop.start(good), shop.start(bad)) == ["done", "failed"]

    def count(kind: str, outcome: str) -> float:
        return scraped(port).get(("stage_duration_seconds_count", outcome, "media", kind), 0.0)

    until(lambda: count("noop", "done") == 1, 5, "the last attempt is counted")
    assert (count("burn", "done"), count("burn", "failed")) == (2, 1)
    found = scraped(port)
    assert 0.3 <= found["stage_duration_seconds_sum", "done", "media", "burn"] < 20
    assert found["stage_wait_seconds_count", "media", "burn"] == 3
    assert found["process_resident_memory_bytes",] > 1 << 20
    for one in program.pool():
        one.kill()
    assert shop.ended(shop.start(Graph((spec("burn.z"),)))) == ["done"]
    until(lambda: count("burn", "done") == 3, 5, "a new pool is counted, too")


def test_a_port_that_is_taken_keeps_no_worker_from_its_work(shop: Workshop) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        program = worker(shop, int(taken.getsockname()[1]), slots=1)
        assert shop.ended(shop.start(Graph((spec("burn.a"),)))) == ["done"]
    assert "meters cannot be told" in program.log.read_text()


def test_a_relay_counts_the_leases_that_it_took_back(shop: Workshop) -> None:
    port = free_port()
    shop.extra["METRICS_PORT"] = str(port)
    for program in shop.programs:
        program.kill()
    shop.relay()
    del shop.extra["METRICS_PORT"]
    lost = shop.worker()
    run = shop.start(Graph((spec("burn.a", seconds=30),)))
    until(lambda: shop.stage(run, "burn.a")["state"] == "running", 10, "it runs")
    lost.kill()
    until(lambda: scraped(port).get(("leases_expired_total", "main")) == 1, 15, "it is counted")
