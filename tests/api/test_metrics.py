"""/metrics: who may read it, in which formats, and that it tells what is so."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain
from pydantic import SecretStr

from core.settings import Settings
from tests.api.serving import CLIP, serve
from tests.workers.workshop import until

BEARER = {"Authorization": "Bearer meters"}


@pytest.fixture
def guarded(settings: Settings) -> Settings:
    return settings.model_copy(update={"metrics_token": SecretStr("meters")})


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in plain(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer meter", "Basic meters", "Bearer ü"])
def test_with_a_token_nobody_reads_without_it(guarded: Settings, given: str) -> None:
    with serve(guarded) as client:
        client.headers.pop("Authorization")
        answer = client.get("/metrics", headers={b"Authorization": given.encode()})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert client.get("/metrics", headers=BEARER).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("10.1.2.3", 401), ("fe80::1", 401), ("a name", 401)],
)
def test_without_a_token_this_machine_alone_reads(
    settings: Settings, host: str, status: int
) -> None:
    with serve(settings) as client:
        near = TestClient(client.app, client=(host, 1))
        assert near.get("/metrics").status_code == status


def test_both_formats_can_be_read(guarded: Settings) -> None:
    with serve(guarded) as client:
        answer = client.get("/metrics", headers=BEARER)
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        assert {family.name for family in plain(answer.text)} > {"http_requests", "queue_stages"}
        accept = {**BEARER, "Accept": "application/openmetrics-text; version=1.0.0"}
        answer = client.get("/metrics", headers=accept)
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        found = openmetrics(answer.text)  # type: ignore[no-untyped-call]
        names = {family.name for family in found}
        assert {"http_requests", "queue_stages"} < names


def test_a_request_an_upload_and_a_queue_are_told(guarded: Settings) -> None:
    with serve(guarded) as client:
        assert client.post("/v1/assets?name=a.mp4", content=CLIP.read_bytes()).status_code == 201
        told = samples(client.get("/metrics", headers=BEARER).text)

        def at(name: str, **labels: str) -> float:
            return told[name, tuple(sorted(labels.items()))]

        route = {"method": "POST", "route": "/v1/assets"}
        size = CLIP.stat().st_size
        assert at("http_requests_total", **route, status="201") == 1
        assert at("http_request_duration_seconds_count", **route) == 1
        assert at("http_request_body_bytes_total", **route) == size
        queue = {"cell": "main", "queue": "media"}
        assert at("queue_stages", **queue, **{"class": "interactive"}, state="ready") >= 1
        assert at("queue_oldest_ready_seconds", **queue) > 0
        assert at("queue_open", **queue) == 1
        assert at("cell_up", cell="main") == 1
        assert at("tenant_uploaded_bytes", tenant="default") >= size
        assert at("storage_free_bytes") > 0
        assert at("process_resident_memory_bytes") > 1 << 20


def test_meters_are_told_without_the_database(guarded: Settings, tmp_path: Path) -> None:
    away = f"postgresql://a:b@/c?host={tmp_path}"
    with serve(guarded.model_copy(update={"database_url": away})) as client:

        def told() -> bool:
            return 'cell_up{cell="main"} 0.0' in client.get("/metrics", headers=BEARER).text

        until(told, 3, "the cell is away")
