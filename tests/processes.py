"""Looking at processes that may end while one looks."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

import psutil

_T = TypeVar("_T")


def seen(processes: Iterable[psutil.Process], look: Callable[[psutil.Process], _T]) -> list[_T]:
    """What `look` says of each; those that have ended meanwhile are left out."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            found.append(look(process))
    return found


def alive(processes: Iterable[psutil.Process], *, patience: float = 0.0) -> list[psutil.Process]:
    """Those that still run after `patience` seconds; the dead that nobody waited for do not."""
    _, left = psutil.wait_procs(processes, timeout=patience)
    states = seen(left, lambda process: (process.status(), process))
    return [process for state, process in states if state != psutil.STATUS_ZOMBIE]
