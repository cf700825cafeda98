"""Whether a provider is asked at all: a circuit breaker, and pauses that it asked for.

It opens after some failures in a row and stays so for a while, which doubles with each probe that
fails; then one call may try, and the others follow once that went well.
"""

import random
import threading
import time
from collections.abc import Callable
from typing import Final

FAILURES: Final = 5
FIRST_SECONDS: Final = 5.0
MOST_SECONDS: Final = 300.0
# A probe that never came back must not keep a provider out for ever.
_PROBE_SECONDS: Final = 120.0


class Breaker:
    """One provider's; state: its failures in a row, and when it may be asked again."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now` is in seconds, of any beginning."""
        self._now = now
        self._lock = threading.Lock()
        self._failures = 0
        self._opened = 0
        self._open_until = 0.0
        self._paused_until = 0.0
        self._probe_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether it has opened, and no probe has gone well since."""
        with self._lock:
            return self._opened > 0

    def ready_at(self) -> float:
        """When it may be asked, if nothing happens until then; the past means now."""
        with self._lock:
            return max(self._open_until, self._paused_until, self._probe_until)

    def enter(self) -> bool:
        """Take leave to ask; every True is followed by `succeeded`, `failed` or `unknown`."""
        with self._lock:
            now = self._now()
            if now < max(self._open_until, self._paused_until, self._probe_until):
                return False
            if self._opened:
                self._probe_until = now + _PROBE_SECONDS
            return True

    def succeeded(self) -> None:
        """It answered."""
        with self._lock:
            self._failures = self._opened = 0
            self._open_until = self._probe_until = 0.0

    def failed(self) -> None:
        """It is ill."""
        with self._lock:
            self._failures += 1
            probing, self._probe_until = self._probe_until > 0, 0.0
            if probing or self._failures >= FAILURES:
                seconds = min(MOST_SECONDS, FIRST_SECONDS * 2**self._opened)
                self._opened, self._failures = min(self._opened + 1, 16), 0
                self._open_until = self._now() + seconds * random.uniform(0.8, 1.2)  # noqa: S311

    def unknown(self, pause: float | None = None) -> None:
        """What happened tells nothing of its health; it may have asked for a pause in seconds."""
        with self._lock:
            self._probe_until = 0.0
            if pause is not None:
                self._paused_until = max(self._paused_until, self._now() + pause)
