"""`python -m workers --queues media,gpu --concurrency 2`: one worker with its pool."""

import argparse
import gc
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from celery.app.trace import setup_worker_optimizations
from celery.apps.worker import Worker
from celery.signals import setup_logging
from celery.worker import state

from core import tracing
from core.errors import AutomatorError, Rejected
from core.logging import configure_logging, get_logger
from core.settings import Settings, get_settings
from pipeline.plan.types import Queue
from services.installation import Installation
from workers import tasks
from workers.app import create_app
from workers.drain import DrainPipe
from workers.heartbeat import Heartbeat
from workers.meters import AttemptPipe, StageMeters, serve
from workers.rings import Rings
from workers.scratch import ScratchSpace, scratch_root
from workers.shift import FLUSH_SECONDS, Shift

_log = get_logger(__name__)

# After the grace, for killing and giving back; then the worker goes, whatever its pool is at.
_LAST_SECONDS = 4.0
_POLL_SECONDS = 0.02


class LedgerWorker(Worker):  # type: ignore[misc]
    """Celery's worker without its banner and with our signals."""

    drain: DrainPipe
    heartbeat: Heartbeat
    scratch: ScratchSpace
    grace_seconds: float
    meters: StageMeters | None = None
    settings: Settings
    _leaving = False
    _again = False

    def on_before_init(self, **_: object) -> None:
        """Celery would warn of root here; what outside bytes reach runs confined anyway."""
        setup_worker_optimizations(self.app, self.hostname)

    def on_start(self) -> None:
        """Celery would print a banner and install four meanings of SIGTERM here."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        self.heartbeat.start()

    def on_consumer_ready(self, consumer: Any) -> None:
        """Called when rings are heard, and again after every reconnection."""
        self.heartbeat.ready()
        # After the pool's fork: it has no use for these threads.
        meters, self.meters = self.meters, None
        if meters is not None:
            meters.start()
            serve(meters.registry, self.settings)

    def _on_signal(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Take no more rings; what runs may finish within the grace. Returns at once."""
        if not self._leaving:
            self._leaving = True
            self.drain.begin()
            threading.Thread(target=self._leave, name="leave").start()

    def restart(self) -> None:
        """Leave and come back as a fresh process with the same number."""
        self._again = True
        self.leave()

    def _leave(self) -> None:
        # Celery's own shutdown waits a second or two for threads that have nothing to do.
        self.heartbeat.stop()
        for queue in self.heartbeat.queues:
            with suppress(Exception):
                self.consumer.call_soon(self.consumer.cancel_task_queue, queue)
        give_up = time.monotonic() + self.grace_seconds + _LAST_SECONDS
        while state.active_requests and time.monotonic() < give_up:
            time.sleep(_POLL_SECONDS)
        if tracing.wanted():
            time.sleep(FLUSH_SECONDS)  # the pool sends its last spans
        self._end_pool()
        self.scratch.close()
        if self._again:
            os.execv(sys.executable, [sys.executable, "-m", "workers", *sys.argv[1:]])
        os._exit(0)

    def _end_pool(self) -> None:
        for process in list(getattr(getattr(self.pool, "_pool", None), "_pool", ())):
            with suppress(OSError):
                os.kill(process.pid, signal.SIGKILL)
                os.waitpid(process.pid, 0)


def _leave_logging_alone(**_: object) -> None:
    """Logging is configured already."""
    for talkative in ("celery", "celery.app.trace", "celery.worker.strategy"):
        logging.getLogger(talkative).setLevel(logging.WARNING)


def run(settings: Settings, queues: Sequence[str], concurrency: int) -> NoReturn:
    """Work until told to leave; ends the process."""
    # A receiver keeps Celery from setting up logging of its own.
    setup_logging.connect(_leave_logging_alone, weak=False)
    app = create_app(settings)
    rings = Rings(app, settings)
    scratch = ScratchSpace(scratch_root(settings))
    # The pool makes itself a folder for temporary files, and nobody removes it: it goes with ours.
    tempfile.tempdir = str(scratch.folder)
    installation = Installation(settings, pool_size=1)
    drain = DrainPipe()
    warm = bool({Queue.MEDIA, Queue.GPU} & set(queues))
    attempts = AttemptPipe() if settings.metrics_port is not None else None
    shift = partial(
        Shift, settings, rings, drain, scratch, concurrency, warm=warm, attempts=attempts
    )
    tasks.prepare(drain, shift)
    worker = LedgerWorker(
        app=app,
        queues=list(queues),
        concurrency=concurrency,
        pool="prefork",
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        task_events=False,
        quiet=True,
    )
    worker.drain, worker.scratch, worker.grace_seconds = drain, scratch, settings.grace_seconds
    worker.settings = settings
    worker.meters = StageMeters(attempts) if attempts is not None else None
    worker.heartbeat = Heartbeat(
        installation,
        rings,
        scratch,
        queues=queues,
        slots=concurrency,
        on_stall=worker.restart,
    )
    gc.freeze()  # what the pool inherits stays shared with it
    worker.start()
    # Only after an error: a worker that is told to leave ends its process itself.
    worker.leave()
    while True:
        time.sleep(_POLL_SECONDS)


def parse(arguments: Sequence[str]) -> tuple[list[str], int]:
    """Queues and slots. Raises Rejected for a queue that does not exist."""
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--queues", default=",".join(Queue), help="comma-separated")
    parser.add_argument("--concurrency", type=int, default=None, help="slots")
    given = parser.parse_args(arguments)
    queues = [name.strip() for name in given.queues.split(",") if name.strip()]
    known = [str(queue) for queue in Queue]
    for name in queues:
        if name not in known:
            raise Rejected(f"there is no queue {name!r}; there are {', '.join(known)}")
    slots = given.concurrency or get_settings().workers
    return queues or known, slots


def main(arguments: Sequence[str]) -> int:
    """Returns only after an error of ours, with status 1."""
    settings = get_settings()
    configure_logging(level=settings.log_level, as_json=settings.log_json)
    try:
        queues, slots = parse(arguments)
        run(settings, queues, slots)
    except AutomatorError as error:
        print(f"automator: {error}", file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
