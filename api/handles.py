"""Open files, kept for a moment: the segments of a film are ranges of a few files."""

import asyncio
import os
from contextlib import suppress
from io import UnsupportedOperation
from typing import BinaryIO, Final

from anyio import CapacityLimiter, to_thread

from core.storage import Storage

# What was deleted gives its space back so soon after it was last read.
IDLE_SECONDS: Final = 5.0
_MOST_IDLE: Final = 128


class Reader:
    """An open object; state: the stream, and how many are reading it."""

    def __init__(self, storage: Storage, key: str) -> None:
        """Raises NotFound where the object is missing."""
        self.key = key
        self.readers = 0
        self.timer: asyncio.TimerHandle | None = None
        self._stream: BinaryIO = storage.open(key)
        self._handle: int | None = None
        with suppress(UnsupportedOperation, AttributeError):
            self._handle = self._stream.fileno()
        self._at_once = self._handle is not None

    @property
    def shared(self) -> bool:
        """Whether several may read at once: by a file's handle, which has no place of its own."""
        return self._handle is not None

    def cached(self, offset: int, size: int) -> bytearray | None:
        """What the kernel has in memory of it, without any wait; None where that is nothing."""
        if self._handle is None or not self._at_once:
            return None
        data = bytearray(size)
        try:
            read = os.preadv(self._handle, [data], offset, os.RWF_NOWAIT)
        except BlockingIOError:
            return None
        except OSError:  # the file system cannot tell
            self._at_once = False
            return None
        del data[read:]
        return data or None

    def read(self, offset: int, size: int) -> bytearray:
        """At most `size` bytes, none at the end; may wait for the disk."""
        if self._handle is not None:
            return bytearray(os.pread(self._handle, size, offset))
        self._stream.seek(offset)
        return bytearray(self._stream.read(size))

    def close(self) -> None:
        """Let it go."""
        self._stream.close()


class Handles:
    """Readers that are lent out; state: those that are open. For one event loop."""

    def __init__(self, threads: CapacityLimiter) -> None:
        """`threads` bounds those that wait for the disk."""
        self.threads = threads
        self._open: dict[str, Reader] = {}
        self._idle = 0

    async def borrow(self, storage: Storage, key: str) -> Reader:
        """A reader of an object, to be given back; NotFound where it is missing."""
        reader = self._open.get(key)
        if reader is None:
            reader = await to_thread.run_sync(Reader, storage, key, limiter=self.threads)
            # Of several that open one file at once, the first one's is shared.
            if reader.shared:
                self._open.setdefault(key, reader)
        elif reader.timer is not None:
            reader.timer.cancel()
            reader.timer = None
            self._idle -= 1
        reader.readers += 1
        return reader

    def give_back(self, reader: Reader) -> None:
        """Close it soon, if nobody else wants it."""
        reader.readers -= 1
        if reader.readers:
            return
        if self._open.get(reader.key) is not reader or self._idle >= _MOST_IDLE:
            self._close(reader)
            return
        self._idle += 1
        loop = asyncio.get_running_loop()
        reader.timer = loop.call_later(IDLE_SECONDS, self._expire, reader)

    def close(self) -> None:
        """Close what nobody reads."""
        for reader in [one for one in self._open.values() if not one.readers]:
            if reader.timer is not None:
                reader.timer.cancel()
            self._expire(reader)

    def _expire(self, reader: Reader) -> None:
        self._idle -= 1
        reader.timer = None
        self._close(reader)

    def _close(self, reader: Reader) -> None:
        if self._open.get(reader.key) is reader:
            del self._open[reader.key]
        reader.close()
