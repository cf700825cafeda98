"""Holding a stage while it runs: renewing its lease, and stopping the work when it must stop.

Two threads of a pool's process. The *renewer* talks to the database, and may hang with it. The
*guard* never does: it watches clocks and the drain pipe, and ends the work before the lease ends,
whatever the renewer is at. Who wants the work to stop cancels its token; the runner then kills the
child at once. Work that does not heed its token ends with its process.
"""

import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

from core.cancellation import CancelReason, CancelToken
from core.database import connect, tenant_role
from core.logging import get_logger
from core.settings import Settings
from services.ledger import Claim

STALLED = "stalled"
_log = get_logger(__name__)

# The child must be dead before the lease ends, not when it ends.
_MARGIN_SECONDS = 1.0
# How long work may ignore its token before its process is ended.
_STUBBORN_SECONDS = 0.5
_TICK_SECONDS = 0.1
# How long such a process may take to say that it ends.
_LAST_SECONDS = 1.0
_RECONNECT_SECONDS = 0.5


def now() -> float:
    """Seconds that also pass while the machine sleeps, and that no clock setting moves."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True, eq=False)
class Hold:
    """One claim as its process holds it."""

    cell: str
    queue: str
    claim: Claim
    lease_end: float
    deadline_seconds: float = 0.0
    failures: int = 0
    token: CancelToken = field(default_factory=CancelToken)
    progress: float = 0.0
    progress_at: float = field(default_factory=now)
    cancelled_at: float | None = None
    renew_at: float = 0.0

    def report(self, fraction: float) -> None:
        """Take note of progress, 0 to 1."""
        if fraction > self.progress:
            self.progress = min(fraction, 1.0)
            self.progress_at = now()

    def watch(self, deadline_seconds: float) -> None:
        """From now on the work must show progress at least this often."""
        self.progress_at = now()
        self.deadline_seconds = deadline_seconds


class Holder:
    """What a pool's process holds: at most one stage. Made after the fork."""

    def __init__(
        self,
        settings: Settings,
        cells: dict[str, str],
        drain_reader: int,
        last_words: Callable[[Hold, str], None],
    ) -> None:
        """`cells` are database addresses by name; `last_words` runs before the process ends."""
        self._settings = settings
        self._last_words = last_words
        self._hold: Hold | None = None
        self._drain_reader = drain_reader
        self.draining = threading.Event()
        self._drained_at = 0.0
        self._busy = threading.Event()
        self._renewers = {name: _Renewer(name, url, settings, self) for name, url in cells.items()}
        threading.Thread(target=self._guard, name="guard", daemon=True).start()
        for renewer in self._renewers.values():
            renewer.start()

    def begin(self, cell: str, queue: str, claim: Claim, claimed_at: float) -> Hold:
        """Hold a stage of a queue that was claimed no earlier than `claimed_at`."""
        hold = Hold(cell, queue, claim, claimed_at + self._settings.lease_seconds)
        hold.renew_at = claimed_at + self._settings.renew_seconds
        self._hold = hold
        self._busy.set()
        return hold

    def end(self, hold: Hold) -> None:
        """Hold it no longer."""
        assert self._hold is hold
        self._hold = None
        self._busy.clear()

    def held_in(self, cell: str) -> Hold | None:
        """What is held of a cell."""
        hold = self._hold
        return hold if hold is not None and hold.cell == cell else None

    def _guard(self) -> None:
        while True:
            self._wait()
            if self.draining.is_set() and not self._drained_at:
                self._drained_at = now()
            hold = self._hold
            if hold is None:
                continue
            self._judge(hold)
            if hold.token.reason is None:
                continue
            if hold.cancelled_at is None:
                hold.cancelled_at = now()
            elif now() - hold.cancelled_at > _STUBBORN_SECONDS and self._hold is hold:
                # They talk to disk and database, which may be what the work hangs on.
                words = threading.Thread(
                    target=self._last_words, args=(hold, hold.token.reason), daemon=True
                )
                words.start()
                words.join(_LAST_SECONDS)
                os._exit(70)

    def _wait(self) -> None:
        if self.draining.is_set():
            self._busy.wait(_TICK_SECONDS)
            time.sleep(_TICK_SECONDS)
            return
        # Nothing is watched while nothing is held, except the pipe.
        timeout = _TICK_SECONDS if self._hold is not None else 5 * _TICK_SECONDS
        readable, _, _ = select.select([self._drain_reader], [], [], timeout)
        if readable:
            self.draining.set()

    def _judge(self, hold: Hold) -> None:
        if now() >= hold.lease_end - _MARGIN_SECONDS:
            hold.token.cancel(CancelReason.LEASE_LOST)
        elif hold.deadline_seconds and now() - hold.progress_at > hold.deadline_seconds:
            hold.token.cancel(STALLED)
        elif self._drained_at and now() - self._drained_at >= self._settings.grace_seconds:
            hold.token.cancel(CancelReason.STOPPING)


class _Renewer(threading.Thread):
    """Keeps one connection to one cell, listens on it for cancellations and renews through it."""

    def __init__(self, cell: str, url: str, settings: Settings, holder: Holder) -> None:
        super().__init__(name=f"renew-{cell}", daemon=True)
        self._cell, self._url, self._settings, self._holder = cell, url, settings, holder
        self._silent = False

    def run(self) -> None:
        while True:
            try:
                with connect(self._url) as connection:
                    connection.execute(
                        "SELECT set_config('statement_timeout', '2s', false),"
                        " set_config('lock_timeout', '2s', false)"
                    )
                    connection.execute("LISTEN ledger_cancel")
                    self._silent = False
                    self._serve(connection)
            except psycopg.Error as error:
                if not self._silent:
                    _log.warning("leases cannot be renewed", cell=self._cell, error=str(error))
                self._silent = True
            time.sleep(_RECONNECT_SECONDS)

    def _serve(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        # A cancellation may have been missed while there was no connection.
        hold = self._holder.held_in(self._cell)
        if hold is not None:
            hold.renew_at = 0.0
        while True:
            for note in connection.notifies(timeout=_TICK_SECONDS * 5, stop_after=1):
                self._heard(note.payload)
            hold = self._holder.held_in(self._cell)
            if hold is not None and now() >= hold.renew_at:
                self._renew(connection, hold)

    def _heard(self, payload: str) -> None:
        # Anybody may NOTIFY: it is only a reason to look. The row alone says what was cancelled.
        hold = self._holder.held_in(self._cell)
        if hold is not None and payload == str(hold.claim.run_id):
            hold.renew_at = 0.0

    def _renew(self, connection: psycopg.Connection[tuple[object, ...]], hold: Hold) -> None:
        asked_at = now()
        hold.renew_at = asked_at + self._settings.renew_seconds
        claim = hold.claim
        try:
            with connection.transaction():
                connection.execute(
                    "SELECT set_config('role', %s, true)", [tenant_role(claim.tenant_id)]
                )
                row = connection.execute(
                    "SELECT cell.renew(%s, %s, %s, make_interval(secs => %s), %s::real)",
                    [
                        claim.stage_id,
                        claim.attempt,
                        claim.holder,
                        self._settings.lease_seconds,
                        hold.progress,
                    ],
                ).fetchone()
        except psycopg.Error:
            hold.renew_at = asked_at + self._settings.renew_seconds / 4
            if connection.broken:
                raise
            return
        answer = row[0] if row else "lost"
        if answer == "held":
            hold.lease_end = asked_at + self._settings.lease_seconds
        elif answer == "cancel":
            hold.token.cancel(CancelReason.CANCELLED)
        elif self._holder.held_in(self._cell) is hold:
            # It may also have just been recorded, and then nobody heeds the token any more.
            hold.token.cancel(CancelReason.LEASE_LOST)
