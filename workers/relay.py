"""`python -m workers.relay`: rings the queues in which something is ready. Any number may run.

For each cell a thread listens for what becomes ready, and once a second sweeps the ledger and
rings for whatever waits, so that neither a lost message nor an emptied broker loses work. Another
thread wakes those who stream events.
"""

import os
import signal
import sys
import threading
import time
from collections import Counter

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database, connect
from core.errors import AutomatorError
from core.logging import configure_logging, get_logger
from core.settings import Settings, get_settings
from pipeline.plan.types import Queue
from services import dispatch, ledger, mails
from services.installation import MAIN_CELL, cell_urls
from workers.app import create_app
from workers.meters import SweepMeters, serve
from workers.rings import Rings
from workers.waking import CellWaker

_log = get_logger(__name__)

_POLL_SECONDS = 1.0
_REPAIR_SECONDS = 30.0
# Counts of what is to be sent stop here.
_COUNTED = 1000
_KNOWN = frozenset(str(queue) for queue in Queue)


class CellRelay(threading.Thread):
    """The relay of one cell; state: its connections and the slots last counted."""

    def __init__(
        self,
        cell: str,
        url: str,
        settings: Settings,
        rings: Rings,
        meters: SweepMeters | None = None,
    ) -> None:
        """Starts nothing yet."""
        super().__init__(name=f"relay-{cell}", daemon=True)
        self._meters = meters
        self._cell, self._url, self._settings, self._rings = cell, url, settings, rings
        self._database = Database(url, pool_size=1)
        # Where sweeps are half a lease apart, they take it that the database was away.
        self._poll_seconds = min(_POLL_SECONDS, settings.lease_seconds / 8)
        self._slots: dict[str, int] = {}
        self._repaired_at = float("-inf")
        self._silent = False
        self._sweeps = True

    def run(self) -> None:
        """For ever."""
        while True:
            try:
                with connect(self._url) as connection:
                    connection.execute("LISTEN ledger_ready")
                    if self._silent:
                        _log.warning("the cell answers again", cell=self._cell)
                        self._silent = False
                    self._serve(connection)
            except (psycopg.Error, SQLAlchemyError) as error:
                if not self._silent:
                    line = str(error).split("\n", 1)[0]
                    _log.warning("a cell does not answer", cell=self._cell, error=line)
                self._silent = True
            except Exception as error:  # noqa: BLE001 — a thread that ends is noticed by nobody
                _log.error("a relay failed", cell=self._cell, exc_info=error)
                os._exit(1)
            time.sleep(self._poll_seconds / 2)

    def _serve(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        polled_at = float("-inf")
        while True:
            wait = max(0.0, polled_at + self._poll_seconds - time.monotonic())
            heard = Counter(
                note.payload for note in connection.notifies(timeout=wait, stop_after=1)
            )
            if heard:
                heard += Counter(note.payload for note in connection.notifies(timeout=0))
            # Anybody may NOTIFY anything.
            for queue in _KNOWN & heard.keys():
                times, slots = heard[queue], self._slots.get(queue, 1)
                outstanding = self._rings.outstanding(queue)
                if outstanding is not None and outstanding < slots:
                    self._rings.ring(queue, min(times, slots - outstanding))
            if time.monotonic() >= polled_at + self._poll_seconds:
                polled_at = time.monotonic()
                self._poll()

    def _poll(self) -> None:
        try:
            self._sweep()
            self._sweeps = True
        except SQLAlchemyError as error:
            # What is ready can be rung all the same; without the database, counting fails, too.
            if self._sweeps:
                line = str(error).split("\n", 1)[0]
                _log.warning("the ledger cannot be swept", cell=self._cell, error=line)
            self._sweeps = False
        self._ring_backlog()

    def _sweep(self) -> None:
        repair = time.monotonic() - self._repaired_at >= _REPAIR_SECONDS
        swept = ledger.sweep(
            self._database,
            lease_seconds=self._settings.lease_seconds,
            max_losses=self._settings.max_losses,
            repair=repair,
        )
        if repair:
            self._repaired_at = time.monotonic()
        if self._meters is not None:
            self._meters.count(
                self._cell, expired=swept.expired, due=swept.due, repaired=swept.repaired
            )
        if swept.expired or swept.repaired:
            _log.warning(
                "work was taken back", cell=self._cell, expired=swept.expired, joins=swept.repaired
            )

    def _ring_backlog(self) -> None:
        # Slots bound what may be rung, so there is no need to count further than they go.
        limit = max(64, 2 * sum(self._slots.values()))
        for backlog in ledger.backlog(self._database, limit=limit):
            self._slots[backlog.queue] = backlog.slots
            ready = backlog.ready + (self._outgoing() if backlog.queue == Queue.LIGHT else 0)
            if ready and backlog.state == "open" and backlog.queue in _KNOWN:
                self._rings.top_up(backlog.queue, ready, backlog.slots)

    def _outgoing(self) -> int:
        """How much of what is to be sent is due."""
        webhooks = dispatch.backlog(self._database, limit=_COUNTED)
        if self._meters is not None:
            self._meters.tell_webhooks(self._cell, webhooks)
        if self._cell != MAIN_CELL:
            return webhooks
        waiting = mails.backlog(self._database, limit=_COUNTED)
        if self._meters is not None:
            self._meters.tell_mails(waiting.waiting, waiting.oldest_seconds)
        return waiting.due + webhooks


def main() -> int:
    """Runs until SIGTERM or SIGINT; returns only after an error of ours, with status 1."""
    settings = get_settings()
    configure_logging(level=settings.log_level, as_json=settings.log_json)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        app = create_app(settings)
        meters = SweepMeters() if settings.metrics_port is not None else None
        if meters is not None:
            serve(meters.registry, settings)
        for cell, urls in cell_urls(settings).items():
            CellRelay(cell, urls.url, settings, Rings(app, settings), meters).start()
            CellWaker(cell, urls.url, Rings(app, settings)).start()
    except AutomatorError as error:
        print(f"automator: {error}", file=sys.stderr)  # noqa: T201
        return 1
    stopped.wait()
    os._exit(0)  # nothing needs to be put in order: a relay owns nothing


if __name__ == "__main__":
    sys.exit(main())
