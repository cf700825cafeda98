"""Every request has an id and one line, and no line or meter has what is nobody's business."""

import asyncio
import io
import json
import logging
import re
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.types import Message

from core.logging import configure_logging
from core.settings import Settings
from services.installation import DEFAULT_TENANT
from tests.api.serving import CLIP, TOKEN, server

SECRET = "swordfish-swordfish-swordfish"


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the tests' own client
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging(as_json=True, stream=stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """The lines about requests."""
    entries = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [entry for entry in entries if entry["logger"] == "api.requests"]


def counted(client: TestClient, name: str, **labels: str) -> float:
    """A sample of this process's own meters."""
    meters = client.app.state.meters  # type: ignore[attr-defined]
    return float(meters.registry.get_sample_value(name, labels) or 0.0)


def test_a_request_is_one_line_with_its_route_its_tenant_and_its_id(
    client: TestClient, logged: io.StringIO
) -> None:
    made = client.post("/v1/assets?name=clip.mp4", content=CLIP.read_bytes())
    logged.truncate(0)
    logged.seek(0)
    answer = client.get(f"/v1/runs/{made.json()['run']['id']}?secret={SECRET}")
    (line,) = lines(logged)
    tenant = client.app.state.installation.place(DEFAULT_TENANT).tenant_id  # type: ignore[attr-defined]
    assert line["event"] == "request"
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/runs/{run_id}", 200)
    assert 0 < line["seconds"] < 10
    assert line["tenant_id"] == str(tenant)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", line["request_id"])
    assert SECRET not in logged.getvalue()
    assert made.json()["run"]["id"] not in logged.getvalue()


def test_a_problem_tells_the_id_that_the_log_has(client: TestClient, logged: io.StringIO) -> None:
    answer = client.get("/v1/runs/00000000-0000-0000-0000-000000000000")
    (line,) = lines(logged)
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == line["request_id"]
    again = client.get("/v1/nowhere").json()
    assert again["request_id"] != answer.json()["request_id"]


def test_an_error_of_ours_is_counted_and_told_with_its_id(
    client: TestClient, logged: io.StringIO
) -> None:
    @client.app.get("/broken/{what}")  # type: ignore[attr-defined, untyped-decorator]
    def broken(what: str) -> None:
        raise KeyError(what)

    answer = client.get(f"/broken/{SECRET}")
    assert answer.status_code == 500
    (line,) = lines(logged)
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == line["request_id"]
    assert (line["route"], line["status"]) == ("/broken/{what}", 500)
    labels = {"method": "GET", "route": "/broken/{what}", "status": "500"}
    assert counted(client, "http_requests_total", **labels) == 1
    errors = [json.loads(text) for text in logged.getvalue().splitlines() if "KeyError" in text]
    assert errors[0]["request_id"] == line["request_id"]


@pytest.mark.parametrize("given", ["abc", "A-1.b_2", "x" * 64])
def test_an_id_that_is_given_is_kept(client: TestClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] == given


def test_without_an_id_a_trace_gives_it(client: TestClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    parent = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    assert client.get("/healthz", headers=parent).headers["x-request-id"] == trace
    nothing = {"traceparent": f"00-{'0' * 32}-{'0' * 16}-01"}
    assert client.get("/healthz", headers=nothing).headers["x-request-id"] != "0" * 32


_HOSTILE = [
    b"",
    b"-a",
    b"a b",
    b"a\nforged",
    b"a\r\nX: y",
    b"x" * 65,
    b"x" * 1_000_000,
    "ü".encode(),
]


@pytest.mark.parametrize("given", _HOSTILE, ids=range(len(_HOSTILE)))
def test_a_hostile_id_is_replaced(client: TestClient, logged: io.StringIO, given: bytes) -> None:
    sent = asyncio.run(ask(client, "/v1/nowhere", [(b"x-request-id", given)]))
    kept = dict(sent[0]["headers"])[b"x-request-id"].decode()
    assert re.fullmatch("[0-9a-f]{32}", kept)
    (line,) = lines(logged)
    assert line["request_id"] == kept
    assert len(logged.getvalue()) < 2000
    assert "forged" not in logged.getvalue()


async def ask(
    client: TestClient, path: str, headers: list[tuple[bytes, bytes]], method: str = "GET"
) -> list[Message]:
    """What the application sends, asked without a client that would mend what is wrong."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
    }
    await client.app(scope, receive, send)
    return sent


def test_a_method_that_nobody_knows_makes_no_label(client: TestClient) -> None:
    for number in range(20):
        asyncio.run(ask(client, "/v1/runs", [], method=f"M{number}"))
    labels = {"method": "other", "route": "/v1/runs", "status": "405"}
    assert counted(client, "http_requests_total", **labels) == 20


def test_every_operation_is_counted_under_its_template_and_all_else_under_one_name(
    client: TestClient,
) -> None:
    paths = client.get("/v1/openapi.json").json()["paths"]
    known = {(method.upper(), path) for path, item in paths.items() for method in item}
    client.headers.pop("Authorization")
    for method, path in known:
        client.request(method, re.sub(r"\{\w+\}", SECRET, path))
    for path in (f"/{SECRET}", f"/v1/media/{SECRET}/main.m3u8", f"/v1/runs/{SECRET}/{SECRET}"):
        assert client.get(path).status_code in (404, 422)
    for path in ("/docs", "/docs/assets/swagger-ui.css"):
        assert client.get(path).status_code == 200
    meters = client.app.state.meters  # type: ignore[attr-defined]
    seen = {
        (sample.labels["method"], sample.labels["route"])
        for metric in meters.registry.collect()
        for sample in metric.samples
        if sample.name == "http_requests_total"
    }
    others = {"unmatched", "/docs", "/docs/assets", "/v1/openapi.json"}
    assert known <= seen
    assert {route for _, route in seen - known} <= others
    text, _ = meters.render(client.app.state.watch, "")  # type: ignore[attr-defined]
    assert SECRET.encode() not in text


def test_a_stream_is_passed_on_at_once_and_counted_at_its_end(
    client: TestClient, logged: io.StringIO
) -> None:
    asyncio.run(stream_and_leave(client))
    (line,) = lines(logged)
    assert (line["route"], line["status"], line["broken_off"]) == ("/stream/{token}", 200, True)
    labels = {"method": "GET", "route": "/stream/{token}"}
    assert counted(client, "http_response_body_bytes_total", **labels) == 3
    assert counted(client, "http_response_start_seconds_count", **labels) == 1
    # The client took three pieces, and a tenth of a second for each.
    began = counted(client, "http_response_start_seconds_sum", **labels)
    assert counted(client, "http_request_duration_seconds_sum", **labels) > began + 0.2
    assert counted(client, "http_requests_in_flight") == 0


async def stream_and_leave(client: TestClient) -> None:
    went_on, left = asyncio.Event(), asyncio.Event()
    got: list[bytes] = []

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"a", b"b", b"c"):
            yield piece
            # The next is made only when this one has arrived.
            await asyncio.wait_for(went_on.wait(), 5)
            went_on.clear()
        await asyncio.sleep(30)

    @client.app.get("/stream/{token}")  # type: ignore[attr-defined, untyped-decorator]
    async def stream(token: str) -> StreamingResponse:
        return StreamingResponse(pieces())

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message.get("body"):
            got.append(message["body"])
            assert counted(client, "http_requests_in_flight") == 1
            await asyncio.sleep(0.1)
            went_on.set()
            if len(got) == 3:
                left.set()

    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/stream/{SECRET}",
        "query_string": b"",
        "headers": [],
    }
    await asyncio.wait_for(client.app(scope, receive, send), 10)
    assert got == [b"a", b"b", b"c"]


def test_an_answer_that_cannot_be_sent_is_counted_and_no_longer_in_flight(
    client: TestClient, logged: io.StringIO
) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        raise OSError("there is nobody")

    scope = {"type": "http", "method": "GET", "path": "/gone", "headers": []}
    with pytest.raises(OSError, match="nobody"):
        asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
    (line,) = lines(logged)
    assert (line["route"], line["broken_off"]) == ("unmatched", True)
    labels = {"method": "GET", "route": "unmatched"}
    assert counted(client, "http_requests_in_flight") == 0
    assert counted(client, "http_request_duration_seconds_count", **labels) == 1


def test_a_real_server_logs_nothing_that_is_secret_and_nothing_that_is_forged(
    settings: Settings, tmp_path: Path
) -> None:
    log = tmp_path / "api.log"
    token = {"Authorization": f"Bearer {TOKEN}"}
    requests = [
        f"GET /v1/media/{SECRET}/x.m3u8 HTTP/1.1\r\nHost: a\r\n",
        f"GET /v1/runs?token={SECRET}&secret={SECRET} HTTP/1.1\r\nHost: a\r\n",
        f"GET /v1/runs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {SECRET}\r\n",
        f"GET /v1/runs HTTP/1.1\r\nHost: a\r\nAuthorization: {token['Authorization']}\r\n",
        f"GET /v1/runs HTTP/1.1\r\nHost: a\r\nX-Request-Id: {'x' * 1_000_000}\r\n",
        'GET /v1/runs HTTP/1.1\r\nHost: a\r\nX-Request-Id: a\x0b{"event": "forged"}\r\n',
        "GET /v1/runs HTTP/1.1\r\nHost: a\r\nX-Request-Id: \xff\xfe\r\n",
        "FORGED\nGET / HTTP/1.1\r\n",
    ]
    with server(settings, log=log, LOG_JSON="true", LOG_LEVEL="DEBUG") as running:
        for request in requests:
            with socket.create_connection(("127.0.0.1", running.port), timeout=10) as line:
                line.sendall((request + "Connection: close\r\n\r\n").encode("latin-1"))
                while line.recv(1 << 16):
                    pass
    text = log.read_text()
    for secret in (SECRET, TOKEN, "forged"):
        assert secret not in text
    entries = [json.loads(entry) for entry in text.splitlines()]
    told = [entry for entry in entries if entry["logger"] == "api.requests"]
    statuses = [(entry["route"], entry["status"]) for entry in told if entry["level"] == "info"]
    assert statuses[:4] == [
        ("/v1/media/{token}/{path}", 404),
        ("/v1/runs", 401),
        ("/v1/runs", 401),
        ("/v1/runs", 200),
    ]
    assert all(re.fullmatch("[0-9a-f]{32}", entry["request_id"]) for entry in told)
    assert len(statuses) <= len(requests)
