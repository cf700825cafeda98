"""How one thread tells another to stop."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from core.errors import AutomatorError, Cancelled, LeaseLost


class CancelReason(StrEnum):
    """Why work was stopped."""

    CANCELLED = "cancelled"
    LEASE_LOST = "lease_lost"
    STOPPING = "stopping"


class CancelToken:
    """Set once, by any thread; the first reason stays."""

    def __init__(self) -> None:
        """A token that nobody has cancelled."""
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._reason: str | None = None
        self._wakers: set[int] = set()

    @property
    def reason(self) -> str | None:
        """A `CancelReason` (or the caller's own words), or None while work may go on."""
        return self._reason

    def cancel(self, reason: str = CancelReason.CANCELLED) -> None:
        """Ask for the stop; whoever waits wakes at once."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            self._event.set()
            for waker in self._wakers:
                os.write(waker, b"!")

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until cancelled; False where `seconds` passed first."""
        return self._event.wait(seconds)

    def error(self) -> AutomatorError | None:
        """The error that the reason stands for."""
        if self._reason is None:
            return None
        if self._reason == CancelReason.LEASE_LOST:
            return LeaseLost("the lease on this work ended")
        if self._reason == CancelReason.STOPPING:
            return LeaseLost("the worker is stopping and gave this work back")
        if self._reason == CancelReason.CANCELLED:
            return Cancelled("the work was cancelled")
        return Cancelled(f"the work was cancelled: {self._reason}")

    def check(self) -> None:
        """Raise `Cancelled` or `LeaseLost` once cancelled."""
        error = self.error()
        if error is not None:
            raise error

    @contextmanager
    def waking(self) -> Iterator[int]:
        """A file descriptor that becomes readable on cancel, for a selector."""
        reader, writer = os.pipe()
        with self._lock:
            self._wakers.add(writer)
            if self._reason is not None:
                os.write(writer, b"!")
        try:
            yield reader
        finally:
            with self._lock:
                self._wakers.discard(writer)
            os.close(reader)
            os.close(writer)
