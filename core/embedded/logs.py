"""Files of bounded size for what child processes print."""

import os
import selectors
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

MAX_BYTES = 5_000_000
KEPT = 2


@dataclass(slots=True)
class _Sink:
    path: Path
    on_line: Callable[[str], None] | None
    file: BinaryIO | None = None
    partial: bytes = field(default=b"")

    def open(self) -> BinaryIO:
        """The file at `path`, opened anew if somebody has moved or deleted the one we had."""
        if self.file is not None:
            ours = os.fstat(self.file.fileno())
            try:
                if os.path.samestat(ours, os.stat(self.path)):
                    return self.file
            except FileNotFoundError:
                pass
            self.close()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open("ab", buffering=0)
        os.fchmod(self.file.fileno(), 0o600)
        return self.file

    def close(self) -> None:
        """Closes the file; `open` has another."""
        if self.file is not None:
            self.file.close()
            self.file = None


class LogPump:
    """Copies the output of any number of children into files, from one thread.

    A file that reaches MAX_BYTES becomes `.1`, that one `.2`, and what was `.2` goes.
    """

    def __init__(self) -> None:
        """Starts the thread, which ends with `close`."""
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._waiting: list[tuple[int, _Sink]] = []
        self._lock = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="log-pump", daemon=True)
        self._thread.start()

    def open(self, path: Path, on_line: Callable[[str], None] | None = None) -> int:
        """A descriptor to hand to a child as its output; close it once the child has it.

        `on_line` sees each line, in the pump's thread.
        """
        sink = _Sink(path, on_line)
        sink.open()
        read, write = os.pipe()
        with self._lock:
            self._waiting.append((read, sink))
        os.write(self._wake_write, b"!")
        return write

    def close(self, patience: float = 0.5) -> None:
        """Stops copying, after what has been printed so far is written."""
        self._closing = True
        os.write(self._wake_write, b"!")
        self._thread.join(patience)

    def _run(self) -> None:
        while not self._closing:
            self._step(None)
        while self._step(0.0):
            pass
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fd)
            os.close(key.fd)
            if key.data is not None:
                key.data.close()
        os.close(self._wake_write)
        self._selector.close()

    def _step(self, timeout: float | None) -> bool:
        """Moves what is there to be moved; returns whether there was anything."""
        moved = False
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                with suppress(BlockingIOError):
                    os.read(key.fd, 4096)
                continue
            moved = True
            chunk = os.read(key.fd, 65536)
            if chunk:
                with suppress(OSError):  # a full disk must not stop the children
                    _write(key.data, chunk)
            else:
                self._selector.unregister(key.fd)
                os.close(key.fd)
                key.data.close()
        with self._lock:
            arrived, self._waiting = self._waiting, []
        for descriptor, sink in arrived:
            self._selector.register(descriptor, selectors.EVENT_READ, sink)
        return moved or bool(arrived)


def _write(sink: _Sink, chunk: bytes) -> None:
    if sink.on_line is not None:
        *lines, sink.partial = (sink.partial + chunk).split(b"\n")
        sink.partial = sink.partial[-65536:]
        for line in lines:
            sink.on_line(line.decode(errors="replace"))
    file = sink.open()
    if os.fstat(file.fileno()).st_size + len(chunk) > MAX_BYTES:
        sink.close()
        for number in range(KEPT - 1, 0, -1):
            older = sink.path.with_name(f"{sink.path.name}.{number}")
            if older.exists():
                older.replace(sink.path.with_name(f"{sink.path.name}.{number + 1}"))
        sink.path.replace(sink.path.with_name(f"{sink.path.name}.1"))
        file = sink.open()
    file.write(chunk)
