"""What `/metrics` tells: requests, as this process counts them, and the ledger, as it is."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from services.health import Watch

# Seconds. Uploads and streams take minutes; what is asked often takes milliseconds.
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
_CLASSES: Final = {0: "interactive", 1: "batch"}


class RouteMeters:
    """The meters of one route and method; state: those of the statuses that it has answered."""

    def __init__(self, meters: "Meters", method: str, route: str) -> None:
        """Made once, because finding meters by their labels costs more than counting."""
        self._labels = (method, route)
        self._requests = meters.requests
        self._statuses: dict[int, Counter] = {}
        self._seconds = meters.seconds.labels(method, route)
        self._first = meters.first.labels(method, route)
        self._taken = meters.taken.labels(method, route)
        self._given = meters.given.labels(method, route)

    def count(
        self, status: int, seconds: float, first: float | None, taken: int, given: int
    ) -> None:
        """One request: its seconds, those to the first byte, its bytes in and out."""
        counter = self._statuses.get(status)
        if counter is None:
            counter = self._statuses[status] = self._requests.labels(*self._labels, str(status))
        counter.inc()
        self._seconds.observe(seconds)
        if first is not None:
            self._first.observe(first)
        if taken:
            self._taken.inc(taken)
        if given:
            self._given.inc(given)


class Meters:
    """What one process counts of its requests; state: the counters."""

    def __init__(self) -> None:
        """All at nothing."""
        # When each began would be as many series again, for nobody.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.in_flight = 0
        self._routes: dict[tuple[str, str], RouteMeters] = {}
        by_route, registry = ("method", "route"), self.registry
        self.requests = Counter(
            "http_requests", "Requests, answered or broken off.", (*by_route, "status"),
            registry=registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "http_request_duration_seconds", "To the end of the answer.", by_route,
            buckets=_BUCKETS, registry=registry,
        )  # fmt: skip
        self.first = Histogram(
            "http_response_start_seconds", "To the beginning of the answer.", by_route,
            buckets=_BUCKETS, registry=registry,
        )  # fmt: skip
        self.taken = Counter(
            "http_request_body_bytes", "Taken in, of bodies.", by_route, registry=registry
        )
        self.given = Counter(
            "http_response_body_bytes", "Sent, of bodies.", by_route, registry=registry
        )
        Gauge("http_requests_in_flight", "Begun and not ended.", registry=registry).set_function(
            lambda: self.in_flight
        )
        ProcessCollector(registry=registry)

    def of(self, method: str, route: str) -> RouteMeters:
        """The meters of a route, which must be one of few."""
        found = self._routes.get((method, route))
        if found is None:
            found = self._routes[method, route] = RouteMeters(self, method, route)
        return found

    def render(self, watch: Watch, accept: str) -> tuple[bytes, str]:
        """Everything, in the format that `accept` asks for, and that format's name."""
        encode, kind = choose_encoder(accept)
        return encode(_Everything(self.registry, watch)), kind


class _Everything:
    """A collector, as the library wants one."""

    def __init__(self, registry: CollectorRegistry, watch: Watch) -> None:
        self._registry, self._watch = registry, watch

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()
        yield from _ledger(self._watch)
        yield from _usage(self._watch)
        room = self._watch.room()
        free = GaugeMetricFamily("storage_free_bytes", "Room left in storage.")
        reserve = GaugeMetricFamily("storage_reserve_bytes", "Room that uploads must leave.")
        if room is not None:
            reserve.add_metric((), room.reserve_bytes)
            if room.free_bytes is not None:
                free.add_metric((), room.free_bytes)
        yield from (free, reserve)


def _ledger(watch: Watch) -> Iterator[Metric]:
    up = GaugeMetricFamily("cell_up", "Whether a cell's database answers.", labels=["cell"])
    stages = GaugeMetricFamily(
        "queue_stages", "Stages by state, counted up to 10,000.",
        labels=["cell", "queue", "class", "state"],
    )  # fmt: skip
    swept = GaugeMetricFamily(
        "sweep_timestamp_seconds", "When a relay last looked after a cell.", labels=["cell"]
    )
    by_queue = {
        measure: GaugeMetricFamily(name, text, labels=["cell", "queue"])
        for measure, name, text in (
            ("oldest_ready_seconds", "queue_oldest_ready_seconds", "Age of what waits longest."),
            ("slots", "queue_slots", "Slots of live workers."),
            ("workers", "queue_workers", "Live workers."),
            ("open", "queue_open", "0 while a queue is paused."),
        )
    }
    by_work = {
        "periodic_ended": GaugeMetricFamily(
            "periodic_work_ended_timestamp_seconds", "When periodic work last ended.",
            labels=["cell", "work"],
        ),
        "periodic_failed": GaugeMetricFamily(
            "periodic_work_failed", "1 where it ended in an error.", labels=["cell", "work"]
        ),
    }  # fmt: skip
    for cell, found in watch.ledgers().items():
        up.add_metric((cell,), 0 if found is None else 1)
        for one in found or ():
            if one.name in by_queue:
                by_queue[one.name].add_metric((cell, one.part), one.value)
            elif one.name in by_work:
                by_work[one.name].add_metric((cell, one.part), one.value)
            elif one.name == "swept":
                swept.add_metric((cell,), one.value)
            elif one.class_ is not None:
                labels = (cell, one.part, _CLASSES[one.class_], one.name)
                stages.add_metric(labels, one.value)
    yield from (up, stages, swept, *by_queue.values(), *by_work.values())


def _usage(watch: Watch) -> Iterator[Metric]:
    uploaded = GaugeMetricFamily(
        "tenant_uploaded_bytes", "Bytes that became assets; of the tenants with most, and others.",
        labels=["tenant"],
    )  # fmt: skip
    seconds = GaugeMetricFamily(
        "tenant_media_seconds", "Length of the films that runs took in.", labels=["tenant"]
    )
    for one in watch.usage():
        uploaded.add_metric((one.tenant,), one.uploaded_bytes)
        seconds.add_metric((one.tenant,), one.media_seconds)
    yield from (uploaded, seconds)
