"""Uploads that go straight to the bucket: what is announced, believed, refused, forgotten."""

import base64
import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import google_crc32c
import pytest
import requests
from fastapi.testclient import TestClient
from sqlalchemy import text

from core.keys import source_key
from core.settings import Settings
from services import direct_uploads, uploads
from services.installation import DEFAULT_TENANT, Installation
from tests.api.serving import BODY, CLIP, TUS, film, serve
from tests.emulators import chosen
from workers import periodic


@pytest.fixture
def bucket(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """The module's installation, with its files in a bucket."""
    emulator = chosen(request, getattr(request, "param", "fake-gcs-server"))
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", emulator.url)
    return settings.model_copy(update={"storage_url": f"gs://{emulator.bucket()}/files"})


@pytest.fixture
def client(bucket: Settings) -> Iterator[TestClient]:
    with serve(bucket) as found:
        yield found


def begin(client: TestClient, size: int, **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/uploads/direct", json={"name": "a film.mkv", "bytes": size, **more})
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == place_of(found)
    return found


def place_of(begun: dict[str, Any]) -> str:
    return f"/v1/uploads/{begun['upload']['id']}"


def send(begun: dict[str, Any], data: bytes) -> None:
    """What a browser does."""
    answer = requests.put(begun["address"], data=data, headers=begun["headers"], timeout=30)
    assert answer.status_code == 200


def keys(bucket: Settings) -> list[str]:
    with closing(Installation(bucket)) as installation:
        return [item.key for item in installation.storage.list("tenants")]


@pytest.mark.parametrize("bucket", ["fake-gcs-server", "gcp-storage-emulator"], indirect=True)
def test_a_file_that_was_sent_to_the_bucket_becomes_an_asset(
    client: TestClient, bucket: Settings
) -> None:
    data = CLIP.read_bytes()
    brand = client.post("/v1/brands", json={"name": f"direct {uuid4().hex[:8]}"}).json()["id"]
    begun = begin(
        client, len(data), name="../my film.mp4", origin="https://app.example", brand_id=brand
    )
    assert begun["method"] == "PUT"
    send(begun, data)
    place = place_of(begun)
    assert client.get(place).json()["run_id"] is None
    crc = base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()
    expected = {"sha256": hashlib.sha256(data).hexdigest().upper(), "crc32c": crc}
    ended = client.post(f"{place}/complete", json=expected)
    again = client.post(f"{place}/complete", json=expected)
    assert again.json() == ended.json()
    log = client.get("/v1/audit", params={"target": begun["upload"]["id"]}).json()["items"]
    assert [one["route"] for one in log] == [
        "/v1/uploads/{upload_id}/complete", "/v1/uploads/direct",
    ]  # fmt: skip
    assert begun["address"] not in json.dumps(log)
    assert ended.status_code == 200, ended.text
    upload = ended.json()
    assert (upload["offset"], upload["direct"]) == (len(data), True)
    asset = client.get(f"/v1/assets/{upload['id']}").json()
    assert (asset["name"], asset["bytes"]) == ("my film.mp4", len(data))
    assert asset["brand_id"] == brand
    assert asset["sha256"] == hashlib.sha256(data).hexdigest()
    run = client.get(f"/v1/runs/{upload['run_id']}").json()
    assert (run["recipe"], run["asset_id"]) == ("video", upload["id"])
    again = client.post(f"{place}/complete")
    assert (again.status_code, again.json()) == (200, upload)
    assert len(keys(bucket)) == 1


def test_what_has_not_come_yet_is_waited_for(client: TestClient, bucket: Settings) -> None:
    data = film(20_000)
    begun = begin(client, len(data))
    answer = client.post(f"{place_of(begun)}/complete")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    send(begun, data)
    assert client.post(f"{place_of(begun)}/complete").status_code == 200


@pytest.mark.parametrize(
    ("data", "said", "told"),
    [
        (film(9_999), {}, "10000 bytes were announced, and 9999 have come"),
        (film(10_001), {}, "10000 bytes were announced, and 10001 have come"),
        (b"no film at all".ljust(10_000), {}, "no video, image or document"),
        (film(10_000), {"sha256": "0" * 64}, "sha256"),
        (film(10_000), {"crc32c": "AAAAAA=="}, "crc32c"),
    ],
)
def test_other_bytes_than_were_announced_leave_nothing(
    client: TestClient, bucket: Settings, data: bytes, said: dict[str, str], told: str
) -> None:
    begun = begin(client, 10_000)
    send(begun, data)
    answer = client.post(f"{place_of(begun)}/complete", json=said)
    assert (answer.status_code, answer.json()["code"]) == (422, "rejected")
    assert told in answer.json()["detail"]
    assert keys(bucket) == []
    assert client.get(place_of(begun)).status_code == 404
    assert client.get(f"/v1/assets/{begun['upload']['id']}").status_code == 404
    assert client.post(f"{place_of(begun)}/complete").status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "", "bytes": 1}, 422),
        ({"name": "a", "bytes": 0}, 422),
        ({"name": "a", "bytes": -1}, 422),
        ({"name": "a", "bytes": "many"}, 422),
        ({"name": "a", "bytes": 10**18}, 413),
        ({"name": "a", "bytes": 10**30}, 422),
        ({"name": "a", "bytes": 1, "recipe": "no-such"}, 422),
        ({"name": "a", "bytes": 1, "origin": "javascript:x"}, 422),
        ({"name": "a", "bytes": 1, "origin": "https://a\r\nX-Y: z"}, 422),
        ({"name": "a", "bytes": 1, "origin": "https://a/path"}, 422),
        ({"name": "a", "bytes": 1, "key": "tenants/x"}, 422),
        ({"name": "\ud800", "bytes": 1}, 422),
    ],
)
def test_what_is_announced_is_held_to_the_rules_of_every_upload(
    client: TestClient, body: dict[str, Any], status: int
) -> None:
    answer = client.post(
        "/v1/uploads/direct",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("said", [{"sha256": "x"}, {"crc32c": "AAAA"}, {"md5": "x"}, []])
def test_an_end_that_is_no_end_changes_nothing(client: TestClient, said: object) -> None:
    begun = begin(client, 10)
    answer = client.post(f"{place_of(begun)}/complete", json=said)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert client.get(place_of(begun)).status_code == 200
    client.delete(place_of(begun), headers=TUS)


def test_nobody_without_a_token_learns_an_address(client: TestClient) -> None:
    client.headers.pop("Authorization")
    answer = client.post("/v1/uploads/direct", json={"name": "a", "bytes": 1})
    assert answer.status_code == 401


def test_a_tenant_that_begins_and_never_ends_is_stopped(settings: Settings) -> None:
    with serve(settings.model_copy(update={"open_uploads": 0})) as client:
        answer = client.post("/v1/uploads/direct", json={"name": "a", "bytes": 1})
    assert answer.status_code == 429


def test_each_kind_of_upload_refuses_the_others_way(client: TestClient) -> None:
    begun = begin(client, 10_000)
    sent = client.patch(
        place_of(begun), headers={**BODY, "Upload-Offset": "0"}, content=film(10_000)
    )
    assert sent.status_code == 409
    assert begun["address"] not in sent.text
    by_tus = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "10"})
    ended = client.post(f"{by_tus.headers['location']}/complete")
    assert ended.status_code == 409
    client.delete(place_of(begun), headers=TUS)


def test_a_folder_says_that_it_takes_tus(settings: Settings) -> None:
    with serve(settings) as client:
        answer = client.post("/v1/uploads/direct", json={"name": "a", "bytes": 10})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert "tus" in answer.json()["detail"]
    with closing(Installation(settings)) as installation:
        place = installation.place(DEFAULT_TENANT)
        with installation.tenant_scope(place) as session:
            left = "SELECT count(*) FROM cell.uploads WHERE direct AND name = 'a'"
            assert session.scalar(text(left)) == 0


def test_a_given_up_upload_is_gone_from_the_bucket(client: TestClient, bucket: Settings) -> None:
    begun = begin(client, 10_000)
    send(begun, film(10_000))
    assert len(keys(bucket)) == 1
    assert client.delete(place_of(begun), headers=TUS).status_code == 204
    assert keys(bucket) == []
    assert client.get(place_of(begun)).status_code == 404


def test_what_has_expired_is_collected_with_its_bytes(client: TestClient, bucket: Settings) -> None:
    kept, ended, expired = (begin(client, 10_000) for _ in range(3))
    for begun in (kept, ended, expired):
        send(begun, film(10_000))
    assert client.post(f"{place_of(ended)}/complete").status_code == 200
    with closing(Installation(bucket)) as installation:
        place = installation.place(DEFAULT_TENANT)
        with installation.tenant_scope(place) as session:
            session.execute(
                text("UPDATE cell.uploads SET expires_at = now() WHERE id = ANY (:ids)"),
                {"ids": [UUID(one["upload"]["id"]) for one in (ended, expired)]},
            )
        database, storage = installation.cell(), installation.storage
        spool = uploads.spool_root(bucket, storage)
        assert client.post(f"{place_of(expired)}/complete").status_code == 410
        assert sum(uploads.collect(database, storage, spool, place.tenant_id)) >= 1
        left = {source_key(place.tenant_id, UUID(one["upload"]["id"])) for one in (kept, ended)}
        assert set(keys(bucket)) == left
        # However old it is: it may still be completed.
        list(periodic.collect_tenant(database, storage, place.tenant_id, age=-60))
        assert set(keys(bucket)) == left
        assert client.post(f"{place_of(kept)}/complete").status_code == 200


def test_an_end_between_reading_and_recording_is_made_up_for(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = begin(client, 10_000)
    send(begun, film(10_000))
    with monkeypatch.context() as context:
        context.setattr(direct_uploads, "_record", _dies)
        assert client.post(f"{place_of(begun)}/complete").status_code == 500
    assert client.post(f"{place_of(begun)}/complete").status_code == 200


def _dies(*_: object) -> None:
    raise RuntimeError("the server ends here")


def test_the_address_is_told_once_and_kept_from_logs_and_answers(
    client: TestClient, bucket: Settings, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG, logger="")
    begun = begin(client, 10_000)
    secret = begun["address"].split("upload_id=")[1]
    seen = (
        client.get(place_of(begun)).text
        + client.get(place_of(begun), headers={"Authorization": "Bearer x"}).text
    )
    assert secret not in seen
    with closing(Installation(bucket)) as installation:
        place = installation.place(DEFAULT_TENANT)
        with installation.tenant_scope(place) as session:
            upload = uploads.get(session, UUID(begun["upload"]["id"]))
            assert secret not in repr(upload)
            kept = "SELECT session FROM cell.uploads WHERE id = :id"
            assert secret in session.scalar(text(kept), {"id": upload.id})
    send(begun, film(10_000))
    assert client.post(f"{place_of(begun)}/complete").status_code == 200
    with closing(Installation(bucket)) as installation:
        place = installation.place(DEFAULT_TENANT)
        with installation.tenant_scope(place) as session:
            assert session.scalar(text(kept), {"id": UUID(begun["upload"]["id"])}) is None
    ours = [r for r in caplog.records if not r.name.startswith(("urllib3", "gcp_storage_emulator"))]
    assert not any(secret in record.getMessage() for record in ours)
