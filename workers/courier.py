"""A thread that sends what is due, beside the slots: no server's silence keeps one from its work.

Every process that serves the queue `light` has couriers, which look when a ring is heard, and by
themselves while their process is at something long. What two of them find is taken by one.
"""

import threading
import time
from abc import ABC, abstractmethod
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from core.logging import get_logger

_log = get_logger(__name__)

# How often it looks while nobody can hear a ring, and while somebody can.
BUSY_SECONDS: Final = 2.0
_IDLE_SECONDS: Final = 30.0
# Rings may come by the hundred; nobody looks more often than this.
_LEAST_SECONDS: Final = 0.2


class Courier(ABC):
    """State: its thread, which runs from the first ring on."""

    name: str

    def __init__(self, stopping: threading.Event) -> None:
        """Starts nothing yet; nothing more is begun once `stopping` is set."""
        self.stopping = stopping
        self.alone = False
        self._wake = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None
        self._looked_at = float("-inf")

    @abstractmethod
    def send_due(self) -> int:
        """Send what is due; how much was tried."""

    def ring(self) -> None:
        """There may be something to send."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()
        # Where it has only just looked, nobody waits until it may again.
        if time.monotonic() - self._looked_at >= _LEAST_SECONDS:
            self._idle.clear()
        self._wake.set()

    def wait(self, seconds: float) -> None:
        """Until it has sent what there was, at most for so long."""
        self._idle.wait(seconds)

    def heard(self, seconds: float) -> bool:
        """Wait for a ring, at most for so long."""
        rung = self._wake.wait(seconds)
        self._wake.clear()
        return rung

    def _run(self) -> None:
        while not self.stopping.is_set():
            self._rest()
            self._idle.clear()
            try:
                self.send_due()
            except SQLAlchemyError as error:
                line = str(error).split("\n", 1)[0]
                _log.warning("what is due cannot be looked for", courier=self.name, error=line)
            except Exception as error:  # noqa: BLE001 — a thread that ends is noticed by nobody
                _log.error("a courier failed", courier=self.name, exc_info=error)
            finally:
                self._looked_at = time.monotonic()
                self._idle.set()

    def _rest(self) -> None:
        """Until there may be something to do."""
        until = time.monotonic() + _IDLE_SECONDS
        while not self._wake.wait(BUSY_SECONDS):
            if self.alone or time.monotonic() >= until:
                return
        time.sleep(max(0.0, self._looked_at + _LEAST_SECONDS - time.monotonic()))
        self._wake.clear()
