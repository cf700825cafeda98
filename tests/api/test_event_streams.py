"""What event streams cost, and that neither a crowd, a sleeper nor a kill loses an event."""

import itertools
import random
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis
from fastapi import FastAPI, Request
from sqlalchemy import make_url

from api.app import create_app
from api.context import place
from core.embedded import EmbeddedServers
from core.settings import Settings
from services import events, tenants
from services.installation import Installation, Place
from tests.api.office import Office, heard, office_of, reading
from tests.api.serving import TOKEN, Server, in_a_thread, relay, server
from tests.api.streams import Crowd, Parser, Reader, Told, request
from tests.installations import installation
from tests.servers import PostgresForTests


@pytest.fixture(scope="module")
def office(settings: Settings, postgres: PostgresForTests) -> Iterator[Office]:
    with office_of(settings, postgres) as made, relay(settings):
        assert settings.redis_url is not None
        with redis.Redis.from_url(settings.redis_url) as client, client.pubsub() as beats:
            beats.subscribe(events.channel(made.installation.cell()))
            for beat in beats.listen():
                if beat["data"] == b"":
                    break
        yield made


# A stop that waits for readers waits for a minute.
@pytest.mark.parametrize(
    ("count", "patience"), [(300, 5.0), pytest.param(1000, 15.0, marks=pytest.mark.long)]
)
def test_a_crowd_shares_one_subscription_holds_no_session_and_keeps_no_stop_waiting(
    office: Office, valkey_server: str, count: int, patience: float
) -> None:
    with (
        redis.Redis.from_url(valkey_server) as client,
        psycopg.connect(office.superuser_url, autocommit=True) as superuser,
    ):
        before = (_sessions(superuser), len(_subscribers(client)))
        with server(office.settings) as running, closing(Crowd(running.port, count)) as crowd:
            heard_by_all(crowd, office)
            assert _sessions(superuser) <= before[0] + 8
            assert len(_subscribers(client)) == before[1] + 1
            busy = superuser.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state LIKE 'idle in transaction%'"
            ).fetchone()
            assert busy == (0,)
            assert stopped(running) < patience
            crowd.wait(lambda parser: parser.complete, patience)
            assert {tuple(one.comments[-1:]) for one in crowd.parsers} == {
                ("the server is stopping",)
            }


def heard_by_all(crowd: Crowd, office: Office) -> None:
    """Wait until an event reaches everybody at once."""
    end = time.monotonic() + 60
    while True:
        office.emit()
        committed = time.monotonic()
        crowd.wait_for(str(office.head()))
        if time.monotonic() - committed < 0.5:
            return
        assert time.monotonic() < end


def stopped(running: Server) -> float:
    """The seconds until a server that is asked to stop is gone."""
    assert running.process is not None
    began = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(20) in (0, -signal.SIGTERM)
    return time.monotonic() - began


def _subscribers(client: redis.Redis) -> list[str]:
    return [one["id"] for one in client.client_list() if one["name"] == "automator-events"]


def _sessions(superuser: psycopg.Connection[Any]) -> int:
    rows = superuser.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend'"
    ).fetchone()
    assert rows is not None
    return int(rows[0])


class Idler:
    """A client that reads the beginning of its stream and then no more; state: the line."""

    def __init__(self, port: int) -> None:
        self._begun = b""
        self._line = socket.socket()
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._line.settimeout(20)
        self._line.connect(("127.0.0.1", port))
        self._line.sendall(request())
        while b"\nid: " not in self._begun:
            self._begun += self._line.recv(1024)

    def close(self) -> None:
        """Go without a word."""
        self._line.close()

    def rest(self) -> list[int]:
        """Read what still comes until the line ends; the numbers of all whole events."""
        parts = [self._begun]
        with suppress(ConnectionResetError):
            while data := self._line.recv(1 << 20):
                parts.append(data)
        self._line.close()
        whole = re.findall(rb"id: \d+\.(\d+)\nevent: [^\n]+\ndata: [^\n]+\n\n", b"".join(parts))
        return [int(seq) for seq in whole]


def everything(port: int, after: str, count: int) -> list[Told]:
    """So many events, by as many streams as it takes: who was cut goes on."""
    told: list[Told] = []
    while (missing := count - len(told)) > 0:
        with reading(port, after=told[-1].id if told else after) as reader:
            done = partial(_done, reader, missing)
            reader.wait(done, 60)
        told += reader.parser.told
    return told


def _done(reader: Reader, missing: int, parser: Parser) -> bool:
    return reader.ended.is_set() or len(parser.told) >= missing


@pytest.mark.parametrize(
    "count", [20_000, pytest.param(100_000, marks=[pytest.mark.long, pytest.mark.timeout(400)])]
)
def test_who_does_not_read_is_cut_costs_little_and_comes_back(office: Office, count: int) -> None:
    with server(office.settings) as running, ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        assert running.process is not None
        process = psutil.Process(running.process.pid)
        idlers = [stack.enter_context(closing(Idler(running.port))) for _ in range(50)]
        start = office.head()
        before = most = process.memory_info().rss
        reading_on = pool.submit(everything, running.port, str(start), count)
        for _ in range(count // 5000):
            office.pour(5000, size=200)
        while not reading_on.done():
            most = max(most, process.memory_info().rss)
            time.sleep(0.02)
        told = reading_on.result()
        assert [one.seq for one in told] == list(range(start.seq + 1, start.seq + count + 1))
        # A page, a buffer and what is being written, for each of them.
        assert most - before < 48 << 20
        for idler in idlers:
            reached = idler.rest()
            assert reached == list(range(start.seq + 1, start.seq + 1 + len(reached)))
            assert len(reached) < count
        last = events.Position(start.epoch, reached[-1] if reached else start.seq)
        rest = everything(running.port, str(last), start.seq + count - last.seq)
        assert [one.seq for one in rest] == list(range(last.seq + 1, start.seq + count + 1))


def test_events_arrive_without_valkey_and_at_once_when_it_is_back(
    office: Office, tmp_path: Path
) -> None:
    servers = EmbeddedServers(tmp_path / "own", postgres=False, durable=False)
    with servers as urls:
        settings = office.settings.model_copy(update={"redis_url": urls.redis_url})
        with server(settings) as running, relay(settings), reading(running.port) as reader:
            heard(reader.begun(), office)
            assert servers.valkey is not None
            assert servers.valkey.process is not None
            servers.valkey.process.kill()
            servers.valkey.process.wait()
            for _ in range(2):
                known = len(reader.parser.told)
                office.emit()
                reader.events(known + 1, seconds=6)
            assert servers.revive() == ["valkey"]
            heard(reader, office)
        told = reader.parser.told
    assert [one.seq for one in told] == list(range(told[0].seq, told[0].seq + len(told)))


def test_events_arrive_without_a_relay_and_at_once_when_one_is_back(
    office: Office, tmp_path: Path
) -> None:
    with EmbeddedServers(tmp_path / "own", postgres=False, durable=False) as urls:
        settings = office.settings.model_copy(update={"redis_url": urls.redis_url})
        with server(settings) as running, reading(running.port) as reader:
            reader.begun()
            office.emit()
            reader.events(1, seconds=6)
            with relay(settings):
                heard(reader, office)


def test_each_cell_wakes_its_own_and_none_waits_for_a_dead_one(
    postgres: PostgresForTests, valkey_server: str, tmp_path: Path
) -> None:
    with installation(
        postgres, tmp_path, further_cells=("second", "third"), redis_url=valkey_server
    ) as settings:
        made = {cell: tenants.create(settings, cell, cell=cell) for cell in settings.cells}
        with relay(settings), office_of(settings, postgres) as first:
            app = create_app()
            app.state.installation = Installation(settings)
            app.state.token = TOKEN
            places = {
                cell: Place(one.id, one.slug, one.name, one.cell) for cell, one in made.items()
            }
            second = replace(first, place=places["second"])
            choose(app, places, first.place)
            app.state.events.check_seconds = 60.0  # the choice is not asked again
            with (
                in_a_thread(app) as port,
                reading(port) as here,
                reading(port, "/v1/events?in=second") as there,
                reading(port, "/v1/events?in=third") as lost,
            ):
                for reader, office in ((here, first), (there, second)):
                    heard(reader.begun(), office)
                lost.begun()
                third = make_url(settings.cells["third"].url).database
                with psycopg.connect(postgres.url, autocommit=True) as superuser:
                    superuser.execute(f'DROP DATABASE "{third}" WITH (FORCE)'.encode())
                time.sleep(2.5)
                for reader, office in ((here, first), (there, second)):
                    known = len(reader.parser.told)
                    office.emit()
                    reader.events(known + 1, seconds=1)
                assert not lost.ended.is_set()


def choose(app: FastAPI, places: dict[str, Place], otherwise: Place) -> None:
    """Have requests name the cell whose tenant they are of."""

    def chosen(request: Request) -> Place:
        return places.get(request.query_params.get("in", ""), otherwise)

    app.dependency_overrides[place] = chosen


def test_killed_servers_lose_and_double_nothing_for_a_client_that_comes_back(
    office: Office,
) -> None:
    pauses, cuts, count = random.Random(7), random.Random(8), 150
    start = office.head()

    def write() -> None:
        for _ in range(count):
            office.emit()
            time.sleep(pauses.random() / 100)

    writer = threading.Thread(target=write)
    told: list[Told] = []
    with server(office.settings) as one, server(office.settings) as other:
        writer.start()
        servers = itertools.cycle([one, other])
        killed = False
        while len(told) < count:
            running = other if killed else next(servers)
            last = told[-1].id if told else str(start)
            with reading(running.port, after=last) as reader:
                wanted = min(cuts.randint(1, 60), count - len(told))
                reader.events(wanted)
                if running is one and len(told) > count // 3:
                    one.kill()  # in the middle of it, and for good
                    killed = True
            told += reader.parser.told
        writer.join()
    assert killed
    assert [told.seq for told in told] == list(range(start.seq + 1, start.seq + count + 1))
