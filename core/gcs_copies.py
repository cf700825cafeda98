"""Copies of stored objects on this machine, for programs that read files."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from core.errors import InsufficientStorage
from core.folder_files import NO_ROOM

_PREFIX: Final = "local-"
_LOCK: Final = ".lock"
_CHUNK: Final = 1 << 20


@contextmanager
def copied(scratch: Path, name: str, source: BinaryIO, size: int) -> Iterator[Path]:
    """A file of this name with the stream's bytes, good inside the block.

    Raises InsufficientStorage where the scratch folder has no room for it.
    """
    with _folder(scratch) as folder:
        if shutil.disk_usage(folder).free < size:
            raise InsufficientStorage("the scratch folder has no room for a stored file")
        path = folder / name
        try:
            with path.open("xb") as copy:
                shutil.copyfileobj(source, copy, _CHUNK)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise InsufficientStorage("the scratch folder has no room left") from error
            raise
        yield path


def sweep(scratch: Path, before: float) -> int:
    """Remove what killed processes left before a moment; how many folders there were."""
    removed = 0
    for folder in scratch.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder.stat().st_mtime >= before:
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
                removed += 1
            finally:
                os.close(lock)
    return removed


@contextmanager
def _folder(scratch: Path) -> Iterator[Path]:
    """A folder with a lock that its process holds: a worker that starts removes those of the dead.

    The lock has its name only when it is held, so that nobody takes a new folder for a dead one.
    """
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=scratch))
    fresh = folder / f"{_LOCK}-"
    lock = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        fresh.rename(folder / _LOCK)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
