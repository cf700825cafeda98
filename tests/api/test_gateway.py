"""Where a request came from is believed of a gateway that proves itself, and of nobody else."""

import asyncio
import json
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from api.gateway import Gateway, Network, install, last_hop
from core.errors import Misconfigured
from core.settings import Settings, get_settings
from services.installation import Installation
from tests.api.serving import in_a_thread, server

SECRET = "a secret that the gateway and the API share"
OTHER = "another one while the first is being replaced"
PROOF = (b"x-gateway-proof", SECRET.encode())
CLIENT = ("10.0.0.5", 40000)


def seen(
    headers: list[tuple[bytes, bytes]],
    *,
    secrets: tuple[str, ...] = (SECRET, OTHER),
    proxies: tuple[Network, ...] = (),
    client: tuple[str, int] | None = CLIENT,
    kind: str = "http",
) -> dict[str, Any]:
    """The request as the application behind the layer has it."""
    found: dict[str, Any] = {}

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        found.update(scope)

    async def receive() -> Message:
        raise AssertionError("the layer reads no body")

    async def send(message: Message) -> None:
        raise AssertionError("the layer answers nothing")

    scope = {"type": kind, "headers": list(headers), "client": client, "scheme": "http"}
    asyncio.run(Gateway(inner, secrets, proxies)(scope, receive, send))
    return found


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("secret", [SECRET, OTHER])
def test_a_proven_gateway_tells_the_client_and_the_scheme(secret: str, kind: str) -> None:
    told = [
        (b"x-gateway-proof", secret.encode()),
        (b"x-forwarded-for", b"203.0.113.7"),
        (b"x-forwarded-proto", b"https"),
        (b"accept", b"*/*"),
    ]
    believed = seen(told, kind=kind)
    assert believed["client"] == ("203.0.113.7", 0)
    assert believed["scheme"] == "https"
    assert believed["headers"] == [(b"accept", b"*/*")]


@pytest.mark.parametrize(
    "proof",
    [
        [],
        [(b"x-gateway-proof", b"")],
        [(b"x-gateway-proof", SECRET.encode()[:-1])],
        [(b"x-gateway-proof", SECRET.encode() + b" ")],
        [(b"x-gateway-proof", f"{SECRET},{OTHER}".encode())],
        [PROOF, PROOF],
        [PROOF, (b"x-gateway-proof", b"guess")],
        [(b"x_gateway_proof", SECRET.encode())],
        [(b"x-gateway-proof", b"\xff" * 40)],
    ],
    ids=range(9),
)
def test_without_the_proof_nothing_is_believed(proof: list[tuple[bytes, bytes]]) -> None:
    told = [*proof, (b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-proto", b"https")]
    believed = seen(told)
    assert (believed["client"], believed["scheme"]) == (CLIENT, "http")
    assert believed["headers"] == []


def test_without_a_secret_nobody_can_prove_anything() -> None:
    told = [(b"x-gateway-proof", b""), (b"x-forwarded-for", b"203.0.113.7")]
    assert seen(told, secrets=())["client"] == CLIENT


@pytest.mark.parametrize("proof", [[], [PROOF]], ids=["unproven", "proven"])
@pytest.mark.parametrize(
    "name",
    [
        b"x-user-id", b"X-User-Id", b"x_user_id", b"X-Tenant_Id", b"x-consumer-username",
        b"x-credential-identifier", b"x-anonymous-consumer", b"x-authenticated-userid",
        b"x-forwarded-host", b"x-forwarded-prefix", b"x-forwarded-user", b"forwarded", b"x-real-ip",
    ],
)  # fmt: skip
def test_an_identity_in_a_header_goes_no_further(
    name: bytes, proof: list[tuple[bytes, bytes]]
) -> None:
    assert seen([*proof, (name, b"admin"), (b"accept", b"*/*")])["headers"] == [(b"accept", b"*/*")]


def test_a_request_without_such_headers_is_left_as_it_is() -> None:
    headers = [(b"accept", b"*/*"), (b"x-request-id", b"abc"), (b"authorization", b"Bearer x")]
    believed = seen(headers)
    assert believed["headers"] == headers
    assert believed["client"] == CLIENT


@pytest.mark.parametrize("loopback", ["127.0.0.1", "127.8.0.1", "::1"])
def test_who_comes_through_a_proxy_beside_us_is_not_this_machine(loopback: str) -> None:
    forwarded = [(b"x-forwarded-for", b"203.0.113.7")]
    assert seen(forwarded, client=(loopback, 1))["client"] is None
    assert seen([], client=(loopback, 1))["client"] == (loopback, 1)
    assert seen(forwarded, client=None)["client"] is None


_PROXIES = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["1.1.1.1, 203.0.113.7"], "203.0.113.7"),  # the left may be made up
        (["1.1.1.1", "203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        (["1.1.1.1, 203.0.113.7, 10.1.2.3, fd00::1"], "203.0.113.7"),
        (["::ffff:203.0.113.7, ::ffff:10.1.2.3"], "203.0.113.7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["  203.0.113.7\t"], "203.0.113.7"),
        (["10.1.2.3"], None),
        (["1.1.1.1, unknown"], None),  # nobody is looked for behind what is no address
        (["1.1.1.1, 203.0.113.7:80"], None),
        (["1.1.1.1,"], None),
        ([""], None),
        ([], None),
        (["ü"], None),
        (["1.1.1.1" + ", 10.1.2.3" * 16], None),  # more hops than anybody has
        (["203.0.113.7" + " " * 1018 + ",10.1.2.3"], None),  # cut, it would be another address
    ],
)
def test_the_last_hop_that_is_no_proxy_counts(values: list[str], found: str | None) -> None:
    address = last_hop([value.encode("latin-1") for value in values], _PROXIES)
    assert (str(address) if address else None) == found


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"x-forwarded-for", b"x-gateway-proof", b"x-forwarded-proto"]),
            st.one_of(st.binary(max_size=200), st.sampled_from([SECRET.encode(), b"1.2.3.4"])),
        ),
        max_size=8,
    )
)
def test_whatever_is_said_is_either_believed_or_dropped(headers: list[tuple[bytes, bytes]]) -> None:
    believed = seen(headers)
    assert believed["headers"] == []
    assert believed["scheme"] in ("http", "https")
    proofs = [value for name, value in headers if name == PROOF[0]]
    if proofs != [SECRET.encode()]:
        assert believed["client"] == CLIENT


def test_it_is_the_outermost_layer_of_a_served_application(tmp_path: Path) -> None:
    app = FastAPI()
    install(app, (SECRET,), ())

    @app.get("/who")
    def who(request: Request) -> dict[str, Any]:
        return {"client": request.client and request.client.host, "names": [*request.headers]}

    class State:
        """What our own server closes when it stops."""

        def close(self) -> None:
            """Nothing is open."""

    app.state.events = State()
    app.state.installation = Installation(Settings(data_dir=tmp_path))
    forged = {"X-Forwarded-For": "203.0.113.7", "X-User-Id": "somebody"}
    with in_a_thread(app) as port:
        address = f"http://127.0.0.1:{port}/who"
        alone = httpx.get(address).json()
        unproven = httpx.get(address, headers=forged).json()
        proven = httpx.get(address, headers={**forged, "X-Gateway-Proof": SECRET}).json()
    assert alone["client"] == "127.0.0.1"
    assert unproven["client"] is None
    assert proven["client"] == "203.0.113.7"
    assert unproven["names"] == proven["names"] == alone["names"]


def test_the_programs_own_server_believes_the_proof_alone(
    settings: Settings, tmp_path: Path
) -> None:
    log = tmp_path / "api.log"
    with (
        server(settings, log=log, GATEWAY_SECRET=SECRET, LOG_JSON="true") as running,
        httpx.Client(base_url=running.url) as client,
    ):
        # Without a token, /metrics is for this machine; the answer tells whom we are taken for.
        assert client.get("/metrics").status_code == 200
        forwarded = {"X-Forwarded-For": "127.0.0.1"}
        assert client.get("/metrics", headers=forwarded).status_code == 401
        guess = {"X-Forwarded-For": "127.0.0.1", "X-Gateway-Proof": "guess"}
        assert client.get("/metrics", headers=guess).status_code == 401
        proven = {"X-Forwarded-For": "203.0.113.7", "X-Gateway-Proof": SECRET}
        assert client.get("/metrics", headers=proven).status_code == 401
        local = {**proven, "X-Forwarded-For": "127.0.0.1"}
        assert client.get("/metrics", headers=local).status_code == 200
        kept = client.get("/healthz", headers={**proven, "X-Request-Id": "of-the-gateway"})
        assert kept.headers["x-request-id"] == "of-the-gateway"
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert lines
    assert SECRET not in log.read_text()


def test_a_short_secret_and_a_wrong_network_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SECRET", f"{SECRET},hunter2")
    get_settings.cache_clear()
    with pytest.raises(Misconfigured, match=r"GATEWAY_SECRET.*32 bytes") as caught:
        get_settings()
    assert "hunter2" not in str(caught.value)
    monkeypatch.setenv("GATEWAY_SECRET", f"{SECRET}, {OTHER}")
    monkeypatch.setenv("GATEWAY_PROXIES", "10.1.0.0/16, fd00::/8")
    assert get_settings().gateway_secrets == (SECRET, OTHER)
    assert get_settings().gateway_proxies == _PROXIES
    get_settings.cache_clear()
    monkeypatch.setenv("GATEWAY_PROXIES", "the balancer")
    with pytest.raises(Misconfigured, match="GATEWAY_PROXIES"):
        get_settings()
    get_settings.cache_clear()
