"""Hostile requests over a real line: each ends soon, in an answer below 500 or in a closed line."""

import json
import os
import random
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from api import lines
from api.bodies import MAX_BYTES
from core.settings import Settings
from tests.api.serving import TOKEN, Server, server

AUTHORISED = f"Host: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
JSON = b"Content-Type: application/json\r\n"


@dataclass(frozen=True, slots=True)
class Line:
    """The server under attack."""

    running: Server
    log: Path

    def ask(self, sent: bytes, *, half_close: bool = False, wait: float = 10.0) -> bytes:
        """All that is answered to these bytes, until the line is closed or nothing more comes."""
        with socket.create_connection(("127.0.0.1", self.running.port), timeout=wait) as line:
            try:
                line.sendall(sent)
                if half_close:
                    line.shutdown(socket.SHUT_WR)
                return _read(line, wait)
            except (BrokenPipeError, ConnectionResetError):
                return b""

    def lines(self) -> list[dict[str, Any]]:
        """What was logged of requests."""
        found = [json.loads(line) for line in self.log.read_text().splitlines() if line[:1] == "{"]
        return [line for line in found if line.get("logger") == "api.requests"]


def _read(line: socket.socket, wait: float) -> bytes:
    """Until the line is closed, or after an answer nothing comes for a moment."""
    taken = b""
    line.settimeout(wait)
    while True:
        try:
            data = line.recv(65536)
        except TimeoutError:
            assert taken, "no answer, and the line stays open"
            return taken
        if not data:
            return taken
        taken += data
        line.settimeout(0.15)


def status(answer: bytes) -> int:
    """Of the last answer; 0 where there is none."""
    found = [part for part in answer.split(b"HTTP/1.1 ")[1:] if part[:3].isdigit()]
    return int(found[-1][:3]) if found else 0


def problem(answer: bytes) -> dict[str, Any]:
    found = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def line(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    log = tmp_path_factory.mktemp("log") / "api.log"
    waits = {"HEAD_SECONDS": "2", "BODY_SECONDS": "2"}
    with server(settings, log=log, LOG_JSON="true", **waits) as running:
        yield Line(running, log)


def post(body: bytes, *, path: str = "/v1/imports", headers: bytes = JSON) -> bytes:
    length = f"Content-Length: {len(body)}\r\n".encode()
    return f"POST {path} HTTP/1.1\r\n".encode() + AUTHORISED + headers + length + b"\r\n" + body


def get(path: bytes, headers: bytes = b"") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + AUTHORISED + headers + b"\r\n"


BODIES = [
    (b'{"url": "a", "url": "b"}', "/body/url"),
    (b'{"url": "a\\u0000b"}', "/body/url"),
    (b'{"url": "a", "name": "\\ud800"}', "/body/name"),
    (b'{"url": ["\\udfff"]}', "/body/url/0"),
    (b'{"a~/b": "\\u0000"}', "/body/a~0~1b"),
    (b'{"url": NaN}', "/body"),
    (b'{"url": -Infinity}', "/body"),
    (b'{"url": 1e999}', "/body"),
    (b'{"url": ' + b"9" * 5000 + b"}", "/body"),
    (b'{"url": 9223372036854775808}', "/body"),
    (b"[" * 100_000, "/body"),
    (b'{"a":' * 33 + b"1" + b"}" * 33, "/body"),
    (b'"' + b"[" * 100 + b'"', "/body"),
    ('{"url": "ü"}'.encode("latin-1"), "/body"),
    ('{"url": "a"}'.encode("utf-16"), "/body"),
    (b'\xef\xbb\xbf{"url": "a"}', "/body/0"),
    (b'{"url": "\xed\xa0\x80"}', "/body"),
    (b'{"url": "a" "name"}', "/body/12"),
    (b"{}", "/body/url"),
    (b"null", "/body"),
    (b'{"url": "https://a.example/x", "colour": 1}', "/body/colour"),
]


@pytest.mark.parametrize(("body", "pointer"), BODIES)
def test_bad_json_is_a_422_that_names_the_place(line: Line, body: bytes, pointer: str) -> None:
    answer = line.ask(post(body))
    assert status(answer) == 422, answer
    found = problem(answer)
    assert found["errors"][0]["pointer"] == pointer
    assert found["errors"][0]["detail"]
    assert found["request_id"]


def test_thirty_two_levels_are_read_and_brackets_in_texts_are_none(line: Line) -> None:
    deep = b'{"a":' * 31 + b'{"' + b"[" * 200 + b'":1}' + b"}" * 31
    found = problem(line.ask(post(deep)))
    assert {error["pointer"] for error in found["errors"]} == {"/body/url", "/body/a"}


KINDS = [
    b"Content-Type: multipart/form-data; boundary=x\r\n",
    b"Content-Type: application/x-www-form-urlencoded\r\n",
    b"Content-Type: text/json\r\n",
    b"",
    JSON + b"Content-Encoding: gzip\r\n",
]


@pytest.mark.parametrize("headers", KINDS)
def test_what_is_no_json_is_a_415(line: Line, headers: bytes) -> None:
    answer = line.ask(post(b'--x\r\n\r\n{"url": "https://a.example"}', headers=headers))
    assert status(answer) == 415
    assert problem(answer)["code"] == "unsupported_media_type"


REQUESTS = [
    (get(b"/v1/runs/%zz"), {400}),
    (get(b"/v1/runs/%C3%28"), {400}),
    (get(b"/v1/runs/%00"), {422}),
    (get(b"/v1/assets?q=%ff"), {400}),
    (get(b"/v1/assets?q=a%00b"), {422}),
    (get(b"/v1/assets?q=a%0"), {400}),
    (get(b"/v1/assets?q=" + b"a" * 9000), {414}),
    (get(b"/v1/assets?q=" + b"a" * 20_000), {414}),
    (get(b"/v1/assets?limit=" + b"9" * 5000), {422}),
    (get(b"/v1/\xff\xfe"), {400}),
    (get(b"/v1/runs", b"Cookie: " + b"a=b; " * 2000 + b"\r\n"), {431}),
    (get(b"/v1/runs", b"Cookie: a=\x01\x02; =;;=; $Version=1; a\r\n"), {200, 400}),
    (get(b"/v1/runs", b"X: " + b"a" * 70_000 + b"\r\n"), {431}),
    (get(b"/v1/runs", b"X: y\r\n" * 200), {431}),
    (get(b"/v1/runs", b"X" * 70_000 + b": y\r\n"), {431}),
    (get(b"/v1/runs", b"Authorization: Bearer x\r\n"), {400}),
    (get(b"/v1/runs", b"Content-Length: 1\r\nContent-Length: 2\r\n"), {400}),
    (get(b"/v1/runs", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), {400}),
    (get(b"/v1/runs", b"Content-Length: -1\r\n"), {400}),
    (get(b"/v1/runs", b"Content-Length: 99999999999999999999999\r\n"), {400}),
    (get(b"/v1/runs", b"Upgrade: websocket\r\nConnection: Upgrade\r\n"), {200}),
    (get(b"/v1/runs", b"Expect: 100-continue\r\n"), {200}),
    (get(b"/v1/runs", b"a b: c\r\n"), {400}),
    (get(b"/v1/runs", b"a\x00: c\r\n"), {400}),
    (get(b"/v1/runs", b"If-None-Match: \xff\xfe\r\n"), {200}),
    (get(b"http://elsewhere/v1/runs"), {200, 400}),
    (get(b"//v1/runs"), {404}),
    (get(b"*"), {400, 404}),
    (b"GET /v1/runs HTTP/1.1\r\nHost: [\r\n\r\n", {400}),
    (b"GET /v1/runs HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", {400}),
    (b"GET /v1/runs HTTP/1.1\r\n\r\n", {401}),
    (b"GET /v1/runs HTTP/9.9\r\n\r\n", {400}),
    (b"GET /v1/runs\r\n\r\n", {400, 401}),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
    (b"CONNECT x:443 HTTP/1.1\r\n\r\n", {400, 404, 405}),
    (b"BREW /v1/runs HTTP/1.1\r\n\r\n", {400, 405}),
    (b"\r\n" * 1000 + get(b"/v1/runs"), {200}),
    (post(b"{}", headers=JSON + b"Idempotency-Key: \xff\r\n"), {422}),
    (post(b"{}", headers=JSON + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n"), {400}),
    (b"POST /v1/imports HTTP/1.1\r\n" + AUTHORISED + JSON + b"Content-Length: 2000000\r\n\r\n{",
     {413}),
    (b"POST /v1/imports HTTP/1.1\r\n" + AUTHORISED + JSON + b"Transfer-Encoding: chunked\r\n\r\nzz",
     {400}),
    (b"POST /v1/imports HTTP/1.1\r\n" + AUTHORISED + JSON
     + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{", {400}),
    (b"POST /v1/uploads HTTP/1.1\r\n" + AUTHORISED + b"Tus-Resumable: 1.0.0\r\nUpload-Length: "
     + b"9" * 5000 + b"\r\n\r\n", {413, 422}),
    (b"POST /v1/uploads HTTP/1.1\r\n" + AUTHORISED + b"Tus-Resumable: 1.0.0\r\nUpload-Length: 5\r\n"
     b"Upload-Metadata: filename AA==,recipe \xff\r\n\r\n", {400, 422}),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "expected"), REQUESTS, ids=lambda value: repr(value)[:60])
def test_a_request_that_is_none_is_refused_with_a_problem_and_one_line(
    line: Line, sent: bytes, expected: set[int]
) -> None:
    before = len(line.lines())
    answer = line.ask(sent)
    assert status(answer) in expected, answer[:300]
    if status(answer) >= 400:
        found = problem(answer)
        assert (found["status"], found["type"][-len(found["code"]) :]) == (
            status(answer), found["code"],
        )  # fmt: skip
    until = time.monotonic() + 5
    while len(line.lines()) == before and time.monotonic() < until:
        time.sleep(0.01)  # it is said behind the answer
    assert len(line.lines()) == before + 1


def test_what_follows_an_answer_on_the_line_does_not_harm_it(line: Line) -> None:
    answer = line.ask(get(b"/v1/runs?limit=1") + b"\x00\x01garbage\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert status(answer) == 200
    assert b"connection: close" in head.lower()
    assert json.loads(body)["items"] == []


def test_pipelined_requests_are_answered_in_order_and_too_many_end_the_line(line: Line) -> None:
    few = b"".join(get(b"/v1/runs?limit=%d" % n) for n in (1, 0, 1))
    found = [part[:3] for part in line.ask(few).split(b"HTTP/1.1 ")[1:]]
    assert found == [b"200", b"422", b"200"]
    answer = line.ask(get(b"/v1/runs?limit=1") * 1000)
    assert 1 <= answer.count(b"HTTP/1.1 200") <= lines.PIPELINED + 2


@pytest.mark.parametrize(
    "sent",
    [
        get(b"/v1/runs?limit=1"),
        get(b"/v1/runs")[:-4],
        post(b'{"url": ')[:-3],
        b"",
        b"GET",
    ],
    ids=["a whole request", "half a head", "half a body", "nothing", "a word"],
)
def test_a_half_closed_line_ends_at_once(line: Line, sent: bytes) -> None:
    began = time.monotonic()
    answer = line.ask(sent, half_close=True)
    assert status(answer) < 500
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("header", [b"", b"Expect: 100-continue\r\n"])
def test_who_is_refused_in_the_body_is_answered_once(line: Line, header: bytes) -> None:
    head = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + header
    with socket.create_connection(("127.0.0.1", line.running.port), timeout=5) as waiting:
        waiting.sendall(head + b"\r\n1\r\na\r\nno chunk\r\n")
        answer = _read(waiting, 5)
        time.sleep(0.3)  # it is not the end of the line that keeps a second answer back
    assert (status(answer), answer.count(b"HTTP/1.1")) == (400, 1)
    assert "Traceback" not in line.log.read_text()


def _dribble(line: Line, first: bytes, drop: bytes) -> tuple[bytes, float]:
    """Send something slowly until the line is closed: what was answered, and the seconds."""
    began = time.monotonic()
    taken = b""
    with socket.create_connection(("127.0.0.1", line.running.port), timeout=10) as one:
        one.sendall(first)
        one.settimeout(0.1)
        while time.monotonic() - began < 8:
            try:
                data = one.recv(65536)
                if not data:
                    break
                taken += data
            except TimeoutError:
                pass
            except ConnectionResetError:
                break
            try:
                one.sendall(drop)
            except OSError:
                break
    return taken, time.monotonic() - began


SLOW = {
    "headers": (b"GET /v1/runs HTTP/1.1\r\n", b"a: b\r\n", 408),
    "an address": (b"GET /v1/ru", b"n", 408),
    "empty lines": (b"", b"\r\n", 0),
    "nothing": (b"", b"", 0),
    "a body": (post(b"x" * 5000)[:-5000], b"x", 408),
    "chunks": (
        b"POST /v1/imports HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n",
        b"1\r\nx\r\n",
        408,
    ),
    "an unwanted body": (get(b"/v1/runs?limit=1", b"Content-Length: 100000\r\n"), b"x", 200),
    "after an answer": (get(b"/v1/runs?limit=1"), b"\r\n", 200),
}


def test_whoever_dribbles_is_told_so_and_cut(line: Line) -> None:
    with ThreadPoolExecutor(len(SLOW)) as crowd:
        found = {
            name: crowd.submit(_dribble, line, first, drop)
            for name, (first, drop, _) in SLOW.items()
        }
    for name, (_, _, expected) in SLOW.items():
        answer, seconds = found[name].result()
        assert status(answer) == expected, name
        assert 1.5 < seconds < 7, name


def test_a_slow_upload_is_not_cut(line: Line) -> None:
    head = (
        b"POST /v1/uploads HTTP/1.1\r\n" + AUTHORISED + b"Tus-Resumable: 1.0.0\r\n"
        b"Upload-Length: 100\r\nContent-Type: application/offset+octet-stream\r\n"
        b"Content-Length: 20\r\n\r\n\x1aE\xdf\xa3"
    )
    with socket.create_connection(("127.0.0.1", line.running.port), timeout=10) as one:
        one.sendall(head)
        for _ in range(16):
            time.sleep(0.2)
            one.sendall(b"x")
        answer = one.recv(65536)
    assert status(answer) == 201


# --- whatever else somebody may send ---------------------------------------------------------

TEXT = st.text(max_size=30)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.sampled_from(["url", "name", "recipe", "x"]), VALUES, max_size=4)
RAW = st.binary(max_size=200)
LINES = st.lists(
    st.one_of(
        RAW,
        st.sampled_from(
            [
                b"Content-Length: 5", b"Content-Length: 5000", b"Transfer-Encoding: chunked",
                b"Transfer-Encoding: gzip, chunked", b"Content-Type: application/json",
                b"Content-Type: multipart/form-data; boundary=x", b"Connection: close",
                b"Connection: upgrade", b"Upgrade: h2c", b"Expect: 100-continue", b"Cookie: a=b; c",
                b"If-Match: \"", b"Range: bytes=9-1", b"Idempotency-Key: k",
                b"Authorization: Bearer " + TOKEN.encode(), b"Upload-Length: 1e9",
                b"Tus-Resumable: 1.0.0", b"Upload-Metadata: a b c", b"Last-Event-ID: \xff",
                b"traceparent: 00-" + b"f" * 32 + b"-" + b"f" * 16 + b"-01", b"X-Request-Id: \xff",
            ]
        ),
    ),
    max_size=6,
)  # fmt: skip
METHODS = st.sampled_from([b"GET", b"POST", b"PATCH", b"PUT", b"DELETE", b"HEAD", b"OPTIONS"])
PATHS = st.sampled_from(
    [
        b"/v1/assets", b"/v1/runs", b"/v1/imports", b"/v1/uploads", b"/v1/uploads/direct",
        b"/v1/media/x/y", b"/v1/assets/%s/playback" % (b"0" * 32), b"/healthz", b"/docs", b"/",
    ]
)  # fmt: skip

_SETTINGS = hypothesis_settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def _whatever(
    line: Line, method: bytes, path: bytes, tail: bytes, head: list[bytes], body: bytes
) -> None:
    sent = method + b" " + path + tail + b" HTTP/1.1\r\n" + b"\r\n".join([*head, b"", body])
    answer = line.ask(sent, half_close=True)
    assert status(answer) < 500, (sent, answer[:500])


def _json(line: Line, value: Any, path: str, method: str) -> None:
    body = json.dumps(value, ensure_ascii=bool(len(repr(value)) % 2)).encode(
        "utf-8", "surrogatepass"
    )
    sent = post(body, path=path).replace(b"POST", method.encode(), 1)
    answer = line.ask(sent.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    assert 200 <= status(answer) < 500, (sent, answer[:500])


JSON_ROUTES = st.sampled_from(
    [
        ("/v1/imports", "POST"),
        ("/v1/uploads/direct", "POST"),
        (f"/v1/assets/{'0' * 32}", "PATCH"),
        (f"/v1/assets/{'0' * 32}/runs", "POST"),
        (f"/v1/runs/{'0' * 32}", "PATCH"),
    ]
)


@given(METHODS, PATHS, RAW, LINES, RAW)
@hypothesis_settings(_SETTINGS, max_examples=50)
@example(b"GET", b"/", b"", [], b"")
def test_whatever_is_sent_the_server_answers_or_hangs_up(
    line: Line, method: bytes, path: bytes, tail: bytes, head: list[bytes], body: bytes
) -> None:
    _whatever(line, method, path, tail, head, body)


@given(OBJECTS | VALUES, JSON_ROUTES)
@hypothesis_settings(_SETTINGS, max_examples=15)
def test_whatever_json_is_sent_the_answer_is_below_500(
    line: Line, value: Any, route: tuple[str, str]
) -> None:
    _json(line, value, *route)


@pytest.mark.long
@given(METHODS, PATHS, RAW, LINES, RAW)
@hypothesis_settings(_SETTINGS, max_examples=5000)
def test_the_same_at_length(
    line: Line, method: bytes, path: bytes, tail: bytes, head: list[bytes], body: bytes
) -> None:
    _whatever(line, method, path, tail, head, body)


@pytest.mark.long
@given(OBJECTS | VALUES, JSON_ROUTES)
@hypothesis_settings(_SETTINGS, max_examples=3000)
def test_json_at_length(line: Line, value: Any, route: tuple[str, str]) -> None:
    _json(line, value, *route)


def test_after_all_of_it_the_process_lives_on_and_is_no_bigger(line: Line) -> None:
    assert line.running.process is not None
    process = psutil.Process(line.running.process.pid)
    chance = random.Random(7)
    big = post(b'"' + b"x" * (MAX_BYTES - 100))[:-50]

    def attack(times: int) -> None:
        for _ in range(times):
            line.ask(b"GET /" + chance.randbytes(60_000), half_close=True)
            line.ask(get(b"/v1/runs", b"X: " + b"a" * 70_000 + b"\r\n"))
            line.ask(big, half_close=True)

    attack(15)
    before = process.memory_info().rss
    attack(40)
    assert process.memory_info().rss - before < 12 << 20
    assert status(line.ask(get(b"/v1/runs?limit=1"))) == 200
    assert os.getpgid(process.pid)
    assert not [one for one in line.log.read_text().splitlines() if "Traceback" in one]
