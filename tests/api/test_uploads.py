"""Interrupted uploads: no byte is lost, doubled or mixed, and nothing false is promised."""

import base64
import hashlib
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from core.keys import source_key
from core.settings import Settings
from core.spool import Digest
from services import uploads
from services.installation import DEFAULT_TENANT, Installation
from tests.api.serving import CLIP, TOKEN, Server, serve, server, stored
from tests.workers.workshop import until

MATROSKA = b"\x1aE\xdf\xa3"
TUS = {"Tus-Resumable": "1.0.0"}
BODY = {**TUS, "Content-Type": "application/offset+octet-stream"}


def film(size: int, seed: int = 1) -> bytes:
    """Bytes that begin like a video."""
    return (MATROSKA + random.Random(seed).randbytes(size))[:size]


def encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def create(client: TestClient, length: int, **headers: str) -> str:
    """Where the new upload is."""
    answer = client.post("/v1/uploads", headers={**TUS, "Upload-Length": str(length), **headers})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def offset_of(client: TestClient | httpx.Client, place: str) -> int:
    answer = client.head(place, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def patch(
    client: TestClient, place: str, offset: int, data: bytes, **headers: str
) -> httpx.Response:
    sent = {**BODY, "Upload-Offset": str(offset), **headers}
    return client.patch(place, headers=sent, content=data)


def spool(settings: Settings, place: str) -> list[Path]:
    """The file that an upload is spooled in, if there is one yet."""
    return list((settings.data_dir / "storage" / ".spool").glob(f"*/{place[-36:]}/bytes"))


def asset_bytes(settings: Settings, asset_id: str) -> bytes:
    with closing(Installation(settings)) as installation:
        key = source_key(installation.place(DEFAULT_TENANT).tenant_id, UUID(asset_id))
        with installation.storage.open(key) as stream:
            return stream.read()


def test_a_server_says_what_it_can_do_to_anybody(client: TestClient) -> None:
    client.headers.pop("Authorization")
    answer = client.options("/v1/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    extensions = set(answer.headers["tus-extension"].split(","))
    assert extensions == {
        "creation", "creation-with-upload", "expiration", "termination", "checksum",
    }  # fmt: skip
    assert int(answer.headers["tus-max-size"]) == 256 << 30


def test_a_file_in_pieces_becomes_an_asset_with_the_last_of_them(
    client: TestClient, settings: Settings
) -> None:
    data = CLIP.read_bytes()
    told = f"filename {encoded('../my film.mp4')},recipe {encoded('video')}"
    place = create(client, len(data), **{"Upload-Metadata": told})
    half = len(data) // 2
    answer = patch(client, place, 0, data[:half])
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(half))
    head = client.head(place, headers=TUS)
    assert head.headers["upload-length"] == str(len(data))
    assert head.headers["upload-metadata"] == told
    assert head.headers["cache-control"] == "no-store"
    assert head.headers["tus-resumable"] == "1.0.0"
    upload = client.get(place).json()
    assert (upload["offset"], upload["run_id"]) == (half, None)
    assert client.get(f"/v1/assets/{upload['id']}").status_code == 404
    answer = patch(client, place, half, data[half:])
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(data)))
    upload = client.get(place).json()
    asset = client.get(f"/v1/assets/{upload['id']}").json()
    assert (asset["name"], asset["bytes"]) == ("my film.mp4", len(data))
    assert asset["sha256"] == hashlib.sha256(data).hexdigest()
    run = client.get(f"/v1/runs/{upload['run_id']}").json()
    assert (run["recipe"], run["asset_id"]) == ("video", upload["id"])
    assert asset_bytes(settings, upload["id"]) == data
    assert not [path for path in stored(settings) if ".spool" in path.parts]


def test_a_whole_file_goes_in_one_request(client: TestClient) -> None:
    data = film(10_000)
    answer = client.post(
        "/v1/uploads", headers={**BODY, "Upload-Length": str(len(data))}, content=data
    )
    assert answer.status_code == 201
    assert answer.headers["upload-offset"] == str(len(data))
    assert offset_of(client, answer.headers["location"]) == len(data)


def test_what_is_repeated_after_the_end_changes_nothing(client: TestClient) -> None:
    data = film(10_000)
    place = create(client, len(data))
    assert patch(client, place, 0, data).status_code == 204
    run = client.get(place).json()["run_id"]
    assert patch(client, place, len(data), b"").status_code == 204
    assert patch(client, place, len(data), b"more").status_code == 413
    assert patch(client, place, 0, data).status_code == 409
    assert client.get(place).json()["run_id"] == run


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Content-Type": "application/octet-stream"}, 415),
        ({"Upload-Offset": "7"}, 409),
        ({"Upload-Offset": "-1"}, 422),
        ({"Upload-Offset": "x"}, 422),
        ({"Upload-Checksum": "crc32 AAAA"}, 400),
        ({"Upload-Checksum": "sha1 !"}, 400),
        ({"Upload-Checksum": f"sha1 {encoded('wrong')}"}, 460),
        ({"Authorization": "Bearer wrong"}, 401),
    ],
)
def test_a_wrong_request_is_refused_and_adds_nothing(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    place = create(client, 10_000)
    answer = patch(client, place, 0, film(10_000), **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert offset_of(client, place) == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "0"}, 422),
        ({"Upload-Length": "-5"}, 422),
        ({"Upload-Length": str(1 << 60)}, 413),
        ({"Upload-Length": "5", "Upload-Metadata": "filename ä"}, 400),
        ({"Upload-Length": "5", "Upload-Metadata": f"recipe {encoded('soup')}"}, 422),
        ({"Upload-Defer-Length": "1"}, 422),
    ],
)
def test_what_can_be_no_upload_is_not_begun(
    client: TestClient, settings: Settings, headers: dict[str, str], status: int
) -> None:
    before = stored(settings)
    sent = {name: value.encode() for name, value in {**TUS, **headers}.items()}
    assert client.post("/v1/uploads", headers=sent).status_code == status  # type: ignore[arg-type]
    assert stored(settings) == before


def test_an_upload_that_does_not_fit_is_refused_before_its_body(settings: Settings) -> None:
    tight = settings.model_copy(update={"free_space_reserve_bytes": 1 << 60})
    with serve(tight) as client:
        answer = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "5"})
        assert (answer.status_code, answer.json()["code"]) == (507, "insufficient_storage")


def test_a_disk_that_fills_up_keeps_what_it_has(settings: Settings) -> None:
    data = film(40_000)
    with serve(settings) as client:
        place = create(client, len(data))
        assert patch(client, place, 0, data[:10_000]).status_code == 204
    with serve(settings.model_copy(update={"free_space_reserve_bytes": 1 << 60})) as client:
        assert patch(client, place, 10_000, data[10_000:]).status_code == 507
    with serve(settings) as client:
        assert offset_of(client, place) == 10_000
        assert patch(client, place, 10_000, data[10_000:]).status_code == 204


def test_bytes_of_no_file_that_we_take_are_refused_at_once_and_forgotten(
    client: TestClient, settings: Settings
) -> None:
    before = stored(settings)
    place = create(client, 1 << 20)
    answer = patch(client, place, 0, b"#!/bin/sh\n" * 1000)
    assert (answer.status_code, answer.json()["code"]) == (422, "rejected")
    assert client.head(place, headers=TUS).status_code == 404
    short = create(client, 9)
    assert patch(client, short, 0, b"too short").status_code == 422
    assert stored(settings) == before


def test_more_than_was_announced_is_refused(client: TestClient) -> None:
    place = create(client, 10_000)
    assert patch(client, place, 0, film(10_001)).status_code == 413

    def body() -> Iterator[bytes]:
        yield film(10_000)
        yield b"x"

    answer = client.patch(place, headers={**BODY, "Upload-Offset": "0"}, content=body())
    assert answer.status_code == 413
    assert client.get(place).json()["run_id"] is None


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "md5"])
def test_a_checksum_guards_a_piece(client: TestClient, algorithm: str) -> None:
    data = film(50_000)
    place = create(client, len(data))
    right = base64.b64encode(hashlib.new(algorithm, data).digest()).decode()
    assert patch(client, place, 0, data[::-1], **{"Upload-Checksum": f"{algorithm} {right}"}
                 ).status_code == 422  # fmt: skip
    place = create(client, len(data))
    broken = data[:-1] + bytes([data[-1] ^ 1])
    assert (
        patch(client, place, 0, broken, **{"Upload-Checksum": f"{algorithm} {right}"}).status_code
        == 460
    )
    assert offset_of(client, place) == 0
    answer = patch(client, place, 0, data, **{"Upload-Checksum": f"{algorithm} {right}"})
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(len(data)))


def test_an_upload_can_be_ended_and_is_nowhere_then(client: TestClient, settings: Settings) -> None:
    before = stored(settings)
    place = create(client, 10_000)
    assert patch(client, place, 0, film(5_000)).status_code == 204
    assert client.delete(place, headers=TUS).status_code == 204
    for method in ("HEAD", "PATCH", "DELETE"):
        answer = client.request(method, place, headers={**BODY, "Upload-Offset": "5000"})
        assert answer.status_code == 404
    assert stored(settings) == before


def test_lost_bytes_are_told_and_never_made_up(client: TestClient, settings: Settings) -> None:
    place = create(client, 10_000)
    assert patch(client, place, 0, film(5_000)).status_code == 204
    (path,) = spool(settings, place)
    path.write_bytes(film(100))
    assert client.head(place, headers=TUS).status_code == 410
    assert patch(client, place, 5_000, film(5_000)).status_code == 410


def test_an_upload_is_given_up_a_week_after_its_last_byte(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(settings)
    place = create(client, 10_000)
    assert patch(client, place, 0, film(5_000)).status_code == 204
    expires = datetime.fromisoformat(client.get(place).json()["expires_at"])
    assert abs(expires - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
    with closing(Installation(settings)) as installation:
        tenant = installation.place(DEFAULT_TENANT)
        with installation.tenant_scope(tenant) as session:
            session.execute(text("UPDATE cell.uploads SET expires_at = now() WHERE run_id IS NULL"))
        assert client.head(place, headers=TUS).status_code == 410
        database, spool = installation.cell(), settings.data_dir / "storage" / ".spool"
        # Just written to: it may be somebody's whose row is on its way.
        assert sum(uploads.collect(database, spool, tenant.tenant_id)) == 0
        monkeypatch.setattr(uploads, "_LEFTOVER_SECONDS", 0.0)
        assert sum(uploads.collect(database, spool, tenant.tenant_id)) > 0
    assert client.head(place, headers=TUS).status_code == 404
    assert stored(settings) <= before


def test_a_tenant_that_begins_and_never_ends_is_stopped(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_OPEN", 0)
    answer = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "5"})
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert int(answer.headers["retry-after"]) > 0


def test_an_end_between_storing_and_recording_is_made_up_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = film(30_000)
    for broken in ("digest", "record", "begin"):
        with serve(settings) as client, monkeypatch.context() as context:
            place = create(client, len(data))
            if broken == "digest":
                context.setattr(Digest, "result", _dies)
            else:
                name = {"record": "_begun", "begin": "source_key"}[broken]
                context.setattr(uploads, name, _dies)
            assert patch(client, place, 0, data).status_code == 500
            context.undo()
            # The last byte is not acknowledged before the asset is there.
            assert offset_of(client, place) == len(data) - 1
            # It has come already: what is sent in its place now changes nothing.
            assert patch(client, place, len(data) - 1, b"?").status_code == 204
            asset = client.get(f"/v1/assets/{place[-36:]}").json()
        assert asset["sha256"] == hashlib.sha256(data).hexdigest()
        assert asset_bytes(settings, asset["id"]) == data


def _dies(*_: object) -> None:
    raise RuntimeError("the process ends here")


# ── real processes ──


@dataclass(slots=True)
class Sent:
    """A file on its way, as its client knows it."""

    data: bytes
    place: str
    acknowledged: int = 0
    cuts: int = field(default=0)


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
def test_after_two_hundred_cuts_every_byte_is_where_it_was(
    servers: list[Server], browser: httpx.Client, settings: Settings
) -> None:
    dice = random.Random(20261123)
    cuts = 0
    while cuts < 200:
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
    assert not [path for path in stored(settings) if path.name == "bytes"]


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
