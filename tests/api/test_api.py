"""The API over a real database: who may ask, what a refusal looks like, what an upload begins."""

import asyncio
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from starlette.types import Message

from core.database import RoleNames, connect, tenant_role
from core.settings import Settings
from services import runs
from services.installation import DEFAULT_TENANT, Installation
from tests.api.serving import CLIP, TOKEN, serve, spool, stored
from tests.servers import PostgresForTests


def test_an_installation_with_its_database_and_broker_is_ready(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["database"] is True
    assert answer.json()["broker"] is True


def test_an_installation_without_its_broker_is_not_ready(settings: Settings) -> None:
    without = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    with serve(without) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["broker"]) == (True, False)


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", "ü"])
def test_nobody_gets_in_without_the_token(client: TestClient, token: str | None) -> None:
    client.headers.pop("Authorization")
    headers = {} if token is None else {b"Authorization": f"Bearer {token}".encode()}
    for method, path in (("GET", "/v1/runs"), ("POST", "/v1/assets?name=a")):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_an_api_without_a_token_lets_nobody_in(client: TestClient) -> None:
    client.app.state.token = None  # type: ignore[attr-defined]
    assert client.get("/v1/runs", headers={"Authorization": "Bearer "}).status_code == 401


def test_an_upload_becomes_an_asset_and_a_run_with_a_ready_probe(
    client: TestClient, settings: Settings
) -> None:
    answer = client.post("/v1/assets?name=../my clip.mp4", content=CLIP.read_bytes())
    assert answer.status_code == 201, answer.text
    asset, run = answer.json()["asset"], answer.json()["run"]
    assert asset["name"] == "my clip.mp4"
    assert (asset["kind"], asset["mime"]) == ("video", "video/mp4")
    assert asset["bytes"] == CLIP.stat().st_size
    assert client.get(f"/v1/assets/{asset['id']}").json() == asset
    detail = client.get(f"/v1/runs/{run['id']}").json()
    assert [(stage["name"], stage["state"]) for stage in detail["stages"]] == [("probe", "ready")]
    assert client.get("/v1/runs").json()["items"][0]["id"] == run["id"]
    assert not spool(settings, asset["id"])


def test_a_run_can_be_cancelled_once_and_then_retried(client: TestClient) -> None:
    run = client.post("/v1/assets?name=clip.mp4", content=CLIP.read_bytes()).json()["run"]
    assert client.post(f"/v1/runs/{run['id']}/cancel").json()["state"] == "cancelled"
    again = client.post(f"/v1/runs/{run['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert client.post(f"/v1/runs/{run['id']}/retry").json()["state"] == "running"
    detail = client.get(f"/v1/runs/{run['id']}").json()
    assert [stage["state"] for stage in detail["stages"]] == ["ready"]


@pytest.mark.parametrize(
    ("body", "reason"), [(b"", "empty"), (b"#EXTM3U\nfile:///etc/passwd\n", "no video")]
)
def test_bytes_that_are_no_media_are_refused_and_leave_nothing(
    client: TestClient, settings: Settings, body: bytes, reason: str
) -> None:
    before = stored(settings)
    answer = client.post("/v1/assets?name=film.mp4", content=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "rejected"
    assert reason in answer.json()["detail"]
    assert stored(settings) == before


def test_a_recipe_that_does_not_exist_is_refused_and_leaves_nothing(
    client: TestClient, settings: Settings
) -> None:
    before = stored(settings)
    answer = client.post("/v1/assets?name=a.mp4&recipe=soup", content=CLIP.read_bytes())
    assert answer.status_code == 422
    assert stored(settings) == before


def test_an_upload_below_the_free_space_reserve_is_refused_with_507(settings: Settings) -> None:
    full = settings.model_copy(update={"free_space_reserve_bytes": 1 << 60})
    with serve(full) as client:
        answer = client.post("/v1/assets?name=clip.mp4", content=CLIP.read_bytes())
    assert answer.status_code == 507
    assert answer.json()["code"] == "insufficient_storage"


def test_many_requests_at_once_are_all_answered_soon(settings: Settings) -> None:
    began = time.monotonic()
    with serve(settings) as client, ThreadPoolExecutor(100) as crowd:
        answers = list(crowd.map(lambda _: client.get("/v1/runs").status_code, range(100)))
    assert answers == [200] * 100
    assert time.monotonic() - began < 8


def test_a_client_that_leaves_in_the_middle_of_a_body_is_no_error_of_ours(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    said = iter([{"type": "http.request", "body": b"x", "more_body": True}])

    async def receive() -> Message:
        return next(said, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        assert message.get("status", 400) == 400

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/assets",
        "query_string": b"name=a.mp4",
        "headers": [(b"authorization", f"Bearer {TOKEN}".encode()), (b"content-length", b"9")],
    }

    async def ask(client: TestClient) -> None:
        await client.app(scope, receive, send)

    with serve(settings) as client:
        asyncio.run(ask(client))
    assert [record for record in caplog.records if record.exc_info] == []


def test_an_unknown_thing_and_a_wrong_id_are_problems(client: TestClient) -> None:
    missing = client.get("/v1/runs/00000000-0000-0000-0000-000000000000")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    wrong = client.get("/v1/runs/no-id")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_request")
    nowhere = client.get("/v1/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")


def test_a_tenant_at_a_version_that_this_release_does_not_run_on_answers_503(
    client: TestClient, settings: Settings
) -> None:
    with closing(Installation(settings)) as installation:
        place = installation.place(DEFAULT_TENANT)
    assert settings.database_admin_url is not None
    with connect(settings.database_admin_url) as owner:
        roles = RoleNames.of(owner.info.dbname)
        owner.execute(f'SET ROLE "{roles.migrator}"')
        set_version = "UPDATE cell.tenants SET schema_version = %s WHERE tenant_id = %s"
        known = owner.execute("SELECT schema_version FROM cell.tenants").fetchone()
        owner.execute(set_version, ["9999", place.tenant_id])
        try:
            answer = client.get("/v1/runs")
        finally:
            assert known is not None
            owner.execute(set_version, [known[0], place.tenant_id])
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert client.get("/v1/runs").status_code == 200


def test_a_tenant_that_is_a_release_behind_answers_503_where_it_lacks_a_column(
    client: TestClient, settings: Settings
) -> None:
    with closing(Installation(settings)) as installation:
        schema = tenant_role(installation.place(DEFAULT_TENANT).tenant_id)
    assert settings.database_admin_url is not None
    asset = client.post("/v1/assets?name=clip.mp4", content=CLIP.read_bytes()).json()["asset"]
    with connect(settings.database_admin_url) as owner:
        owner.execute(f'SET ROLE "{RoleNames.of(owner.info.dbname).migrator}"')
        owner.execute(f"ALTER TABLE {schema}.assets RENAME tags TO labels".encode())
        try:
            answer = client.get(f"/v1/assets/{asset['id']}")
            runs_answer = client.get("/v1/runs")
        finally:
            owner.execute(f"ALTER TABLE {schema}.assets RENAME labels TO tags".encode())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["code"] == "unavailable"
    assert runs_answer.status_code == 200


def test_a_failed_commit_is_not_answered_with_success(
    settings: Settings, postgres: PostgresForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(settings) as client:
        run = client.post("/v1/assets?name=clip.mp4", content=CLIP.read_bytes()).json()["run"]
        original = runs.cancel

        def poisoned(session, run_id):  # type: ignore[no-untyped-def]
            result = original(session, run_id)
            # Fails at the commit and not before: the constraint is checked at the end.
            backend = session.scalar(text("SELECT pg_backend_pid()"))
            with connect(postgres.url) as superuser:
                superuser.execute("SELECT pg_terminate_backend(%s, 1000)", [backend])
            return result

        monkeypatch.setattr(runs, "cancel", poisoned)
        answer = client.post(f"/v1/runs/{run['id']}/cancel")
        assert answer.status_code == 503
        monkeypatch.undo()
        assert client.get(f"/v1/runs/{run['id']}").json()["state"] == "running"


def test_the_api_carries_no_media_library_and_no_celery() -> None:
    code = (
        "import sys, api.app; api.app.create_app;"
        "heavy = {'ai', 'anthropic', 'celery', 'google.genai', 'httpx2', 'openai',"
        " 'cv2', 'PIL', 'faster_whisper', 'google.cloud.storage',"
        " 'authlib', 'google_crc32c', 'kombu', 'opentelemetry.sdk.resources',"
        " 'opentelemetry.sdk.trace',"
        " 'pyotp', 'requests', 'transcoders', 'webauthn'};"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_page_of_the_document_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self' 'sha256-" in policy
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) == 3
    for path in named:
        assert path.startswith("/docs/assets/")
        assert client.get(path).status_code == 200
