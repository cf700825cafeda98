"""What workers and relays count of themselves, told over HTTP where METRICS_PORT is set.

A worker's first process counts for its pool: whoever has made an attempt writes one line into a
pipe. So a process of the pool may be killed at any time, nothing needs to be tidied after it, and
where nobody asks there is no pipe.
"""

import os
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.logging import get_logger
from core.settings import Settings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_log = get_logger(__name__)

# Seconds: from what takes no time to a film's longest part.
_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0)
_KIND: Final = re.compile(r"\w{1,40}")
_LINE: Final = re.compile(r"(\w+) (\w+) (\w+) ([0-9.]+) ([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Attempted:
    """An attempt at a stage: how it ended, how long it had waited for a slot, and how long it took.

    `outcome` is the stage's state then, or `overtaken`.
    """

    kind: str
    queue: str
    outcome: str
    waited_seconds: float
    seconds: float


class AttemptPipe:
    """From the pool to the first process; made before the pool is forked."""

    def __init__(self) -> None:
        """Nobody reads before `StageMeters` does."""
        self.reader, self._writer = os.pipe()
        # Who works does not wait for who counts.
        os.set_blocking(self._writer, False)

    def tell(self, attempted: Attempted) -> None:
        """Write one line, whole or not at all: it is shorter than PIPE_BUF."""
        kind = attempted.kind if _KIND.fullmatch(attempted.kind) else "other"
        line = (
            f"{kind} {attempted.queue} {attempted.outcome}"
            f" {max(0.0, attempted.waited_seconds):.6f} {attempted.seconds:.6f}\n"
        )
        try:
            os.write(self._writer, line.encode())
        except OSError:
            _log.debug("an attempt was not counted")


class StageMeters:
    """Counts the attempts of a worker's pool, in a thread of its own; state: the counters."""

    def __init__(self, pipe: AttemptPipe) -> None:
        """Starts nothing yet."""
        from prometheus_client import Histogram

        self.registry = new_registry()
        self._pipe = pipe
        self._seconds = Histogram(
            "stage_duration_seconds",
            "Attempts at stages, from the claim to the end.",
            ("stage_kind", "queue", "outcome"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._waits = Histogram(
            "stage_wait_seconds",
            "From ready to claimed.",
            ("stage_kind", "queue"),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def start(self) -> None:
        """Read what the pool writes, from now on."""
        threading.Thread(target=self._read, name="meters", daemon=True).start()

    def _read(self) -> None:
        with os.fdopen(self._pipe.reader, "r", encoding="ascii", errors="replace") as lines:
            for line in lines:
                self._count(line)

    def _count(self, line: str) -> None:
        found = _LINE.fullmatch(line.rstrip("\n"))
        if found is None:
            return
        kind, queue, outcome, waited, seconds = found.groups()
        self._seconds.labels(kind, queue, outcome).observe(float(seconds))
        self._waits.labels(kind, queue).observe(float(waited))


class SweepMeters:
    """What a relay's sweeps have done, and what waits to be sent; state: the counters."""

    def __init__(self) -> None:
        """All at nothing."""
        from prometheus_client import Counter, Gauge

        self.registry = new_registry()
        self._counters = {
            name: Counter(name, text, ("cell",), registry=self.registry)
            for name, text in (
                ("leases_expired", "Attempts whose worker was lost."),
                ("stages_due", "Delayed stages that became ready."),
                ("joins_repaired", "Stages that were ready and had not been told."),
            )
        }
        self._mails = Gauge(
            "mails_waiting", "Mails to be sent, counted up to 1,000.", registry=self.registry
        )
        self._webhooks = Gauge(
            "webhooks_waiting", "Webhooks with something to send, counted up to 1,000.",
            ("cell",), registry=self.registry,
        )  # fmt: skip
        self._oldest_mail = Gauge(
            "mails_oldest_seconds", "Age of the one that waits longest.", registry=self.registry
        )

    def tell_mails(self, waiting: int, oldest_seconds: float) -> None:
        """What of mail waits now."""
        self._mails.set(waiting)
        self._oldest_mail.set(oldest_seconds)

    def tell_webhooks(self, cell: str, waiting: int) -> None:
        """How many webhooks of a cell have something to send now."""
        self._webhooks.labels(cell).set(waiting)

    def count(self, cell: str, *, expired: int, due: int, repaired: int) -> None:
        """One sweep."""
        counts = {"leases_expired": expired, "stages_due": due, "joins_repaired": repaired}
        for name, count in counts.items():
            self._counters[name].labels(cell).inc(count)


def new_registry() -> "CollectorRegistry":
    """A registry with what the kernel knows of this process."""
    from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics

    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def serve(registry: "CollectorRegistry", settings: Settings) -> None:
    """Tell meters at METRICS_HOST and METRICS_PORT; where that cannot be had, work goes on."""
    from prometheus_client import start_http_server

    host, port = settings.metrics_host, settings.metrics_port
    assert port is not None
    try:
        start_http_server(port, host, registry)
    except OSError as error:
        _log.warning("meters cannot be told", host=host, port=port, reason=error.strerror)
