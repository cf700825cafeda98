"""Looking at processes that may end while one looks."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
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
    left, end = list(processes), time.monotonic() + patience
    while True:
        left = [one for one, runs in seen(left, lambda one: (one, _runs(one))) if runs]
        if not left or time.monotonic() >= end:
            return left
        time.sleep(0.02)


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def in_memory(pid: int, words: str) -> bool:
    """Whether a process has these words anywhere in what it can write."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    areas = [line.split()[0] for line in lines if line.split()[1].startswith("rw")]
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for area in areas:
            begin, end = (int(text, 16) for text in area.split("-"))
            memory.seek(begin)
            if words.encode() in memory.read(end - begin):
                return True
    return False
