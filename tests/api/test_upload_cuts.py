"""Uploads cut off at any moment, over real processes: no byte is lost, doubled or mixed."""

import hashlib
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass

import httpx2 as httpx
import pytest

from core.settings import Settings
from tests.api.serving import (
    BODY,
    MATROSKA,
    TOKEN,
    TUS,
    Server,
    asset_bytes,
    film,
    offset_of,
    server,
    spool,
)
from tests.workers.workshop import until


@dataclass(slots=True)
class Sent:
    """A file on its way, as its client knows it."""

    data: bytes
    place: str
    acknowledged: int = 0


@pytest.fixture(scope="module")
def servers(settings: Settings) -> Iterator[list[Server]]:
    """Two processes that serve the same uploads."""
    with ExitStack() as stack:
        yield [stack.enter_context(server(settings)) for _ in range(2)]


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30) as client:
        yield client


def begin_on(browser: httpx.Client, where: Server, data: bytes) -> Sent:
    headers = {**TUS, "Upload-Length": str(len(data))}
    answer = browser.post(f"{where.url}/v1/uploads", headers=headers)
    assert answer.status_code == 201
    return Sent(data, answer.headers["location"])


def send_part(
    where: Server, sent: Sent, count: int, *, announced: int | None = None
) -> socket.socket:
    """Send the head of a PATCH of all that is missing, and `count` bytes of its body."""
    rest = sent.data[sent.acknowledged :]
    line = socket.create_connection(("127.0.0.1", where.port), timeout=30)
    line.sendall(
        f"PATCH {sent.place} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n"
        "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"
        f"Upload-Offset: {sent.acknowledged}\r\n"
        f"Content-Length: {len(rest) if announced is None else announced}\r\n\r\n".encode()
    )
    with suppress(OSError):  # refused before its body
        line.sendall(rest[:count])
    return line


def answered(line: socket.socket) -> int:
    """The status of an answer; 0 where there was none."""
    with suppress(OSError):
        head = line.recv(4096)
        if head:
            return int(head.split()[1])
    return 0


def cut(dice: random.Random, servers: list[Server], sent: Sent) -> None:
    """One misfortune on the way."""
    where = dice.choice(servers)
    count = dice.randint(0, len(sent.data) - sent.acknowledged)
    kind = dice.choices(["hang up", "reset", "kill", "two", "lie"], [60, 20, 4, 20, 10])[0]
    if kind == "lie":
        line = send_part(where, sent, count, announced=1 << 40)
        # Bytes of the cut before may have been counted only now.
        assert answered(line) in (0, 409, 413, 423)
    else:
        line = send_part(where, sent, count)
    if kind == "kill":
        time.sleep(dice.uniform(0, 0.05))
        where.kill()
        where.start()
    if kind == "two":
        other = send_part(dice.choice(servers), sent, dice.randint(0, count))
        time.sleep(dice.uniform(0, 0.02))
        other.close()
    if kind == "reset":
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("wanted", [50, pytest.param(250, marks=pytest.mark.long)])
def test_after_many_cuts_every_byte_is_where_it_was(
    servers: list[Server], browser: httpx.Client, settings: Settings, wanted: int
) -> None:
    dice = random.Random(20261123)
    cuts = 0
    while cuts < wanted:
        data = film(dice.choice([5_000, 300_000, 3_000_000, 12_000_000]), seed=cuts)
        sent = begin_on(browser, servers[0], data)
        for _ in range(dice.randint(5, 15)):
            cut(dice, servers, sent)
            cuts += 1
            found = offset_of(browser, dice.choice(servers).url + sent.place)
            assert sent.acknowledged <= found <= len(data)
            sent.acknowledged = found
            if found == len(data):
                break
        finish(browser, dice.choice(servers), sent)
        asset = browser.get(f"{servers[0].url}/v1/assets/{sent.place[-36:]}").json()
        assert asset["sha256"] == hashlib.sha256(data).hexdigest()
        assert asset_bytes(settings, asset["id"]) == data
        assert not spool(settings, sent.place)


def spooled(settings: Settings, sent: Sent) -> int:
    return sum(path.stat().st_size for path in spool(settings, sent.place))


def finish(browser: httpx.Client, where: Server, sent: Sent) -> None:
    """Go on until the end, as a client does: what others began may still be letting go."""
    end = time.monotonic() + 60
    while sent.acknowledged < len(sent.data):
        assert time.monotonic() < end
        answer = browser.patch(
            where.url + sent.place,
            headers={**BODY, "Upload-Offset": str(sent.acknowledged)},
            content=sent.data[sent.acknowledged :],
        )
        assert answer.status_code in (204, 409, 423), answer.text
        sent.acknowledged = offset_of(browser, where.url + sent.place)


def test_of_two_clients_on_one_upload_no_byte_is_mixed(
    servers: list[Server], browser: httpx.Client, settings: Settings
) -> None:
    size = 8_000_000
    for turn in range(6):
        sent = begin_on(browser, servers[0], film(size))
        head = MATROSKA * 2000
        fills = [head + bytes([65 + n]) * (size - len(head)) for n in range(2)]
        statuses: list[int] = []

        def client(n: int, sent: Sent = sent, fills: list[bytes] = fills) -> None:
            own = Sent(fills[n], sent.place)
            with closing(send_part(servers[n], own, size)) as line:
                statuses.append(answered(line))  # noqa: B023

        threads = [threading.Thread(target=client, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
            time.sleep(0.01 * turn)
        for thread in threads:
            thread.join()
        offset = offset_of(browser, servers[0].url + sent.place)
        if offset == size:
            content = asset_bytes(settings, sent.place[-36:])
        else:
            (path,) = spool(settings, sent.place)
            content = path.read_bytes()[:offset]
        assert len(set(content[len(head) :])) <= 1


def test_a_client_that_comes_back_goes_on_though_its_old_line_still_hangs(
    servers: list[Server], browser: httpx.Client, settings: Settings
) -> None:
    data = film(2_000_000)
    sent = begin_on(browser, servers[0], data)
    with closing(send_part(servers[0], sent, 1_000_000)):
        until(lambda: spooled(settings, sent) == 1_000_000, 10, "what came is written")
        began = time.monotonic()
        answer = browser.patch(
            servers[1].url + sent.place, headers={**BODY, "Upload-Offset": "0"}, content=data
        )
        # What had come by the old line counts, so that the offset is another one now.
        assert answer.status_code == 409
        sent.acknowledged = offset_of(browser, servers[1].url + sent.place)
        assert sent.acknowledged == 1_000_000
        finish(browser, servers[1], sent)
        assert time.monotonic() - began < 10


def test_a_client_that_comes_back_goes_on_though_its_old_line_still_drips(
    servers: list[Server], browser: httpx.Client
) -> None:
    data = film(2_000_000)
    sent = begin_on(browser, servers[0], data)
    ended = threading.Event()

    def drip(line: socket.socket) -> None:
        for begin in range(20_000, len(data), 2_000):
            if ended.wait(0.1):
                return
            with suppress(OSError):
                line.sendall(data[begin : begin + 2_000])

    with closing(send_part(servers[0], sent, 20_000)) as line:
        thread = threading.Thread(target=drip, args=(line,))
        thread.start()
        time.sleep(1)
        finish(browser, servers[1], sent)
        ended.set()
        thread.join()
    asset = browser.get(f"{servers[0].url}/v1/assets/{sent.place[-36:]}").json()
    assert asset["sha256"] == hashlib.sha256(data).hexdigest()


def test_other_requests_are_answered_while_files_come_in(
    servers: list[Server], browser: httpx.Client
) -> None:
    data = film(64 << 20)
    uploads_begun = [begin_on(browser, servers[0], data) for _ in range(2)]
    threads = [
        threading.Thread(target=lambda sent=sent: send_part(servers[0], sent, len(data)).close())
        for sent in uploads_begun
    ]
    for thread in threads:
        thread.start()
    seconds = []
    while any(thread.is_alive() for thread in threads):
        began = time.monotonic()
        assert browser.get(f"{servers[0].url}/v1/runs?limit=1").status_code == 200
        seconds.append(time.monotonic() - began)
    assert len(seconds) > 5
    assert max(seconds) < 5
