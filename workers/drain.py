"""How a worker's first process tells its pool that it is stopping, or has died.

The pool's processes hold the reading end of a pipe whose writing end only the first process has:
the end of file is the message, reaches all of them, and cannot be missed.
"""

import os

from core.embedded.child import die_with


class DrainPipe:
    """Made before the pool is forked."""

    def __init__(self) -> None:
        """An open pipe: work goes on."""
        self._owner = os.getpid()
        self.reader, self._writer = os.pipe()
        os.set_inheritable(self.reader, False)

    def adopt(self) -> None:
        """Called in a process of the pool: the writing end belongs to the first process alone."""
        if os.getpid() == self._owner:
            return
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1
        die_with(self._owner)

    def begin(self) -> None:
        """Called in the first process: take nothing new, finish what fits."""
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1
