"""Bytes on their way in: a file that grows at a recorded offset, by one writer at a time.

An upload is a folder with its bytes and a lock, which the kernel releases however its holder ends.
How much of the bytes counts is recorded elsewhere: what lies behind that was promised to nobody,
and the next writer cuts it off.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from core.errors import Gone, InsufficientStorage, Locked
from core.folder_files import NO_ROOM

_BYTES: Final = "bytes"
_LOCK: Final = "lock"
_WANTED: Final = "wanted"
_READ_BYTES: Final = 1 << 20


def spooled_bytes(folder: Path) -> int:
    """How many bytes lie there; 0 where there are none."""
    try:
        return (folder / _BYTES).stat().st_size
    except FileNotFoundError:
        return 0


def remove_idle(folder: Path, *, age_seconds: float) -> bool:
    """Remove a folder that nobody writes to and has written to for so long; whether it is gone."""
    try:
        youngest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
        if youngest > time.time() - age_seconds:
            return False
        Writer(folder).remove()
    except (FileNotFoundError, Locked):
        return False
    return True


class Writer:
    """The one writer of a folder; state: the lock and the open file."""

    def __init__(self, folder: Path) -> None:
        """Takes the lock; raises Locked, and lets the holder know, while another has it."""
        self._folder = folder
        self.path = folder / _BYTES
        self._file = -1
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            raise Locked("this upload has just ended") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            with suppress(FileNotFoundError):
                (folder / _WANTED).touch()
            raise Locked("another request is adding to this upload") from None
        if os.fstat(self._lock).st_nlink == 0:  # its last holder removed the folder meanwhile
            os.close(self._lock)
            raise Locked("this upload has just ended")
        (folder / _WANTED).unlink(missing_ok=True)

    def cut(self, offset: int) -> None:
        """Open the file to go on at `offset`; raises Gone where bytes before it are missing."""
        if self._file < 0:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(self.path, flags, 0o600)
        if os.fstat(self._file).st_size < offset:
            raise Gone("bytes of this upload are lost: begin it anew")
        os.ftruncate(self._file, offset)

    def write(self, data: bytes | bytearray, offset: int, *, reserve: int) -> None:
        """Write at `offset`; raises InsufficientStorage rather than touch `reserve` free bytes."""
        space = os.fstatvfs(self._file)
        if space.f_bavail * space.f_frsize - len(data) < reserve:
            raise InsufficientStorage("the upload would touch the free-space reserve")
        view = memoryview(data)
        try:
            while view:
                written = os.pwrite(self._file, view, offset)
                view, offset = view[written:], offset + written
        except OSError as error:
            if error.errno in NO_ROOM:
                raise InsufficientStorage("the disk for uploads has no room left") from error
            raise

    def sync(self) -> None:
        """Return when the disk has what was written."""
        os.fdatasync(self._file)

    @property
    def wanted(self) -> bool:
        """Whether somebody else asked for the lock: a client that came back over another line."""
        return (self._folder / _WANTED).exists()

    def remove(self) -> None:
        """Remove the folder, and close."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self.close()

    def close(self) -> None:
        """Let go of everything."""
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1


class Digest:
    """The sha256 of a file that grows, taken in a thread of its own; state: how far it is.

    It reads what has been written instead of being handed it: memory stays flat, and after an
    interruption it is the same work from another place.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is read before `follow`."""
        self._path = path
        self._hash = hashlib.sha256()
        self._position = self._end = 0
        self._change = threading.Condition()
        self._error: OSError | None = None
        self._thread: threading.Thread | None = None

    def follow(self, end: int) -> None:
        """The file's first `end` bytes will not change any more."""
        with self._change:
            self._end = max(self._end, end)
            if self._thread is None and self._position < self._end:
                self._thread = threading.Thread(target=self._run, name="digest", daemon=True)
                self._thread.start()

    def ready(self, seconds: float) -> bool:
        """Whether it has caught up, within so long."""
        with self._change:
            return self._change.wait_for(lambda: self._thread is None, seconds)

    def result(self) -> str:
        """The digest of all that was to be followed, in hexadecimal; waits for it."""
        with self._change:
            self._change.wait_for(lambda: self._thread is None)
            if self._error is not None:
                raise self._error
            return self._hash.hexdigest()

    def _run(self) -> None:
        try:
            with self._path.open("rb", buffering=0) as file:
                while not self._caught_up():
                    wanted = min(_READ_BYTES, self._end - self._position)
                    data = os.pread(file.fileno(), wanted, self._position)
                    if not data:
                        raise OSError(errno.EIO, "the file is shorter than it was")
                    self._hash.update(data)
                    self._position += len(data)
        except OSError as error:
            with self._change:
                self._error, self._thread = error, None
                self._change.notify_all()

    def _caught_up(self) -> bool:
        with self._change:
            if self._position < self._end:
                return False
            self._thread = None
            self._change.notify_all()
            return True
