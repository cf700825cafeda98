"""Rates that all processes share, in Valkey; while it is away, each process keeps them alone.

One script answers for all limits of a request in one round trip. Keys are digests: nothing in
Valkey says who somebody is. They go when there is nothing left to remember.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from redis import BlockingConnectionPool, Redis
from redis.asyncio import BlockingConnectionPool as AsyncPool
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from core.errors import RateLimited
from core.logging import get_logger
from core.rates import SCRIPT, Ask, LocalRates, Outcome, arguments, outcome, whole_seconds

_log = get_logger(__name__)

_SHA: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
_CONNECTIONS: Final = 16
# Longer than a busy Valkey takes, and no longer than a request should wait to be counted.
_ANSWER_SECONDS: Final = 0.5
# How often one request tries whether Valkey is back, while the others do not wait.
_AWAY_SECONDS: Final = 1.0
_DIGEST_BYTES: Final = 12
_PREFIX: Final = "rates:"


class Limiter:
    """Counts what is asked; state: connections, whether Valkey is away, and this process's counts.

    `take` is for one event loop, the rest for any thread. Nothing here fails: without Valkey the
    same limits hold for each process by itself.
    """

    def __init__(
        self, url: str | None, *, name: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`url` is Valkey's, None for this process alone; `name` keeps installations apart."""
        self._url, self._name, self._clock = url, name.encode(), clock
        self._local = LocalRates(clock)
        self._async: AsyncRedis | None = None
        self._sync: Redis | None = None
        self._away = False
        self._ask_again = float("-inf")

    def take_alone(self, asks: Sequence[Ask]) -> Outcome:
        """The same without Valkey, from anywhere and without any wait."""
        return self._local.take(self._keyed(asks))

    async def take(self, asks: Sequence[Ask]) -> Outcome:
        """Take what is asked of all limits, or of none."""
        asks = self._keyed(asks)
        if not self._reachable():
            return self._local.take(asks)
        if self._async is None:
            assert self._url is not None
            pool = AsyncPool.from_url(self._url, **_pool(), retry=AsyncRetry(NoBackoff(), 1))
            self._async = AsyncRedis(connection_pool=pool)
        given: list[str | int] = [*(ask.key for ask in asks), *arguments(asks)]
        try:
            try:
                answer = await self._async.evalsha(_SHA, len(asks), *given)
            except NoScriptError:
                answer = await self._async.eval(SCRIPT, len(asks), *given)
        except (RedisError, OSError) as error:
            return self._without(asks, error)
        return self._told(asks, answer)

    def take_now(self, asks: Sequence[Ask]) -> Outcome:
        """The same from a thread."""
        asks = self._keyed(asks)
        if not self._reachable():
            return self._local.take(asks)
        if self._sync is None:
            assert self._url is not None
            pool = BlockingConnectionPool.from_url(
                self._url, **_pool(), retry=Retry(NoBackoff(), 1)
            )
            self._sync = Redis(connection_pool=pool)
        given: list[str | int] = [*(ask.key for ask in asks), *arguments(asks)]
        try:
            try:
                answer = self._sync.evalsha(_SHA, len(asks), *given)
            except NoScriptError:
                answer = self._sync.eval(SCRIPT, len(asks), *given)
        except (RedisError, OSError) as error:
            return self._without(asks, error)
        return self._told(asks, answer)

    def close(self) -> None:
        """Close the connections of threads."""
        if self._sync is not None:
            self._sync.connection_pool.disconnect()

    async def aclose(self) -> None:
        """Close every connection."""
        if self._async is not None:
            await self._async.connection_pool.disconnect()
        self.close()

    def _keyed(self, asks: Sequence[Ask]) -> list[Ask]:
        return [replace(ask, key=self._key(ask)) for ask in asks]

    def _key(self, ask: Ask) -> str:
        words = f"{ask.limit.name} {ask.key}".encode("utf-8", "backslashreplace")
        digest = hashlib.blake2b(self._name + b"\0" + words, digest_size=_DIGEST_BYTES)
        return f"{_PREFIX}{ask.limit.name}:{digest.hexdigest()}"

    def _reachable(self) -> bool:
        """Whether Valkey is to be asked; while it is away, one now and then finds out."""
        if self._url is None:
            return False
        if not self._away:
            return True
        now = self._clock()
        if now < self._ask_again:
            return False
        self._ask_again = now + _AWAY_SECONDS
        return True

    def _without(self, asks: Sequence[Ask], error: Exception) -> Outcome:
        self._ask_again = self._clock() + _AWAY_SECONDS
        if not self._away:
            self._away = True
            reason = str(error).split("\n", 1)[0] or type(error).__name__
            _log.warning("rates are kept by each process alone", reason=reason)
        return self._local.take(asks)

    def _told(self, asks: Sequence[Ask], answer: Any) -> Outcome:
        if self._away:
            self._away = False
            _log.warning("rates are shared again")
        return outcome(asks, answer)


def require(found: Outcome) -> None:
    """Raise RateLimited where a limit was met."""
    if found.allowed:
        return
    names = [verdict.limit.name for verdict in found.refused_by]
    seconds = whole_seconds(found.after)
    raise RateLimited(
        f"too many requests: try again in {seconds} s",
        after=found.after,
        members={"violated-policies": names},
    )


def _pool() -> dict[str, Any]:
    return {
        "max_connections": _CONNECTIONS,
        "timeout": _ANSWER_SECONDS,
        "socket_timeout": _ANSWER_SECONDS,
        "socket_connect_timeout": _ANSWER_SECONDS,
        "client_name": "automator-rates",
    }
