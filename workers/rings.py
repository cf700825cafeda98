"""Ringing: telling idle slots that a queue has work. A lost ring costs a second, never work."""

from collections.abc import Callable
from typing import TypeVar

from celery import Celery
from kombu.exceptions import KombuError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.logging import get_logger
from core.settings import Settings
from workers.app import TASK, key_prefix

_T = TypeVar("_T")
_log = get_logger(__name__)


class Rings:
    """The rings of an installation; state: a connection to the broker, and whether it answered."""

    def __init__(self, app: Celery, settings: Settings) -> None:
        """Nothing is opened before the first use."""
        assert settings.redis_url is not None
        self._app = app
        self._prefix = key_prefix(settings)
        self._redis = Redis.from_url(
            settings.redis_url,
            socket_timeout=2,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 1),
        )
        self._silent = False

    def outstanding(self, queue: str) -> int | None:
        """Rings that no slot has taken yet; None while the broker does not answer."""

        def count() -> int:
            return int(self._redis.llen(self._prefix + queue))

        return self._ask(count)

    def ring(self, queue: str, times: int = 1) -> bool:
        """Ring a queue; False while the broker does not answer."""

        def send() -> bool:
            for _ in range(times):
                self._app.send_task(TASK, args=[queue], queue=queue, retry=False)
            return True

        return bool(self._ask(send))

    def top_up(self, queue: str, wanted: int, slots: int) -> int:
        """Ring so that min(`wanted`, `slots`) rings are outstanding; returns how many were rung."""
        outstanding = self.outstanding(queue)
        if outstanding is None:
            return 0
        missing = min(wanted, slots) - outstanding
        return missing if missing > 0 and self.ring(queue, missing) else 0

    def publish(self, channel: str, message: str) -> None:
        """Say something to whoever listens just now; what nobody hears is lost."""
        self._ask(lambda: self._redis.publish(channel, message))

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    def _ask(self, question: Callable[[], _T]) -> _T | None:
        try:
            answer = question()
        except (RedisError, KombuError, OSError) as error:
            if not self._silent:
                _log.warning("the broker does not answer", error=str(error))
            self._silent = True
            return None
        if self._silent:
            _log.warning("the broker answers again")
        self._silent = False
        return answer
