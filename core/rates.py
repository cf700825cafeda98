"""Rates by the generic cell rate algorithm: each limit is one time, at which all of it is back.

Whoever has not asked for long has `burst` units at once; then a unit comes back every
`seconds / quota`. So no span of `seconds` holds more than `burst + quota` units, a long one holds
`quota` on average, nobody waits for a window to end, and how long to wait is known exactly.
Times are in microseconds, since Lua counts whole numbers up to 2^53.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

_SECOND: Final = 1_000_000
# Keys that one process keeps by itself; of more, those that asked longest ago are forgotten.
MOST_KEYS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Limit:
    """So many units in so many seconds, of each key; `name` is of letters, digits, - and _."""

    name: str
    quota: int
    seconds: int
    burst: int | None = None
    """Units that may come at once, if that is not `quota`."""

    @property
    def unit(self) -> int:
        """Microseconds in which one unit comes back."""
        return max(1, self.seconds * _SECOND // self.quota)

    @property
    def most(self) -> int:
        """Units that there are at most."""
        return self.burst or self.quota


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a limit for a key: a cost of 0 only looks, a negative one gives back."""

    limit: Limit
    key: str
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a limit says: units left, seconds until all are back, and until the ask would pass."""

    limit: Limit
    remaining: int
    reset: float
    wait: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all limits say together; nothing is taken from any unless all allow it."""

    verdicts: tuple[Verdict, ...]

    @property
    def allowed(self) -> bool:
        """Whether every limit allows it."""
        return all(verdict.wait <= 0 for verdict in self.verdicts)

    @property
    def refused_by(self) -> tuple[Verdict, ...]:
        """The limits that do not."""
        return tuple(verdict for verdict in self.verdicts if verdict.wait > 0)

    @property
    def after(self) -> float:
        """Seconds until it may be asked again."""
        return max((verdict.wait for verdict in self.verdicts), default=0.0)


# KEYS are those of the asks; ARGV has the unit, the most and the cost of each. A time that is
# further away than a limit can be was written by another clock or for another limit, and is cut.
SCRIPT: Final = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local kept = redis.call('MGET', unpack(KEYS))
local out, ends, allowed = {}, {}, true
for i = 1, #KEYS do
  local unit, most, cost = tonumber(ARGV[i*3-2]), tonumber(ARGV[i*3-1]), tonumber(ARGV[i*3])
  local before = math.min(math.max(tonumber(kept[i]) or now, now), now + unit * most)
  local wait = 0
  if cost >= 0 then wait = math.max(0, before + math.max(cost, 1) * unit - unit * most - now) end
  if wait > 0 then allowed = false end
  ends[i] = {before, math.max(now, before + cost * unit), unit, most, wait}
end
for i = 1, #KEYS do
  local e = ends[i]
  local at = e[1]
  if allowed then
    at = e[2]
    if at <= now then
      redis.call('DEL', KEYS[i])
    elseif at ~= e[1] then
      redis.call('SET', KEYS[i], string.format('%.0f', at), 'PX', math.ceil((at - now) / 1000))
    end
  end
  out[i*3-2] = math.floor((now + e[3] * e[4] - at) / e[3])
  out[i*3-1] = at - now
  out[i*3] = e[5]
end
return out
"""


def arguments(asks: Sequence[Ask]) -> list[int]:
    """ARGV of the script."""
    return [value for ask in asks for value in (ask.limit.unit, ask.limit.most, ask.cost)]


def outcome(asks: Sequence[Ask], answer: Sequence[int]) -> Outcome:
    """What the script's answer says."""
    return Outcome(
        tuple(
            Verdict(
                ask.limit,
                max(0, int(answer[i * 3])),
                int(answer[i * 3 + 1]) / _SECOND,
                int(answer[i * 3 + 2]) / _SECOND,
            )
            for i, ask in enumerate(asks)
        )
    )


class LocalRates:
    """The same limits in this process alone; state: the times of the keys that asked last."""

    def __init__(self, clock: Callable[[], float], *, keys: int = MOST_KEYS) -> None:
        """`clock` is in seconds."""
        self._clock, self._keys = clock, keys
        self._ends: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, asks: Sequence[Ask]) -> Outcome:
        """See the script."""
        with self._lock:
            now = int(self._clock() * _SECOND)
            found = [self._before(ask, now) for ask in asks]
            waits = [_wait(ask, before, now) for ask, before in zip(asks, found, strict=True)]
            if not any(waits):
                found = [
                    max(now, before + ask.cost * ask.limit.unit)
                    for ask, before in zip(asks, found, strict=True)
                ]
                for ask, end in zip(asks, found, strict=True):
                    self._keep((ask.limit.name, ask.key), end, now)
        answer: list[int] = []
        for ask, end, wait in zip(asks, found, waits, strict=True):
            unit = ask.limit.unit
            answer += [(now + unit * ask.limit.most - end) // unit, end - now, wait]
        return outcome(asks, answer)

    def _before(self, ask: Ask, now: int) -> int:
        latest = now + ask.limit.unit * ask.limit.most
        return min(max(self._ends.get((ask.limit.name, ask.key), now), now), latest)

    def _keep(self, key: tuple[str, str], end: int, now: int) -> None:
        self._ends.pop(key, None)
        if end > now:
            self._ends[key] = end
            if len(self._ends) > self._keys:
                self._ends.popitem(last=False)


def _wait(ask: Ask, before: int, now: int) -> int:
    if ask.cost < 0:
        return 0
    unit = ask.limit.unit
    return max(0, before + max(ask.cost, 1) * unit - unit * ask.limit.most - now)


def whole_seconds(seconds: float) -> int:
    """As headers have them: never too early."""
    return ceil(seconds)
