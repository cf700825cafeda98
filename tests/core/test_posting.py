"""Posting to servers that lie, stall, flood and send us elsewhere."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from core.cancellation import CancelToken
from core.errors import AutomatorError, Rejected, Retryable
from core.posting import REFUSED, Posted, Poster
from tests.certificates import certificate
from tests.far_server import Asked, far_server

POSTER = Poster(allowed=(ip_network("127.0.0.1/32"),), seconds=1.0, connect_seconds=1.0)


def says(*lines: str, body: bytes = b"") -> Callable[[Asked], None]:
    return lambda asked: asked.say(*lines, body=body)


def post(answer: Callable[[Asked], None], poster: Poster = POSTER) -> Posted:
    with far_server(answer) as server:
        return poster.post(server.url("/in"), b"{}", {"webhook-id": "msg_1"}, CancelToken())


def test_a_message_is_posted_and_the_beginning_of_the_answer_kept() -> None:
    with far_server(
        says("HTTP/1.1 201 Created", "Content-Length: 9", body=b"all\x00right")
    ) as server:
        posted = POSTER.post(server.url("/in?a=1"), b"{}", {"webhook-id": "msg_1"}, CancelToken())
    assert posted == Posted(201, "all\ufffdright", None)
    (asked,) = server.asked
    assert asked.line == "POST /in?a=1 HTTP/1.1"
    assert (asked.headers["content-length"], asked.headers["webhook-id"]) == ("2", "msg_1")
    assert not {"cookie", "authorization", "referer"} & asked.headers.keys()


def test_no_more_of_an_answer_is_read_than_is_kept() -> None:
    def flood(asked: Asked) -> None:
        asked.say("HTTP/1.1 200 OK")
        while True:
            asked.connection.sendall(b"x" * 65536)

    assert len(post(flood).excerpt) == 1024


def test_a_drip_of_headers_ends_in_time() -> None:
    def drip(asked: Asked) -> None:
        asked.connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            asked.connection.sendall(b"X: y\r\n")
            asked.wait(0.1)

    began = time.monotonic()
    with pytest.raises(Retryable):
        post(drip)
    assert time.monotonic() - began < 3


def test_a_body_that_does_not_come_leaves_the_status() -> None:
    def stall(asked: Asked) -> None:
        asked.say("HTTP/1.1 200 OK", "Content-Length: 10")
        asked.wait(20)

    assert post(stall) == Posted(200, "", None)


@pytest.mark.parametrize("line", ["SSH-2.0-OpenSSH", "HTTP/1.1 abc OK", "HTTP/1.1 99999 OK"])
def test_what_is_not_http_is_a_passing_matter(line: str) -> None:
    with pytest.raises(Retryable):
        post(says(line))


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    found = [
        post(says("HTTP/1.1 503 Busy", "Content-Length: 0", f"Retry-After: {value}")).retry_after
        for value in ("120", at, "soon", "-5", "9" * 40)
    ]
    assert found[0] == 120
    assert found[1] is not None
    assert 85 < found[1] <= 90
    assert found[2:] == [None, None, None]


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://localhost/", "http://[::1]:8080/"])
def test_nothing_inside_is_reached(url: str) -> None:
    poster = Poster(seconds=1.0, resolver=lambda _host, _port: ["127.0.0.1"])
    with pytest.raises(Rejected, match=REFUSED):
        poster.post(url, b"{}", {}, CancelToken())


def test_a_server_is_known_by_its_certificate(tmp_path: Path) -> None:
    made = certificate(tmp_path, "127.0.0.1")
    answer = says("HTTP/1.1 204 No Content")
    known = Poster(allowed=POSTER.allowed, seconds=2.0, context=made.client)
    with far_server(answer, made.server) as server:
        assert known.post(server.url(), b"{}", {}, CancelToken()).status == 204
        with pytest.raises(AutomatorError, match="certificate"):
            POSTER.post(server.url(), b"{}", {}, CancelToken())
