"""Fetching from servers that lie, stall, flood, break off and send us elsewhere."""

import hashlib
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import psutil
import pytest

from core.addresses import REFUSED, Network
from core.cancellation import CancelReason, CancelToken
from core.errors import AutomatorError, Cancelled, Rejected, Retryable
from core.fetch import Fetcher, Limits
from core.wire import Resolver, check_ends
from tests.certificates import certificate
from tests.far_server import Answer, Asked, a_file, far_server

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.1/32"),)
LIMITS = Limits(
    bytes=8 << 20,
    seconds=20,
    connect_seconds=2,
    answer_seconds=1,
    silence_seconds=1,
    rate_seconds=5,
    pause_seconds=0,
)
DATA = random.Random(7).randbytes(300_000)


@dataclass(slots=True)
class Held:
    """A sink in memory."""

    data: bytearray = field(default_factory=bytearray)
    validator: str | None = None
    total: int | None = None
    begun: int = 0

    @property
    def position(self) -> int:
        return len(self.data)

    def begin(self, validator: str | None, total: int | None) -> None:
        self.data.clear()
        self.validator, self.total = validator, total
        self.begun += 1

    def add(self, data: bytes) -> None:
        self.data += data


def fetch(
    url: str,
    sink: Held | None = None,
    *,
    limits: Limits = LIMITS,
    allowed: Sequence[Network] = LOOPBACK,
    token: CancelToken | None = None,
    resolver: Resolver = lambda host, port: ["127.0.0.1"],
    context: ssl.SSLContext | None = None,
) -> bytes:
    sink = sink if sink is not None else Held()
    fetcher = Fetcher(token or CancelToken(), limits, allowed, resolver, context)
    fetcher.fetch(url, sink)
    return bytes(sink.data)


def reason(url: str, kind: type[AutomatorError], **options: object) -> str:
    """Why a file cannot be fetched, which must not take long."""
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        fetch(url, **options)  # type: ignore[arg-type]
    assert type(caught.value) is kind or kind is Retryable
    assert time.monotonic() - began < 4
    assert "127.0.0" not in str(caught.value)
    return str(caught.value)


def says(*lines: str, body: bytes = b"") -> Answer:
    return lambda asked: asked.say(*lines, body=body)


# ── what comes whole ──


def test_a_file_comes_as_it_is_and_nothing_of_ours_goes_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with far_server(a_file(DATA)) as server:
        assert fetch(server.url("/a/b.mp4?x=1#part", "films.example")) == DATA
    (asked,) = server.asked
    assert asked.line == "GET /a/b.mp4?x=1 HTTP/1.1"
    assert asked.headers == {
        "host": f"films.example:{server.port}",
        "user-agent": "brandautomator/1 (import)",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
    }


@pytest.mark.parametrize(
    "head",
    [
        ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"],
        ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Content-Length: 3"],
        ["HTTP/1.1 100 Continue", "", "HTTP/1.1 103 Early Hints", "Link: x", "", "HTTP/1.1 200 OK",
         "Transfer-Encoding: Chunked"],
    ],
)  # fmt: skip
def test_a_file_in_chunks_comes_whole(head: list[str]) -> None:
    body = b"".join(
        b"%x;ext=1\r\n%b\r\n" % (len(part), part)
        for part in (DATA[:1], DATA[1:70_000], DATA[70_000:])
    )
    with far_server(says(*head, body=body + b"0\r\nTrailer: x\r\n\r\n")) as server:
        assert fetch(server.url()) == DATA


def test_a_file_of_no_stated_length_ends_with_the_connection() -> None:
    with far_server(says("HTTP/1.0 200 OK", body=DATA)) as server:
        assert fetch(server.url()) == DATA


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename=\"my film.mp4\"", "my film.mp4"),
        ("attachment; filename=f.mp4", "f.mp4"),
        ("attachment; filename=x; filename*=UTF-8''%e2%82%ac%20film.mp4", "€ film.mp4"),
        ("attachment; filename=\"ö.mp4\"".encode().decode("latin-1"), "ö.mp4"),
        ("attachment; filename*=UTF-8''", "där.mov"),
        ("inline", "där.mov"),
    ],
)  # fmt: skip
def test_the_server_names_the_file(disposition: str, name: str) -> None:
    def answer(asked: Asked) -> None:
        if asked.number == 0:
            asked.say("HTTP/1.1 302 Found", "Location: /far/där.mov?x".encode().decode("latin-1"))
        else:
            length = f"Content-Length: {len(DATA)}"
            asked.say("HTTP/1.1 200 OK", length, f"Content-Disposition: {disposition}", body=DATA)

    with far_server(answer) as server:
        fetcher = Fetcher(CancelToken(), LIMITS, LOOPBACK)
        assert fetcher.fetch(server.url("/here"), Held()) == name


# ── where we are sent ──


@contextmanager
def nobody_asks() -> Iterator[int]:
    """A port on which a connection would be noticed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "inside.example", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254",
     "[fd00:ec2::254]", "0.0.0.0", "[64:ff9b::7f00:1]", "nowhere.example"],
)  # fmt: skip
def test_no_connection_is_made_to_what_is_refused_and_all_of_it_sounds_alike(host: str) -> None:
    def resolver(name: str, port: int) -> list[str]:
        if name == "nowhere.example":
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return ["127.0.0.1", "::1", "10.0.0.1", "fe80::1%lo"]

    with nobody_asks() as port:
        told = reason(f"http://{host}:{port}/", Rejected, allowed=(), resolver=resolver)
    assert told == REFUSED


def test_of_a_names_addresses_only_the_permitted_ones_are_tried() -> None:
    with far_server(a_file(DATA)) as server:
        found = fetch(
            server.url(host="mixed.example"),
            resolver=lambda host, port: ["10.0.0.1", "127.0.0.2", "::1", "127.0.0.1"],
        )
    assert found == DATA


def test_a_name_is_looked_up_once_and_its_next_address_is_never_used() -> None:
    """Rebinding: public when it is judged, something else when it is connected to."""
    answers = [["127.0.0.1"], ["127.0.0.2"], ["10.0.0.1"]]
    looked_up: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return answers[len(looked_up) - 1]

    with far_server(a_file(DATA)) as server:
        assert fetch(server.url(host="rebound.example"), resolver=resolver) == DATA
    assert looked_up == ["rebound.example"]


def test_a_name_that_turns_inward_is_refused_on_the_next_request() -> None:
    answers = [["127.0.0.1"], ["127.0.0.2"]]

    def resolver(host: str, port: int) -> list[str]:
        return answers.pop(0)

    with far_server(a_file(DATA, cut=lambda asked: 100_000)) as server:
        told = reason(server.url(host="rebound.example"), Rejected, resolver=resolver)
    assert (told, len(server.asked)) == (REFUSED, 1)


@pytest.mark.parametrize(
    ("ours", "theirs", "wanted", "good"),
    [
        ("192.168.1.2", "8.8.8.8", "8.8.8.8", True),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", True),  # allowed, or it was not judged to be
        ("8.8.8.8", "8.8.8.8", "8.8.8.8", False),
        ("192.168.1.2", "8.8.4.4", "8.8.8.8", False),
    ],
)
def test_what_answers_is_what_was_judged_and_not_this_machine(
    ours: str, theirs: str, wanted: str, good: bool
) -> None:
    ends = ip_address(ours), ip_address(theirs)
    with nullcontext() if good else pytest.raises(Rejected, match=REFUSED):
        check_ends(ends, ip_address(wanted))


def test_the_system_is_asked_where_nobody_else_is() -> None:
    with far_server(a_file(DATA)) as server:
        sink = Held()
        Fetcher(CancelToken(), LIMITS, LOOPBACK).fetch(server.url(host="localhost"), sink)
    assert sink.data == DATA


@pytest.mark.parametrize(
    "reference",
    ["http://10.0.0.1/", "http://[::1]/", "http://localhost/", "http://169.254.169.254/latest/",
     "//127.0.0.2/", "http://127.0.0.1.nip.example/"],
)  # fmt: skip
def test_a_redirect_inward_is_refused(reference: str) -> None:
    with far_server(says("HTTP/1.1 302 Found", f"Location: {reference}")) as server:
        told = reason(server.url(), Rejected, resolver=lambda host, port: ["127.0.0.9"])
    assert (told, len(server.asked)) == (REFUSED, 1)


@pytest.mark.parametrize(
    "reference",
    ["file:///etc/passwd", "ftp://films.example/", "gopher://films.example:70/", "data:,x",
     "http://user:word@films.example/", "http://films.example:22/", "http://2130706433/"],
)  # fmt: skip
def test_a_redirect_to_what_is_not_the_web_is_refused(reference: str) -> None:
    with far_server(says("HTTP/1.1 307 Temporary Redirect", f"Location: {reference}")) as server:
        assert "sends us on to" in reason(server.url(), Rejected)


def test_redirects_are_followed_five_times_and_loops_are_not() -> None:
    def answer(asked: Asked) -> None:
        left = int(asked.line.split()[1].rpartition("/")[2])
        if left:
            asked.say("HTTP/1.1 308 Permanent Redirect", f"Location: {left - 1}", body=b"no file")
        else:
            a_file(DATA)(asked)

    with far_server(answer) as server:
        assert fetch(server.url("/5")) == DATA
        assert "more than 5" in reason(server.url("/6"), Rejected)
    with far_server(says("HTTP/1.1 301 Moved Permanently", "Location: /film.mp4")) as server:
        assert "more than 5" in reason(server.url(), Rejected)
        assert len(server.asked) == 6
    with far_server(says("HTTP/1.1 302 Found")) as server:
        assert "does not say where" in reason(server.url(), Rejected)


# ── TLS ──


def test_over_tls_the_name_is_asked_for_and_its_certificate_wanted(tmp_path: Path) -> None:
    made = certificate(tmp_path, "films.example", "127.0.0.1")
    names: list[str | None] = []
    made.server.sni_callback = lambda _sock, name, _context: names.append(name)
    with far_server(a_file(DATA), made.server) as server:
        assert fetch(server.url(host="films.example"), context=made.client) == DATA
        assert fetch(server.url(), context=made.client) == DATA
        told = reason(server.url(host="other.example"), Rejected, context=made.client)
        assert told == "the server's certificate is not good for its name"
        assert told == reason(server.url(host="films.example"), Rejected)  # nobody's signature
    assert names == ["films.example", None, "other.example", "films.example"]
    assert len(server.asked) == 2


def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    made = certificate(tmp_path, "films.example", days=-1)
    with far_server(a_file(DATA), made.server) as server:
        told = reason(server.url(host="films.example"), Rejected, context=made.client)
    assert "certificate" in told


def test_from_https_nobody_is_sent_on_to_http(tmp_path: Path) -> None:
    made = certificate(tmp_path, "films.example")
    with far_server(a_file(DATA)) as plain:
        to = says("HTTP/1.1 302 Found", f"Location: {plain.url(host='films.example')}")
        with far_server(to, made.server) as server:
            told = reason(server.url(host="films.example"), Rejected, context=made.client)
    assert told == "the server sends us on from https to http"
    assert plain.asked == []


def test_an_end_that_tls_did_not_sign_is_a_cut(tmp_path: Path) -> None:
    made = certificate(tmp_path, "films.example")
    with far_server(says("HTTP/1.1 200 OK", body=DATA), made.server) as server:
        told = reason(
            server.url(host="films.example"),
            Retryable,
            context=made.client,
            limits=replace(LIMITS, restarts=1),
        )
    assert "breaks off" in told


# ── lies about size and form ──


def test_a_file_that_is_said_to_be_too_large_is_not_begun() -> None:
    sink = Held()
    length = f"Content-Length: {LIMITS.bytes + 1}"
    with far_server(says("HTTP/1.1 200 OK", length, body=DATA)) as server:
        assert "more than" in reason(server.url(), Rejected, sink=sink)
    assert sink.begun == 0


@pytest.mark.parametrize("chunked", [True, False])
def test_a_file_that_does_not_end_is_cut_at_the_limit(chunked: bool) -> None:
    sink = Held()

    def answer(asked: Asked) -> None:
        asked.say("HTTP/1.1 200 OK", *(["Transfer-Encoding: chunked"] if chunked else []))
        part = b"x" * 65536
        while True:
            asked.connection.sendall(b"10000\r\n" + part + b"\r\n" if chunked else part)

    with far_server(answer) as server:
        assert "more than" in reason(server.url(), Rejected, sink=sink)
    assert sink.position <= LIMITS.bytes


def test_of_a_body_longer_than_was_said_only_that_much_is_taken() -> None:
    with far_server(says("HTTP/1.1 200 OK", "Content-Length: 1000", body=DATA)) as server:
        assert fetch(server.url()) == DATA[:1000]


def test_a_body_shorter_than_was_said_is_no_file() -> None:
    with far_server(says("HTTP/1.1 200 OK", "Content-Length: 300001", body=DATA)) as server:
        assert "breaks off" in reason(server.url(), Retryable)
    assert len(server.asked) == 1 + LIMITS.restarts + 1


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: -1"], ["Content-Length: ten"], ["Content-Length: +5"],
        ["Content-Length: 1_0"], ["Content-Length: " + "9" * 400],
        ["Content-Length: 5", "Content-Length: 6"], ["Content-Length: 5, 5"],
        ["Transfer-Encoding: gzip, chunked"], ["Transfer-Encoding: chunked, chunked"],
        ["Transfer-Encoding: identity"], ["Content-Encoding: gzip"], ["Content-Encoding: br"],
        ["Content-Encoding: identity, gzip"], ["Content-Encoding: x-bomb"],
    ],
)  # fmt: skip
def test_a_body_of_unclear_length_or_coding_is_refused_before_it_is_read(lines: list[str]) -> None:
    sink = Held()
    with far_server(says("HTTP/1.1 200 OK", *lines, body=DATA)) as server:
        assert "server" in reason(server.url(), Rejected, sink=sink)
    assert sink.begun == 0


@pytest.mark.parametrize(
    "answer",
    [
        says("SSH-2.0-OpenSSH_9.2"), says("HTTP/2 200 OK"), says("HTTP/1.1 2oo OK"), says(""),
        says("HTTP/1.1 99 Less"), says("nonsense" * 50_000), says("HTTP/1.1 200 OK", "x" * 70_000),
        says("HTTP/1.1 200 OK", *(f"H{n}: x" for n in range(5000))),
        says("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"zz\r\n"),
        says("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"1" * 70_000),
        says(*["HTTP/1.1 103 Early Hints", ""] * 50),
        lambda asked: None,
    ],
)  # fmt: skip
def test_what_is_not_http_is_told_in_one_line(answer: Answer) -> None:
    with far_server(answer) as server:
        told = reason(server.url(), Retryable)
    assert told in (
        "what the server answers is broken off, or not HTTP",
        "the server broke off",
    )
    assert len(server.asked) == 1


@pytest.mark.parametrize("flood", [b"X-H: y\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"x"])
def test_headers_without_end_cost_little_time_and_memory(flood: bytes) -> None:
    def answer(asked: Asked) -> None:
        if b"HTTP" not in flood:
            asked.connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            asked.connection.sendall(flood * 1000)

    before = psutil.Process().memory_info().rss
    with far_server(answer) as server:
        reason(server.url(), Retryable)
    assert psutil.Process().memory_info().rss - before < 64 << 20


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 451, 204, 205, 206, 300, 304])
def test_an_answer_that_no_other_try_would_change_is_final(status: int) -> None:
    with far_server(says(f"HTTP/1.1 {status} No", "Content-Length: 4", body=b"body")) as server:
        assert reason(server.url(), Rejected) == f"the server answers {status}"
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_an_answer_that_may_change_is_left_for_later(status: int) -> None:
    with far_server(says(f"HTTP/1.1 {status} No", "Content-Length: 4", body=b"body")) as server:
        assert reason(server.url(), Retryable) == f"the server answers {status}"
    assert len(server.asked) == 1


def test_nobody_at_the_door_is_left_for_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert reason(f"http://127.0.0.1:{port}/", Retryable) == "the server cannot be reached"


# ── time ──


def dripping(*, every: float, head: bool = False, size: int = 1) -> Answer:
    """A server that sends a little now and then, headers or body."""

    def answer(asked: Asked) -> None:
        asked.connection.sendall(b"HTTP/1.1 200 OK\r\n")
        if not head:
            asked.connection.sendall(b"Content-Length: 100000000\r\n\r\n")
        while True:
            asked.connection.sendall(b"x" * size)
            asked.wait(every)

    return answer


@pytest.mark.parametrize(
    ("answer", "limits", "told"),
    [
        (dripping(every=0.05, head=True), LIMITS, "in time"),
        (dripping(every=0.05), replace(LIMITS, rate_seconds=0.5, rate=1000), "too slowly"),
        (dripping(every=0.02, size=9999), replace(LIMITS, seconds=0.7), "too long"),
        (dripping(every=9), replace(LIMITS, seconds=0.7), "too long"),
        (lambda asked: asked.wait(3), replace(LIMITS, answer_seconds=0.3), "in time"),
    ],
)
def test_a_slow_server_is_left_in_time(answer: Answer, limits: Limits, told: str) -> None:
    limits = replace(limits, bytes=1 << 30)
    with far_server(answer) as server:
        assert told in reason(server.url(), Retryable, limits=limits)


def test_a_server_that_never_says_hello_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        limits = replace(LIMITS, connect_seconds=0.3)
        assert "reached" in reason(url, Retryable, limits=limits)


def test_a_resolver_that_hangs_is_left_in_time() -> None:
    release = threading.Event()

    def resolver(host: str, port: int) -> list[str]:
        release.wait(10)
        return []

    limits = replace(LIMITS, connect_seconds=0.3)
    told = reason("http://slow.example/", Retryable, resolver=resolver, limits=limits)
    release.set()
    assert "looked up" in told


def half_a_line(asked: Asked) -> None:
    asked.connection.sendall(b"HTTP/1.1 2")
    asked.wait(8)


STALLS: dict[str, Answer] = {
    "before the answer": lambda asked: asked.wait(8),
    "in the headers": half_a_line,
    "in the body": dripping(every=8, size=100),
}


@pytest.mark.parametrize("stall", [*STALLS, "in TLS", "in the resolver"])
def test_a_cancel_ends_a_stalled_fetch_at_once(stall: str) -> None:
    token, release = CancelToken(), threading.Event()
    limits = Limits(bytes=1 << 30)

    def resolver(host: str, port: int) -> list[str]:
        if stall == "in the resolver":
            release.wait(8)
        return ["127.0.0.1"]

    threading.Timer(0.3, token.cancel, [CancelReason.CANCELLED]).start()
    began = time.monotonic()
    if stall == "in TLS":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
            with pytest.raises(Cancelled):
                fetch(url, token=token, limits=limits)
    else:
        with far_server(STALLS.get(stall, STALLS["before the answer"])) as server:
            with pytest.raises(Cancelled):
                fetch(server.url(host="a.example"), token=token, limits=limits, resolver=resolver)
            assert time.monotonic() - began < 0.8
            release.set()
    assert time.monotonic() - began < 2


# ── going on ──


def test_sixty_random_cuts_cost_no_byte() -> None:
    chance = random.Random(20)
    cuts = [chance.randint(1, len(DATA) // 61) for _ in range(60)]

    def cut(asked: Asked) -> int | None:
        return cuts[asked.number] if asked.number < len(cuts) else None

    with far_server(a_file(DATA, cut=cut)) as server:
        assert fetch(server.url()) == DATA
    assert server.ranges() == [sum(cuts[:number]) for number in range(61)]


def test_what_came_in_an_earlier_attempt_does_not_come_again() -> None:
    sink = Held(bytearray(DATA[:1234]), '"one"', len(DATA))
    with far_server(a_file(DATA)) as server:
        assert fetch(server.url(), sink) == DATA
    assert server.ranges() == [1234]
    assert server.asked[0].headers["if-range"] == '"one"'
    assert sink.begun == 0


def test_a_file_that_is_there_already_is_not_asked_for() -> None:
    sink = Held(bytearray(DATA), '"one"', len(DATA))
    with far_server(a_file(DATA)) as server:
        assert fetch(server.url(), sink) == DATA
    assert server.asked == []


def test_a_file_that_has_changed_is_begun_anew() -> None:
    other = random.Random(8).randbytes(250_000)

    def answer(asked: Asked) -> None:
        first = asked.number == 0
        served = a_file(DATA, cut=lambda _: 100_000) if first else a_file(other, etag='"two"')
        served(asked)

    with far_server(answer) as server:
        assert fetch(server.url()) == other
    assert server.ranges() == [0, 100_000]


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Range: bytes 100001-299999/300000"], ["Content-Range: bytes 0-299999/300000"],
        ["Content-Range: bytes 100000-300000/300000"], ["Content-Range: bytes 100000-99999/300000"],
        ["Content-Range: bytes 100000-299999/299999"], ["Content-Range: bytes 100000-299999/*"],
        ["Content-Range: bytes=100000-299999/300000"], ["Content-Range: nonsense"], [],
        ["Content-Range: bytes 100000-299999/300000", 'ETag: "two"'],
    ],
)  # fmt: skip
def test_a_part_that_does_not_fit_is_not_joined(lines: list[str]) -> None:
    def answer(asked: Asked) -> None:
        if asked.begin:
            asked.say("HTTP/1.1 206 Partial Content", *lines, body=b"?" * 200_000)
        else:
            a_file(DATA, cut=lambda _: 100_000 if asked.number == 0 else None)(asked)

    with far_server(answer) as server:
        assert fetch(server.url()) == DATA
    assert server.ranges() == [0, 100_000, 0]


def test_a_range_beyond_the_end_begins_the_file_anew() -> None:
    sink = Held(bytearray(b"?" * 400_000), '"one"', 500_000)
    with far_server(a_file(DATA)) as server:
        assert fetch(server.url(), sink) == DATA
    assert server.ranges() == [400_000, 0]


def test_a_server_without_ranges_is_asked_for_all_again_a_few_times() -> None:
    def answer(asked: Asked) -> None:
        cut = 100_000 if asked.number < 2 else None
        asked.say("HTTP/1.1 200 OK", f"Content-Length: {len(DATA)}", body=DATA[:cut])

    with far_server(answer) as server:
        assert fetch(server.url()) == DATA
    assert server.ranges() == [0, 0, 0]


def dated(modified: str, now: str) -> Callable[[Asked], None]:
    def answer(asked: Asked) -> None:
        head = [f"Last-Modified: {modified}", f"Date: {now}"]
        if asked.headers.get("if-range") == modified.lower():
            span = f"Content-Range: bytes {asked.begin}-{len(DATA) - 1}/{len(DATA)}"
            asked.say("HTTP/1.1 206 Partial Content", *head, span, body=DATA[asked.begin :])
        else:
            cut = 100_000 if asked.number == 0 else None
            asked.say("HTTP/1.1 200 OK", *head, f"Content-Length: {len(DATA)}", body=DATA[:cut])

    return answer


@pytest.mark.parametrize(
    ("modified", "now", "ranges"),
    [
        ("Mon, 02 Nov 2026 10:00:00 GMT", "Mon, 02 Nov 2026 10:00:09 GMT", [0, 100_000]),
        ("Mon, 02 Nov 2026 10:00:00 GMT", "Mon, 02 Nov 2026 10:00:00 GMT", [0, 0]),
        ("Mon, 99 Nov 2026 10:00:00 GMT", "Mon, 02 Nov 2026 10:00:09 GMT", [0, 0]),
        ("yesterday", "Mon, 02 Nov 2026 10:00:09 GMT", [0, 0]),
    ],
)
def test_a_date_names_a_file_only_where_it_can(modified: str, now: str, ranges: list[int]) -> None:
    with far_server(dated(modified, now)) as server:
        assert fetch(server.url()) == DATA
    assert server.ranges() == ranges


def test_a_weak_etag_names_no_file() -> None:
    def answer(asked: Asked) -> None:
        cut = 100_000 if asked.number == 0 else None
        a_file(DATA, etag='W/"one"', cut=lambda _: cut)(asked)

    with far_server(answer) as server:
        assert fetch(server.url()) == DATA
    assert server.ranges() == [0, 0]


def test_a_server_that_always_breaks_off_is_left_after_so_many_tries() -> None:
    with far_server(a_file(DATA, cut=lambda _: 10)) as server:
        told = reason(server.url(), Retryable, limits=replace(LIMITS, tries=4))
    assert told == "the connection breaks off again and again"
    assert len(server.asked) == 4


def test_the_digest_of_a_large_file_is_right_and_memory_flat() -> None:
    size = 256 << 20
    part = random.Random(3).randbytes(1 << 20)

    @dataclass(slots=True)
    class Hashed(Held):
        digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
        count: int = 0

        @property
        def position(self) -> int:
            return self.count

        def add(self, data: bytes) -> None:
            self.digest.update(data)
            self.count += len(data)

    def answer(asked: Asked) -> None:
        asked.say("HTTP/1.1 200 OK", f"Content-Length: {size}")
        for _ in range(size >> 20):
            asked.connection.sendall(part)

    sink, expected = Hashed(), hashlib.sha256()
    for _ in range(size >> 20):
        expected.update(part)
    before = psutil.Process().memory_info().rss
    with far_server(answer) as server:
        fetch(server.url(), sink, limits=replace(LIMITS, bytes=size))
    assert sink.digest.digest() == expected.digest()
    assert psutil.Process().memory_info().rss - before < 32 << 20
