"""Signing in, what people ask, a flood of sign-ins, and the making of a tenant.

    python -m benchmarks.bench_identity [TENANTS]

A thousand tenants are there. Signing in is held against one comparison of the password's digest in
a process that does nothing else, in turns; the rest against FastAPI with the ORM and the role.
Requests are counted in Valkey, with quotas that nobody reaches.
"""

import itertools
import json
import random
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from uuid import UUID

from benchmarks import many_tenants
from benchmarks.bench_assets import Request, quantiles, single, steady
from core.errors import AutomatorError
from core.settings import Settings
from models.person import Membership, User
from services import passwords, people, sessions, tenants, webhooks
from services.access_tokens import AccessTokens
from services.installation import Installation
from workers import steward

_PEOPLE = 40
_SIGN_INS = 100
_EVEN = 40
_ROUNDS = 4
_FLOOD = 16
_FOUNDED = 100
_PASSWORD = "several words do very well"
_ADDRESS = "127.0.0.1"
_EVEN_MS = 5.0
_QUOTAS = dict.fromkeys(
    (
        "user", "tenant", "sign-in", "sign-in-network", "sign-up", "sign-up-network", "mail",
        "mails-to-address", "wrong-passwords", "wrong-passwords-account", "wrong-passwords-address",
    ),
    1_000_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in."""

    id: UUID
    tenant_id: UUID
    email: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request of theirs says; the floor takes the bare ids."""
        return {
            "Authorization": f"Bearer {self.token}",
            "X-Person": str(self.id),
            "X-Tenant": str(self.tenant_id),
        }


def plant(installation: Installation, tenant_ids: list[UUID]) -> list[Person]:
    """People, each an owner of a tenant."""
    digest = passwords.make(_PASSWORD)
    tokens, found = AccessTokens(installation), []
    for number, tenant_id in enumerate(tenant_ids):
        with installation.identity_scope() as session:
            user = User(email=f"p{number}@example.com", name=f"P {number}", password_hash=digest)
            session.add(user)
            session.flush()
            session.add(Membership(user_id=user.id, tenant_id=tenant_id, role="owner"))
            opened = sessions.start(
                session,
                sessions.Start(
                    user.id, method="password", tenant_id=tenant_id, address=_ADDRESS, agent=None
                ),
            )
        issued = tokens.issue(
            user_id=user.id, session_id=opened.id, tenant_id=tenant_id, role="owner"
        )
        with installation.tenant_scope(installation.place(str(tenant_id))) as session:
            sealer = installation.keyring.tenant(session, tenant_id)
            url, kinds = "https://hooks.example.com/events", ["run.done"]
            webhooks.create(session, sealer, tenant_id, url=url, kinds=kinds, description="")
        found.append(Person(user.id, tenant_id, user.email, issued.token))
    return found


def post(line: HTTPConnection, path: str, body: dict[str, object], agent: str | None) -> int:
    """One question; the status of its answer."""
    headers = {"Content-Type": "application/json"}
    if agent is not None:
        headers["User-Agent"] = agent
    line.request("POST", path, json.dumps(body), headers)
    answer = line.getresponse()
    told = answer.read()
    if answer.status not in (201, 202, 401, 503):
        raise SystemExit(f"{path} was answered with {answer.status}: {told[:300]!r}")
    return answer.status


def sign_in(line: HTTPConnection, person: Person, agent: str | None = None) -> None:
    """One sign-in by password; an `agent` that is another each time is a new device."""
    asked = {"email": person.email, "password": _PASSWORD, "cookies": False}
    assert post(line, "/v1/sessions", asked, agent) in (201, 503)


def signing_in(port: int, people_: list[Person], *, strange: bool) -> tuple[float, float, float]:
    """p50 of one comparison here, of a sign-in there, in turns, and of how much longer it took.

    In seconds. A comparison takes longer at one moment than at another by more than what is looked
    for: each sign-in is held against the comparisons just before and after it.
    """
    digest = passwords.make(_PASSWORD)
    bare, whole = [], []
    with closing(HTTPConnection(_ADDRESS, port, timeout=60)) as line:
        for number in range(_SIGN_INS + 5):
            began = time.perf_counter()
            assert passwords.fits(digest, _PASSWORD)
            between = time.perf_counter()
            agent = f"program{number}/1" if strange else None
            sign_in(line, people_[number % len(people_)], agent)
            ended = time.perf_counter()
            if number >= 5:  # what is done at first only
                bare.append(between - began)
                whole.append(ended - between)
    more = [
        one - (before + after) / 2
        for one, before, after in zip(whole, bare, bare[1:], strict=False)
    ]
    return statistics.median(bare), statistics.median(whole), statistics.median(more)


def evenness(port: int, people_: list[Person], path: str) -> tuple[list[float], list[float]]:
    """What a question takes about addresses with an account, and without, in turns; seconds."""
    taken: tuple[list[float], list[float]] = ([], [])
    with closing(HTTPConnection(_ADDRESS, port, timeout=60)) as line:
        for number in range(2 * _EVEN + 4):
            stranger = number % 2
            email = people_[number // 2 % len(people_)].email
            asked: dict[str, object] = {"email": f"no-{email}" if stranger else email}
            if path == "/v1/sessions":
                asked |= {"password": "not the one that it is", "cookies": False}
            began = time.perf_counter()
            post(line, path, asked, None)
            if number >= 4:
                taken[stranger].append(time.perf_counter() - began)
    return taken


@contextmanager
def flood(port: int, people_: list[Person]) -> Iterator[list[int]]:
    """Sign-ins over many lines, one after the other on each; yields how many there were."""
    ended, done = threading.Event(), [0]

    def client(number: int) -> None:
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as line:
            while not ended.is_set():
                sign_in(line, people_[number])
                done[0] += 1

    threads = [threading.Thread(target=client, args=[number]) for number in range(_FLOOD)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def founding(installation: Installation, settings: Settings, founder: UUID) -> list[float]:
    """From the commit that announces a tenant to when it can be used; seconds each."""
    stopped, taken = threading.Event(), []
    thread = threading.Thread(target=steward.run, args=(settings, stopped), daemon=True)
    thread.start()
    for number in range(_FOUNDED + 1):
        with installation.identity_scope() as session:
            tenant_id = people.found_tenant(session, installation, founder, f"Founded {number}")
        began = time.perf_counter()
        while True:
            try:
                installation.place(str(tenant_id))
                break
            except AutomatorError:
                time.sleep(0.002)
        taken.append(time.perf_counter() - began)
    stopped.set()
    thread.join()
    return taken[1:]  # the first waits for the steward to begin


def main(count: int = 1000) -> int:
    """Measures, and prints the tables; 1 where a bound is not kept."""
    kept = []
    with (
        many_tenants.installation(count, valkey=True) as settings,
        closing(Installation(settings)) as installation,
    ):
        ids = [one.id for one in tenants.list_all(settings)][:_PEOPLE]
        planted = plant(installation, ids)
        chance = random.Random(1)

        def ask(path: str) -> Iterator[Request]:
            while True:
                yield path, chance.choice(planted).headers

        print("| what | floor | ours | | bound |\n|---|---|---|---|---|")
        with (
            many_tenants.server(settings, "benchmarks.identity_floor", "/docs") as (floor, _),
            many_tenants.server(
                settings,
                "api",
                "/healthz",
                "--fd",
                LOG_JSON="true",
                RATE_LIMITS=json.dumps(_QUOTAS),
            ) as (ours, _),
        ):
            for strange in (False, True):
                bare, whole, more = signing_in(ours, planted, strange=strange)
                over = more * 1000
                kept.append(over < 10)
                device = "a device that tells its owner by mail" if strange else "a known device"
                print(
                    f"| signing in from {device}, p50 | {bare * 1000:.1f} ms, one comparison"
                    f" | {whole * 1000:.1f} ms | +{over:.1f} ms | < 10 ms |"
                )
            for path in ("/v1/sign-ups", "/v1/password-resets", "/v1/sessions"):
                known, unknown = (
                    statistics.median(t) * 1000 for t in evenness(ours, planted, path)
                )
                kept.append(abs(known - unknown) < _EVEN_MS)
                print(
                    f"| POST {path}, no account / an account, p50 | –"
                    f" | {unknown:.1f} / {known:.1f} ms"
                    f" | {abs(known - unknown):.1f} ms apart | < {_EVEN_MS:.0f} ms |"
                )
            for path in ("/v1/me", "/v1/sessions", "/v1/members", "/v1/webhooks"):
                kept += compare(floor, ours, path, ask(path))
            for path in ("/v1/me", "/v1/assets?limit=10"):
                with flood(ours, planted) as done:
                    began = time.perf_counter()
                    taken = list(
                        itertools.chain(*(steady(ours, ask(path)) for _ in range(_ROUNDS)))
                    )
                    rate = done[0] / (time.perf_counter() - began)
                p50, p99 = quantiles(taken)
                kept.append(p99 < 50)
                print(
                    f"| GET {path}, 50 a second, while {_FLOOD} sign in, {rate:.1f} a second | –"
                    f" | {p50:.1f} / {p99:.1f} ms | | p99 < 50 ms |"
                )
        p50, p99 = quantiles(founding(installation, settings, planted[0].id))
        kept.append(p99 < 300)
        print(
            f"| a tenant, announced to usable, {count:,} present | –"
            f" | {p50:.0f} / {p99:.0f} ms | | p99 < 300 ms |"
        )
    return int(not all(kept))


def compare(floor: int, ours: int, path: str, requests: Iterator[Request]) -> list[bool]:
    """One question both ways to both, in turns; whether each bound is kept."""
    kept = []
    for name, way in (("one in flight", single), ("50 a second", steady)):
        taken: dict[int, list[float]] = {floor: [], ours: []}
        for port in (floor, ours):
            single(port, requests, 100)
        for turn in range(_ROUNDS):
            for port in (floor, ours) if turn % 2 else (ours, floor):
                taken[port] += way(port, requests)
        base, own = quantiles(taken[floor]), quantiles(taken[ours])
        ratios = [a / b for a, b in zip(own, base, strict=True)]
        kept += [max(ratios) <= 1.5, own[1] < 50]
        print(
            f"| GET {path}, {name}, p50 / p99 | {base[0]:.2f} / {base[1]:.2f} ms"
            f" | {own[0]:.2f} / {own[1]:.2f} ms | {ratios[0]:.2f} / {ratios[1]:.2f} | ≤ 1.5 |"
        )
    return kept


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
