"""Questions whose answer may never come: asked in a thread of their own, waited for a while."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Probe(Generic[_T]):
    """Asks one question at most once at a time; state: the last answer and its age.

    However many ask, and whatever the question hangs on, it keeps one thread and nobody for longer
    than `patience`.
    """

    def __init__(
        self, name: str, ask: Callable[[], _T], *, fresh: float = 0.2, patience: float = 2.0
    ) -> None:
        """An answer is good for `fresh` seconds. `ask` handles its own errors."""
        self._name, self._ask = name, ask
        self._fresh, self._patience = fresh, patience
        self._changed = threading.Condition()
        self._began = float("-inf")
        self._ended = float("-inf")
        self._asking = False
        self._answer: _T | None = None

    def begin(self) -> None:
        """Ask, unless the last answer is good or is being waited for; returns at once."""
        with self._changed:
            if self._asking or time.monotonic() - self._ended < self._fresh:
                return
            # Daemons: the process may end while a question hangs.
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._asking, self._began = True, time.monotonic()
            try:
                thread.start()
            except RuntimeError:  # the process may have no more threads
                self._asking = False

    def look(self) -> _T | None:
        """The answer, or None where there is none in time."""
        self.begin()
        with self._changed:
            left = self._began + self._patience - time.monotonic()
            self._changed.wait_for(lambda: not self._asking, max(0.0, left))
            return None if self._asking else self._answer

    def _run(self) -> None:
        answer = None
        try:
            answer = self._ask()
        finally:
            with self._changed:
                self._answer, self._asking = answer, False
                self._ended = time.monotonic()
                self._changed.notify_all()
