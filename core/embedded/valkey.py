"""One Valkey server on a private unix socket."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core.embedded import processes
from core.embedded.folders import private_folder
from core.embedded.wheels import valkey_program
from core.errors import Unavailable

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0

# `everysec` may lose a second of rings on a crash; the ledger in PostgreSQL rings again.
_OPTIONS = (
    *("--port", "0"),
    *("--unixsocketperm", "700"),
    *("--dir", "."),
    *("--appendonly", "yes"),
    *("--appendfsync", "everysec"),
    *("--save", ""),
    *("--maxmemory-policy", "noeviction"),
)


class ValkeyServer:
    """Starts, watches and stops a server on `folder`, with its socket below `runtime`."""

    def __init__(self, folder: Path, runtime: Path, *, output: Callable[[], int]) -> None:
        """`output` opens a descriptor for what the server prints."""
        self.folder = folder
        self.socket = runtime / "valkey" / "valkey.sock"
        self.process: subprocess.Popen[bytes] | None = None
        self._output = output

    @property
    def url(self) -> str:
        """The server's address, as Redis clients write it."""
        return f"unix://{self.socket}"

    def launch(self) -> None:
        """Starts the server, without waiting; what an earlier life left behind is ended first."""
        self._end_leftovers()
        private_folder(self.folder)
        private_folder(self.socket.parent)
        self.socket.unlink(missing_ok=True)
        output = self._output()
        try:
            self.process = processes.spawn(
                [str(valkey_program()), "--unixsocket", str(self.socket), *_OPTIONS],
                death_signal=signal.SIGTERM,
                output=output,
                cwd=self.folder,
            )
        finally:
            os.close(output)

    def wait_ready(self) -> None:
        """Returns once the server answers; one whose files are damaged starts anew without them.

        Nothing is lost by that: what is to be done stands in the ledger. Raises Unavailable.
        """
        if self._answers_in_time():
            return
        damaged = self.folder.with_name(f"{self.folder.name}.damaged")
        shutil.rmtree(damaged, ignore_errors=True)
        self.folder.rename(damaged)
        self.launch()
        if not self._answers_in_time():
            raise Unavailable("Valkey ended while starting: see its log")

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stops the server after its last write is on disk."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        self._end_leftovers()
        shutil.rmtree(self.socket.parent, ignore_errors=True)

    def _end_leftovers(self) -> None:
        def find() -> list[int]:
            return processes.processes_in(self.folder, "valkey")

        processes.end_all(find, polite=signal.SIGTERM)

    def _answers_in_time(self) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while self.alive:
            with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                if client.recv(64).startswith(b"+PONG"):
                    return True
            if time.monotonic() > deadline:
                raise Unavailable("Valkey does not answer: see its log")
            time.sleep(0.005)
        return False
