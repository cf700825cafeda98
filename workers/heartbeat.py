"""What a worker's first process does beside Celery: says that it is alive, and watches Celery."""

import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from uuid import uuid4

from celery.worker import state
from sqlalchemy.exc import SQLAlchemyError

from core.logging import get_logger
from services import ledger_workers
from services.installation import Installation
from workers.rings import Rings
from workers.scratch import ScratchSpace

_log = get_logger(__name__)

_SEEN_SECONDS = 10.0
_WATCH_SECONDS = 1.0
# Rings that nobody takes while slots are idle: Celery has lost its broker and does not know.
_STALLED_SECONDS = 5.0


class Heartbeat(threading.Thread):
    """Registers the worker in every cell, and calls `on_stall` where Celery stopped listening."""

    def __init__(
        self,
        installation: Installation,
        rings: Rings,
        scratch: ScratchSpace,
        *,
        queues: Sequence[str],
        slots: int,
        on_stall: Callable[[], None],
    ) -> None:
        """Starts nothing yet."""
        super().__init__(name="heartbeat", daemon=True)
        self._installation, self._rings, self._scratch = installation, rings, scratch
        self.queues, self._slots, self._on_stall = list(queues), slots, on_stall
        self._id = uuid4()
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._watch = _Watch(slots)

    def ready(self) -> None:
        """The worker can take work from now on."""
        self._ready.set()

    def stop(self) -> None:
        """Take the worker off the register; waits a second at most."""
        self._stopping.set()
        self._ready.set()
        if threading.current_thread() is not self:
            self.join(1.0)

    def run(self) -> None:
        """Until stopped."""
        self._ready.wait()
        seen_at = float("-inf")
        while not self._stopping.is_set():
            if time.monotonic() - seen_at >= _SEEN_SECONDS and self._seen():
                seen_at = time.monotonic()
                self._scratch.clear_dead()
            if self._watch.stalled([self._rings.outstanding(queue) for queue in self.queues]):
                _log.error("rings are not heard any more: the worker starts afresh")
                self._on_stall()
                break
            self._stopping.wait(_WATCH_SECONDS)
        self._gone()

    def _seen(self) -> bool:
        told = True
        for cell in self._installation.cell_names:
            try:
                ledger_workers.worker_seen(
                    self._installation.cell(cell),
                    self._id,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    queues=self.queues,
                    slots=self._slots,
                )
            except SQLAlchemyError as error:
                told = False
                _log.warning("a cell does not answer", cell=cell, error=str(error).split("\n")[0])
        return told

    def _gone(self) -> None:
        for cell in self._installation.cell_names:
            try:
                ledger_workers.worker_gone(self._installation.cell(cell), self._id)
            except SQLAlchemyError:
                _log.info("the register did not answer", cell=cell)


class _Watch:
    """Tells a busy worker from a deaf one."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._since: float | None = None
        self._heard = -1

    def stalled(self, outstanding: Sequence[int | None]) -> bool:
        heard = state.all_total_count[0]
        deaf = (
            heard == self._heard
            and len(state.reserved_requests) < self._slots
            and any(count for count in outstanding)
        )
        self._heard = heard
        if not deaf:
            self._since = None
            return False
        if self._since is None:
            self._since = time.monotonic()
        return time.monotonic() - self._since >= _STALLED_SECONDS
