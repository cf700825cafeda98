"""Uploads by tus: what a server promises, refuses, records and forgets."""

import base64
import hashlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from core.settings import Settings
from core.spool import Digest
from services import uploads
from services.installation import DEFAULT_TENANT, Installation
from tests.api.serving import (
    BODY,
    CLIP,
    TUS,
    asset_bytes,
    film,
    offset_of,
    serve,
    spool,
    stored,
)


def encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def create(client: TestClient, length: int, **headers: str) -> str:
    """Where the new upload is."""
    answer = client.post("/v1/uploads", headers={**TUS, "Upload-Length": str(length), **headers})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def patch(
    client: TestClient, place: str, offset: int, data: bytes, **headers: str
) -> httpx.Response:
    sent = {**BODY, "Upload-Offset": str(offset), **headers}
    return client.patch(place, headers=sent, content=data)


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
    assert not spool(settings, place)


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
        database, store = installation.cell(), installation.storage
        spool = settings.data_dir / "storage" / ".spool"
        # Just written to: it may be somebody's whose row is on its way.
        assert sum(uploads.collect(database, store, spool, tenant.tenant_id)) == 0
        monkeypatch.setattr(uploads, "_LEFTOVER_SECONDS", 0.0)
        assert sum(uploads.collect(database, store, spool, tenant.tenant_id)) > 0
    assert client.head(place, headers=TUS).status_code == 404
    assert stored(settings) <= before


def test_a_tenant_that_begins_and_never_ends_is_stopped(settings: Settings) -> None:
    with serve(settings.model_copy(update={"open_uploads": 0})) as client:
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
