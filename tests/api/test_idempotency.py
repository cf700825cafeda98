"""A request that is sent again with its key has one effect, and is answered the same."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from uuid import uuid4

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from core.database import RoleNames, connect
from core.settings import Settings
from services import idempotency, ledger_workers, runs, tenants
from services.idempotency import Answer
from services.installation import DEFAULT_TENANT, Installation
from tests.api.library import planted, uploaded
from tests.api.serving import BODY, TUS, film, serve


def post(client: TestClient, path: str, key: str, **options: object) -> httpx.Response:
    headers = {"Idempotency-Key": key, **options.pop("headers", {})}  # type: ignore[dict-item]
    return client.post(path, headers=headers, **options)  # type: ignore[arg-type]


def test_a_repeated_request_is_done_once_and_answered_the_same(
    client: TestClient, settings: Settings
) -> None:
    (asset,) = planted(settings, 1)
    place, key = f"/v1/assets/{asset}/runs", str(uuid4())
    first = post(client, place, key, json={"recipe": "video"})
    again = post(client, place, key, json={"recipe": "video"})
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == "application/json"
    assert len(client.get(place).json()["items"]) == 1
    assert (
        post(client, place, str(uuid4()), json={"recipe": "video"}).json()["id"]
        != (first.json()["id"])
    )


def test_a_key_belongs_to_one_request(client: TestClient, settings: Settings) -> None:
    (asset,) = planted(settings, 1)
    place, key = f"/v1/assets/{asset}/runs", str(uuid4())
    run = post(client, place, key, json={"recipe": "video"}).json()
    for path, body in (
        (place, {"recipe": "video-hevc"}),
        (f"/v1/runs/{run['id']}/cancel", None),
        (f"{place}?x=1", {"recipe": "video"}),
    ):
        other = post(client, path, key, json=body)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert client.get(f"/v1/runs/{run['id']}").json()["state"] == "running"


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256])
def test_a_key_that_is_none_is_refused(client: TestClient, key: str) -> None:
    answer = client.post(f"/v1/runs/{uuid4()}/cancel", headers={b"Idempotency-Key": key.encode()})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/header/idempotency-key"


def test_sixteen_equal_requests_at_once_have_one_effect(settings: Settings) -> None:
    (asset,) = planted(settings, 1)
    place, key = f"/v1/assets/{asset}/runs", str(uuid4())
    with serve(settings) as client, ThreadPoolExecutor(16) as crowd:
        gate = threading.Barrier(16)

        def ask(_: int) -> httpx.Response:
            gate.wait()
            return post(client, place, key, json={"recipe": "video"})

        answers = list(crowd.map(ask, range(16)))
        done = [answer for answer in answers if answer.status_code == 201]
        rest = [answer for answer in answers if answer.status_code != 201]
        assert len({answer.content for answer in done}) == 1
        for answer in rest:
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
            assert int(answer.headers["retry-after"]) > 0
        assert len(client.get(place).json()["items"]) == 1
        assert post(client, place, key, json={"recipe": "video"}).content == done[0].content


def test_a_refusal_is_an_answer_too_and_a_failure_of_ours_is_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (asset,) = planted(settings, 1)
    key, broken = str(uuid4()), str(uuid4())
    with serve(settings) as client:
        run = post(client, f"/v1/assets/{asset}/runs", str(uuid4())).json()
        retry = f"/v1/runs/{run['id']}/retry"
        refused = post(client, retry, key)
        assert refused.status_code == 409
        client.post(f"/v1/runs/{run['id']}/cancel")
        again = post(client, retry, key)
        assert (again.status_code, again.content) == (409, refused.content)
        assert again.headers["content-type"] == "application/problem+json"
        assert again.headers["idempotent-replayed"] == "true"

        with monkeypatch.context() as patch:
            patch.setattr(runs, "retry", lambda *_: 1 // 0)
            assert post(client, retry, broken).status_code == 500
        assert post(client, retry, broken).status_code == 200


def test_what_was_not_committed_was_not_answered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (asset,) = planted(settings, 1)
    place, key = f"/v1/assets/{asset}/runs", str(uuid4())

    def cut(*_: object) -> None:
        raise ConnectionError("the process ends between the work and its record")

    with serve(settings) as client:
        with monkeypatch.context() as patch:
            patch.setattr(idempotency, "keep", cut)
            assert post(client, place, key).status_code == 500
        assert client.get(place).json()["items"] == []
        assert post(client, place, key).status_code == 201
        assert len(client.get(place).json()["items"]) == 1


def test_a_key_is_forgotten_after_a_day(client: TestClient, settings: Settings) -> None:
    (asset,) = planted(settings, 1)
    place, keys = f"/v1/assets/{asset}/runs", [str(uuid4()), str(uuid4())]
    first = [post(client, place, key).json()["id"] for key in keys]
    assert settings.database_admin_url is not None
    with connect(settings.database_admin_url) as owner:
        owner.execute(f'SET ROLE "{RoleNames.of(owner.info.dbname).migrator}"')
        owner.execute(
            "UPDATE cell.idempotency_keys SET created_at = created_at - interval '25 hours'"
            " WHERE key = ANY (%s)",
            [keys],
        )
    # Asked again before the collector came, and after.
    assert post(client, place, keys[0]).json()["id"] not in first
    with closing(Installation(settings)) as installation:
        cell = installation.cell()
        assert ledger_workers.prune_idempotency_keys(cell, age_seconds=86400, limit=10) == 1
        assert ledger_workers.prune_idempotency_keys(cell, age_seconds=86400, limit=10) == 0
    assert post(client, place, keys[1]).json()["id"] not in first
    assert len(client.get(place).json()["items"]) == 4


def test_an_upload_is_announced_once(client: TestClient) -> None:
    data, key = film(5000), str(uuid4())
    headers = {**TUS, "Upload-Length": "5000"}
    first = post(client, "/v1/uploads", key, headers=headers)
    again = post(client, "/v1/uploads", key, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.headers["location"] == again.headers["location"]
    assert again.headers["upload-offset"] == "0"
    other = post(client, "/v1/uploads", key, headers={**TUS, "Upload-Length": "5001"})
    assert other.status_code == 422
    # With the file in the same request: the second time, nothing of it is read.
    whole = {**BODY, "Upload-Length": "5000"}
    key = str(uuid4())
    sent = post(client, "/v1/uploads", key, headers=whole, content=data)
    assert (sent.status_code, sent.headers["upload-offset"]) == (201, "5000")
    again = post(client, "/v1/uploads", key, headers=whole, content=data)
    assert again.headers["location"] == sent.headers["location"]
    head = client.head(sent.headers["location"], headers=TUS)
    assert head.headers["upload-offset"] == "5000"


def test_a_streamed_file_takes_no_key_and_says_so(client: TestClient) -> None:
    answer = post(client, "/v1/assets?name=a.mkv", str(uuid4()), content=film(5000))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/header/idempotency-key"


def test_tenants_do_not_share_keys(settings: Settings) -> None:
    other = tenants.create(settings, "with-the-same-key")
    with closing(Installation(settings)) as installation:
        places = [installation.place(DEFAULT_TENANT), installation.place(str(other.id))]
        for place in places:
            with installation.tenant_scope(place) as session:
                answer = Answer(200, {}, str(place.tenant_id).encode())
                assert idempotency.find(session, place.tenant_id, "shared", b"x") is None
                idempotency.keep(session, place.tenant_id, "shared", b"x", answer)
        for place in places:
            with installation.tenant_scope(place) as session:
                found = idempotency.find(session, place.tenant_id, "shared", b"x")
                assert found is not None
                assert found.body == str(place.tenant_id).encode()
                assert session.scalar(text("SELECT count(*) FROM cell.idempotency_keys WHERE"
                                           " key = 'shared'")) == 1  # fmt: skip


def test_uploads_by_one_request_still_work_without_a_key(client: TestClient) -> None:
    assert uploaded(client)["run"]["state"] == "running"
