"""Scratch folders: one for each attempt, gone afterwards however it ends.

`<scratch>/<worker>/<pid>/<attempt>`: a worker's folder is locked while any of its processes lives,
so what dead ones left can be told from what is in use.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

from core.settings import Settings

_LOCK = ".lock"


def scratch_root(settings: Settings) -> Path:
    """Where all workers of this machine put their scratch folders."""
    return settings.scratch_dir or settings.data_dir / "scratch"


class ScratchSpace:
    """One worker's part of the scratch space; made before its pool is forked."""

    def __init__(self, root: Path) -> None:
        """Takes a fresh folder below `root` and removes those of dead workers."""
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = root / uuid4().hex
        self.folder.mkdir(mode=0o700)
        # The lock lives as long as any process that inherited this descriptor.
        self._lock = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        for other in root.iterdir():
            if other != self.folder:
                _remove_if_dead(other)

    @contextmanager
    def attempt(self, stage_id: UUID, attempt: int) -> Iterator[Path]:
        """An empty folder for one attempt."""
        folder = self.folder / str(os.getpid()) / f"{stage_id.hex}-{attempt}"
        folder.mkdir(mode=0o700, parents=True)
        try:
            yield folder
        finally:
            try:
                folder.rmdir()
            except OSError:
                shutil.rmtree(folder, ignore_errors=True)

    def free_bytes(self) -> int:
        """Room left where the folders are."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def clear_own(self) -> None:
        """Remove what this process has left."""
        shutil.rmtree(self.folder / str(os.getpid()), ignore_errors=True)

    def clear_dead(self) -> None:
        """Remove what killed processes of this worker's pool left."""
        for folder in self.folder.iterdir():
            if folder.name.isdigit() and not Path("/proc", folder.name).exists():
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove the worker's folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)


def _remove_if_dead(folder: Path) -> None:
    with suppress(OSError):
        lock = os.open(folder / _LOCK, os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
