"""Passwords are worked on by few threads, which give way to everything else.

One comparison takes a processor a tenth of a second. However many sign in at once, other requests
find the processors free: the threads are at low priority, and fewer than there are processors.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from core.errors import Unavailable
from services import passwords

_P = ParamSpec("_P")
_T = TypeVar("_T")
# Behind requests, and before what encodes beside them.
_NICENESS: Final = 3
_WAITING: Final = 64


class Verifier:
    """Makes and compares digests of passwords; state: the threads, and how many wait for them."""

    def __init__(self) -> None:
        """Starts no thread before the first password comes."""
        slots = max(1, len(os.sched_getaffinity(0)) - 1)
        self._threads = ThreadPoolExecutor(
            slots, thread_name_prefix="password", initializer=_give_way
        )
        self._waiting = 0

    async def fits(self, digest: str | None, password: str) -> bool:
        """See `passwords.fits`; raises Unavailable where too many wait."""
        return await self._work(passwords.fits, digest, password)

    async def make(self, password: str) -> str:
        """See `passwords.make`; raises Unavailable where too many wait."""
        return await self._work(passwords.make, password)

    async def _work(self, act: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        if self._waiting >= _WAITING:
            raise Unavailable("too many are signing in just now", retry_after=5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: act(*args, **kwargs)
            )
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads, and what waits for them."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _give_way() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
