"""Imports through the whole of it: the API, the ledger, a real worker, a server far away."""

import hashlib
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.serving import asset_bytes, film, serve
from tests.far_server import Answer, Asked, FarServer, a_file, far_server
from tests.servers import PostgresForTests
from tests.workers.workshop import Workshop, until, workshop

LOOPBACK = "127.0.0.1/32"
SECRET = "s3cretOfTheQuery"
DATA = film(3_000_000, seed=5)


@pytest.fixture(scope="module")
def shop(
    postgres: PostgresForTests, valkey_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    """A relay, and a worker with one slot for what is light; loopback is no stranger."""
    folder = tmp_path_factory.mktemp("imports")
    options = {"import_allow_networks": LOOPBACK, "lease_seconds": 2.0}
    with workshop(postgres, valkey_server, folder, **options) as made:  # type: ignore[arg-type]
        made.extra["IMPORT_ALLOW_NETWORKS"] = LOOPBACK
        made.relay()
        made.worker("light")
        yield made


@pytest.fixture(scope="module")
def client(shop: Workshop) -> Iterator[TestClient]:
    with serve(shop.settings) as found:
        yield found


def begin(client: TestClient, server: FarServer, **more: str) -> str:
    """The id of a new import."""
    wanted = {"url": server.url(f"/films/my%20film.mp4?sig={SECRET}"), **more}
    answer = client.post("/v1/imports", json=wanted)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def look(client: TestClient, begun: str) -> dict[str, Any]:
    answer = client.get(f"/v1/imports/{begun}")
    assert answer.status_code == 200
    return dict(answer.json())


def ended(client: TestClient, begun: str, seconds: float = 30) -> dict[str, Any]:
    over = ("done", "failed", "cancelled")
    until(lambda: look(client, begun)["state"] in over, seconds, "the import ends")
    return look(client, begun)


def spooled(shop: Workshop, begun: str) -> list[Path]:
    return list((shop.settings.data_dir / "storage" / ".spool").glob(f"*/{begun}"))


def recorded(shop: Workshop, begun: str) -> int:
    """How many bytes of an import would survive."""
    for folder in spooled(shop, begun):
        if (folder / "state.json").exists():
            return int(json.loads((folder / "state.json").read_text())["received"])
    return 0


def stalling(data: bytes, at: int) -> Answer:
    """A server whose first answer stops in the middle and says no more."""

    def answer(asked: Asked) -> None:
        if asked.number:
            a_file(data)(asked)
            return
        head = [f"Content-Length: {len(data)}", 'ETag: "one"']
        asked.say("HTTP/1.1 200 OK", *head, body=data[: at // 2])
        asked.wait(1.1)
        asked.connection.sendall(data[at // 2 : at])
        asked.wait(30)

    return answer


def test_a_file_on_the_web_becomes_an_asset_with_a_run(shop: Workshop, client: TestClient) -> None:
    def sends_on(asked: Asked) -> None:
        if asked.number == 0:
            asked.say("HTTP/1.1 302 Found", f"Location: /there?token={SECRET}")
        else:
            a_file(DATA, cut=lambda one: 1_000_000 if one.number == 1 else None)(asked)

    with far_server(sends_on) as server:
        begun = begin(client, server, name="a film of mine.mp4")
        found = ended(client, begun)
    assert (found["state"], found["progress"], found["error"]) == ("done", 1.0, None)
    assert found["source"] == server.url("/films/my%20film.mp4?…")
    asset = client.get(f"/v1/assets/{found['asset_id']}").json()
    assert (asset["name"], asset["bytes"]) == ("a film of mine.mp4", len(DATA))
    assert asset["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert asset_bytes(shop.settings, found["asset_id"]) == DATA
    run = client.get(f"/v1/runs/{found['run_id']}").json()
    assert (run["recipe"], run["asset_id"]) == ("video", found["asset_id"])
    assert [stage["name"] for stage in run["stages"]] == ["probe"]
    own = client.get(f"/v1/runs/{begun}").json()
    assert (own["recipe"], own["state"], own["asset_id"]) == ("import", "done", None)
    assert spooled(shop, begun) == []
    assert server.ranges() == [0, 0, 1_000_000]
    # Nobody needs the address any more, and nobody else ever had it.
    assert shop.one("SELECT url FROM cell.imports WHERE id = %(id)s", id=begun) is None
    told = [json.dumps([found, own, run])]
    told += [program.log.read_text() for program in shop.programs]
    told += [str(shop.rows(f"SELECT * FROM cell.{name}")) for name in ("events", "stage_runs")]
    assert not any(SECRET in text for text in told)


def test_a_cancel_in_the_middle_of_a_stall_ends_it_and_its_bytes(
    shop: Workshop, client: TestClient
) -> None:
    (worker,) = (program for program in shop.programs if program.pool())
    with far_server(stalling(DATA, 2_000_000)) as server:
        begun = begin(client, server)
        until(lambda: recorded(shop, begun) >= 1_000_000, 20, "half has come")
        before = worker.pool()
        asked_at = time.monotonic()
        assert client.post(f"/v1/runs/{begun}/cancel").status_code == 200
        assert ended(client, begun)["state"] == "cancelled"
        assert time.monotonic() - asked_at < 2
        assert spooled(shop, begun) == []
        assert worker.pool() == before, "it ended by itself, and not with its process"
        assert client.post(f"/v1/runs/{begun}/retry").status_code == 200
        found = ended(client, begun)
    assert found["state"] == "done"
    assert asset_bytes(shop.settings, found["asset_id"]) == DATA
    assert server.ranges() == [0, 0]


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_killed_worker_costs_no_byte_that_the_disk_has(
    shop: Workshop, client: TestClient, whole: bool
) -> None:
    (worker,) = (program for program in shop.programs if program.pool())
    with far_server(stalling(DATA, 2_000_000)) as server:
        begun = begin(client, server)
        until(lambda: recorded(shop, begun) > 1_000_000, 20, "more than half has come")
        kept = recorded(shop, begun)
        for process in worker.pool():
            process.kill()
        if whole:
            worker.kill()
            shop.worker("light")
        found = ended(client, begun)
    assert found["state"] == "done"
    assert server.ranges() == [0, kept]
    assert server.asked[1].headers["if-range"] == '"one"'
    assert asset_bytes(shop.settings, found["asset_id"]) == DATA
    assert spooled(shop, begun) == []


@pytest.mark.long
def test_kills_at_random_moments_mix_no_bytes_and_make_one_asset(
    shop: Workshop, client: TestClient
) -> None:
    chance = random.Random(11)
    (worker,) = (program for program in shop.programs if program.pool())

    def answer(asked: Asked) -> None:
        begin = asked.begin
        span = f"Content-Range: bytes {begin}-{len(DATA) - 1}/{len(DATA)}"
        status = ["206 Partial Content", span] if begin else ["200 OK"]
        length = f"Content-Length: {len(DATA) - begin}"
        asked.say(f"HTTP/1.1 {status[0]}", *status[1:], length, 'ETag: "one"')
        for at in range(begin, len(DATA), 20_000):
            asked.connection.sendall(DATA[at : at + 20_000])
            asked.wait(0.05)

    with far_server(answer) as server:
        begun = begin(client, server)
        for number in range(3):
            while len(server.asked) <= number:
                time.sleep(0.02)
            time.sleep(chance.uniform(0.5, 1.8))
            for process in worker.pool():
                process.kill()
        found = ended(client, begun, 60)
    assert found["state"] == "done"
    assert asset_bytes(shop.settings, found["asset_id"]) == DATA
    assert server.ranges() == sorted(server.ranges())
    assert server.ranges()[-1] > 0
    attempts = shop.one("SELECT attempt FROM cell.stage_runs WHERE run_id = %(id)s", id=begun)
    assert attempts > 3
