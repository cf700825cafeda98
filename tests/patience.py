"""Time limits on machines that have more to do."""

import os

_BUSY_LOAD = 2.0
_MOST = 4.0


def stretched(seconds: float) -> float:
    """A limit that holds where processors keep up; where twice as many wait as run, a longer one.

    One run of the tests alone leaves it as it is. What hangs is still found.
    """
    load = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    return seconds * min(_MOST, max(1.0, load / _BUSY_LOAD))
