"""Rates: one suite over Valkey and over what a process does without it."""

import asyncio
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from core.errors import RateLimited
from core.limiter import Limiter, require
from core.rates import Ask, Limit, LocalRates, Outcome

SLOW = Limit("slow", 5, 3600)
QUICK = Limit("quick", 10, 1)
Take = Callable[[Sequence[Ask]], Outcome]


@pytest.fixture(params=["valkey, from threads", "valkey, from a loop", "alone"])
def take(request: pytest.FixtureRequest, valkey_server: str) -> Iterator[Take]:
    """Each way to count, with keys that nobody else has."""
    name = secrets.token_hex(8)
    if request.param == "alone":
        yield LocalRates(time.monotonic).take
        return
    limiter = Limiter(valkey_server, name=name)
    if request.param == "valkey, from threads":
        yield limiter.take_now
        limiter.close()
        return
    with asyncio.Runner() as runner:
        yield lambda asks: runner.run(limiter.take(asks))
        runner.run(limiter.aclose())


def test_a_burst_passes_and_what_comes_after_it_is_told_how_long_to_wait(take: Take) -> None:
    found = [take([Ask(SLOW, "k")]) for _ in range(7)]
    assert [one.allowed for one in found] == [True] * 5 + [False] * 2
    assert [one.verdicts[0].remaining for one in found] == [4, 3, 2, 1, 0, 0, 0]
    assert found[4].after == 0
    assert found[6].after == pytest.approx(720, abs=5)
    assert found[6].verdicts[0].reset == pytest.approx(3600, abs=5)


def test_units_come_back_one_by_one(take: Take) -> None:
    refused = take([Ask(QUICK, "k")])
    while refused.allowed:
        refused = take([Ask(QUICK, "k")])
    assert 0 < refused.after <= 0.1
    time.sleep(refused.after + 0.12)
    assert take([Ask(QUICK, "k", cost=0)]).verdicts[0].remaining >= 2


def test_nobody_pays_for_another_or_for_another_limit(take: Take) -> None:
    assert take([Ask(SLOW, "a", cost=5)]).allowed
    assert not take([Ask(SLOW, "a")]).allowed
    assert take([Ask(SLOW, "b")]).allowed
    assert take([Ask(Limit("other", 5, 3600), "a")]).allowed


def test_what_one_limit_refuses_is_taken_from_none(take: Take) -> None:
    wide = Limit("wide", 100, 3600)
    take([Ask(SLOW, "k", cost=5)])
    found = take([Ask(wide, "k"), Ask(SLOW, "k")])
    assert not found.allowed
    assert [verdict.limit.name for verdict in found.refused_by] == ["slow"]
    assert take([Ask(wide, "k", cost=0)]).verdicts[0].remaining == 100


def test_looking_takes_nothing_and_what_is_given_back_may_be_taken_again(take: Take) -> None:
    take([Ask(SLOW, "k", cost=5)])
    assert not take([Ask(SLOW, "k", cost=0)]).allowed
    assert take([Ask(SLOW, "k", cost=-1)]).allowed
    assert take([Ask(SLOW, "k", cost=0)]).verdicts[0].remaining == 1
    take([Ask(SLOW, "k", cost=-100)])
    assert take([Ask(SLOW, "k", cost=0)]).verdicts[0].remaining == 5


def test_a_burst_may_be_smaller_than_the_quota(take: Take) -> None:
    limit = Limit("steady", 3600, 3600, burst=2)
    assert [take([Ask(limit, "k")]).allowed for _ in range(3)] == [True, True, False]


def test_of_many_at_once_exactly_as_many_pass_as_may(valkey_server: str) -> None:
    limiter = Limiter(valkey_server, name=secrets.token_hex(8))
    with ThreadPoolExecutor(8) as crowd:
        found = list(crowd.map(lambda _: limiter.take_now([Ask(SLOW, "k")]).allowed, range(40)))
    limiter.close()
    assert sum(found) == 5


def test_keys_name_nobody_and_end_by_themselves(valkey_server: str) -> None:
    limiter = Limiter(valkey_server, name=secrets.token_hex(8))
    before = set(redis.Redis.from_url(valkey_server).keys("rates:*"))
    assert limiter.take_now([Ask(SLOW, "somebody@example.com " + "x" * 5000)]).allowed
    assert limiter.take_now([Ask(QUICK, "k")]).allowed
    limiter.close()
    with redis.Redis.from_url(valkey_server) as client:
        mine = set(client.keys("rates:*")) - before
        assert all(len(key) < 60 and b"somebody" not in key for key in mine)
        lives = sorted(client.pttl(key) for key in mine)
    assert lives[0] <= 100
    assert lives[-1] <= 720_000


def test_what_others_left_under_a_key_harms_nobody(valkey_server: str) -> None:
    limiter = Limiter(valkey_server, name="spoiled")
    assert limiter.take_now([Ask(SLOW, "k")]).allowed
    with redis.Redis.from_url(valkey_server) as client:
        (key,) = [key for key in client.keys("rates:slow:*") if client.ttl(key) > 0][:1]
        for left in ("no number", str(10**18), "1e300", "-5"):
            client.set(key, left)
            found = limiter.take_now([Ask(SLOW, "k", cost=0)])
            assert found.after <= 3600
        client.delete(key)
    limiter.close()


class _Deaf:
    """Something that takes connections and never answers; state: a socket."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.socket.getsockname()[1]}/0"


@pytest.mark.parametrize("kind", ["closed", "deaf"])
def test_without_valkey_the_same_limits_hold_and_one_line_says_so(
    kind: str,
) -> None:
    deaf = _Deaf()
    if kind == "closed":
        deaf.socket.close()
    limiter = Limiter(deaf.url, name="away")
    began = time.monotonic()
    with capture_logs() as said:
        found = [limiter.take_now([Ask(SLOW, "k")]).allowed for _ in range(50)]
    seconds = time.monotonic() - began
    limiter.close()
    deaf.socket.close()
    assert found == [True] * 5 + [False] * 45
    assert seconds < 3
    assert [line["event"] for line in said] == ["rates are kept by each process alone"]


def test_a_valkey_that_comes_back_is_asked_again(
    valkey_server: str,
) -> None:
    now = [0.0]
    limiter = Limiter("redis://127.0.0.1:1/0", name=secrets.token_hex(8), clock=lambda: now[0])

    async def go() -> list[bool]:
        passed = [(await limiter.take([Ask(SLOW, "k")])).allowed for _ in range(6)]
        await limiter.aclose()
        # The same address would answer now.
        limiter._url, limiter._async = valkey_server, None
        passed.append((await limiter.take([Ask(SLOW, "k")])).allowed)
        now[0] += 1.1
        passed.append((await limiter.take([Ask(SLOW, "k")])).allowed)
        await limiter.aclose()
        return passed

    with capture_logs() as said:
        assert asyncio.run(go()) == [True] * 5 + [False, False, True]
    assert [line["event"] for line in said] == [
        "rates are kept by each process alone",
        "rates are shared again",
    ]


def test_one_process_remembers_no_more_keys_than_it_may() -> None:
    rates = LocalRates(time.monotonic, keys=100)
    for number in range(1000):
        rates.take([Ask(SLOW, f"k{number}")])
    assert len(rates._ends) == 100
    assert rates.take([Ask(SLOW, "k999", cost=0)]).verdicts[0].remaining == 4


def test_a_refusal_names_the_limits_and_the_seconds() -> None:
    rates = LocalRates(time.monotonic)
    with pytest.raises(RateLimited) as refused:
        require(rates.take([Ask(SLOW, "k", cost=6)]))
    assert refused.value.members == {"violated-policies": ["slow"]}
    assert 0 < refused.value.after <= 720


def test_threads_share_one_process_s_counts() -> None:
    rates = LocalRates(lambda: 1.0)
    passed: list[Any] = []

    def go() -> None:
        passed.extend(rates.take([Ask(SLOW, "k")]).allowed for _ in range(5))

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.count(True) == 5
