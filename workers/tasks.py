"""The one task: a ring. It carries no work, so it may be lost, late or doubled."""

from typing import Any

from billiard import current_process
from celery import shared_task
from celery.signals import worker_process_init

from workers.app import TASK
from workers.drain import DrainPipe
from workers.shift import Shift


class _Pool:
    """What the first process prepares and its children find: a maker of shifts, and theirs."""

    drain: DrainPipe | None = None
    make: Any = None
    shift: Shift | None = None


def prepare(drain: DrainPipe, make: Any) -> None:
    """Called before the pool is forked; each child calls `make()` for its `Shift`."""
    _Pool.drain, _Pool.make = drain, make


@worker_process_init.connect(weak=False)  # type: ignore[untyped-decorator]
def _begin_shift(**_: object) -> None:
    assert _Pool.drain is not None
    _Pool.drain.adopt()
    current_process().name = "worker"
    _Pool.shift = _Pool.make()


@shared_task(name=TASK)  # type: ignore[untyped-decorator]
def work(queue: str) -> None:
    """There is work on this queue."""
    assert _Pool.shift is not None
    _Pool.shift.answer(queue)
