"""The gateway's own functions: no client says who it is, and a forged token counts for nobody."""

import base64
import json
import time
from typing import Any
from uuid import UUID

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.gateway import SECURE_COOKIE, KongValues, Limits, PublicKey, render
from tests.services.kong_lua import Exchange, Functions, Route, route_api

ALICE, BOB = str(UUID(int=0xA11CE)), str(UUID(int=0xB0B))
PROOF = "what the gateway and the API share, and nobody else"
BALANCER = "10.1.0.1"


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def config(key: RSAPrivateKey) -> dict[str, Any]:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    values = KongValues(keys=(PublicKey("now", pem),), limits=Limits(api=3))
    found: dict[str, Any] = yaml.safe_load(render(values))
    return found


@pytest.fixture
def route(config: dict[str, Any]) -> Route:
    return route_api(config, proof=PROOF, trusted=(BALANCER,))


def token(key: RSAPrivateKey, user: str, **claims: object) -> str:
    """An access token as the API signs it."""
    body = {"iss": "brand-automator", "sub": user, "kid": "now", "exp": time.time() + 600, **claims}
    parts = [_text({"alg": "RS256", "typ": "JWT", "kid": "now"}), _text(body)]
    signature = key.sign(".".join(parts).encode(), PKCS1v15(), SHA256())
    return ".".join([*parts, _base64(signature)])


def _text(part: dict[str, object]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def bearer(text: str) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {text}")]


def cookie(text: str) -> list[tuple[str, str]]:
    return [("Cookie", f"theme=dark; {SECURE_COOKIE}={text}; x=y")]


def test_each_user_has_a_limit_of_their_own(key: RSAPrivateKey, route: Route) -> None:
    alice, bob = token(key, ALICE), token(key, BOB)
    statuses = [route.ask(bearer(alice)).status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert route.ask(bearer(bob)).status == 200
    assert route.counts == {ALICE: 4, BOB: 1}


def test_a_cookie_and_a_bearer_are_one_user(key: RSAPrivateKey, route: Route) -> None:
    alice = token(key, ALICE)
    assert route.ask(cookie(alice)).status == 200
    assert route.ask(bearer(token(key, ALICE, sid="another session"))).status == 200
    assert route.ask([*bearer(alice), *cookie(alice)]).status == 200
    assert route.counts == {ALICE: 3}


def test_a_forged_token_counts_for_nobody(key: RSAPrivateKey, route: Route) -> None:
    stranger = generate_private_key(65537, 2048)
    true = token(key, ALICE)
    forged = [
        token(stranger, ALICE),
        token(key, ALICE, exp=time.time() - 1),
        token(key, ALICE, kid="none"),
        true[:-8] + "AAAAAAAA",
        true.replace(".", ".e30", 1),
        "a.b.c",
        "",
    ]
    for one in forged:
        answer = route.ask(bearer(one))
        assert (answer.status, answer.source) == (401, "exit")
        assert route.ask(cookie(one)).status == 401
    assert not route.counts
    # Whose it is must not be taken from one token, and whether it holds from another.
    assert route.ask([*bearer(token(stranger, BOB)), *cookie(true)]).status == 401
    assert route.ask([*bearer(true), *cookie(token(stranger, BOB))]).status == 401
    assert not route.counts


_SAID = [
    "X-User-Id", "x-user-id", "X_User_Id", "X_USER-ID", "X-Tenant-Id", "x_tenant_id",
    "X-Gateway-Proof", "X_Gateway_Proof", "X-Consumer-Username", "X_Consumer-Custom_Id",
    "X-Credential-Identifier", "X-Anonymous-Consumer", "X-Authenticated-Userid",
]  # fmt: skip


@pytest.mark.parametrize("name", _SAID)
def test_what_a_client_says_of_itself_goes_no_further(
    key: RSAPrivateKey, route: Route, name: str
) -> None:
    # Both before and behind so many others that a list of headers would end between them.
    others = [(f"X-Other-{number}", "x") for number in range(150)]
    said = [(name, BOB), *others, *bearer(token(key, ALICE)), (name, BOB)]
    answer = route.ask(said)
    assert route.counts == {ALICE: 1}
    assert BOB not in {value for _, value in answer.headers}
    assert answer.get("X-User-Id") == ALICE
    assert answer.get("X-Gateway-Proof") == PROOF
    assert sum(given.lower() == "x-gateway-proof" for given, _ in answer.headers) == 1


@pytest.mark.parametrize(
    "user",
    ["", "x", ALICE + "0", f"{ALICE[:-1]}/", "*", 7, None, [BOB]],
    ids=range(8),
)
def test_a_token_of_no_user_is_counted_by_address(
    key: RSAPrivateKey, route: Route, user: object
) -> None:
    of_nobody = token(key, ALICE, sub=user)
    assert route.ask(bearer(of_nobody), peer="198.51.100.9").status == 200
    assert route.counts == {"198.51.100.9": 1}


def test_a_user_who_stands_in_another_claim_is_not_taken(key: RSAPrivateKey, route: Route) -> None:
    quoted = f'"sub":"{BOB}"'
    body = {"name": f"{{{quoted}, {quoted}", "sub": ALICE}
    answer = route.ask(bearer(token(key, ALICE, **body)))
    assert answer.status == 200
    assert route.counts == {ALICE: 1}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abc", True),
        ("A-1.b_2", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("-a", False),
        ("a b", False),
        ('a"b', False),
        ("<script>", False),
    ],
)
def test_an_id_that_is_none_is_dropped(route: Route, given: str, kept: bool) -> None:
    answer = route.ask([("X-Request-Id", given)])
    assert answer.get("X-Request-Id") == (given if kept else None)


def test_only_a_balancers_word_counts_for_where_a_request_came_from(route: Route) -> None:
    said = [
        (name, "1.2.3.4")
        for name in ("X-Forwarded-For", "X_Forwarded_For", "X-Forwarded-Proto", "Forwarded")
    ]
    stranger = route.ask(list(said))
    assert [name for name, _ in stranger.headers] == ["X-Gateway-Proof"]
    assert route.ask(list(said), peer=BALANCER).get("X-Forwarded-For") == "1.2.3.4"


def test_without_a_proof_in_its_environment_the_gateway_sends_none(config: dict[str, Any]) -> None:
    answer = route_api(config).ask([("X-Gateway-Proof", "guess")])
    assert answer.headers == []


def test_what_the_gateway_refuses_is_a_problem(key: RSAPrivateKey, route: Route) -> None:
    answer = route.ask([("X-Request-Id", "abc-1")])
    assert answer.answer["content-type"] == "application/problem+json"
    assert json.loads(answer.body or "") == {
        "type": "urn:brand-automator:problem:unauthorized",
        "title": "Unauthorized",
        "status": 401,
        "code": "unauthorized",
        "detail": "a valid access token is needed",
        "request_id": "abc-1",
    }
    for _ in range(4):
        answer = route.ask(bearer(token(key, ALICE)))
    assert json.loads(answer.body or "")["code"] == "rate_limited"
    assert 1 <= int(answer.answer["retry-after"]) <= 60


@pytest.fixture
def everywhere(config: dict[str, Any]) -> Functions:
    """What runs where a route has nothing of its own."""
    (plugin,) = (one for one in config["plugins"] if one["name"] == "pre-function")
    return Functions(plugin["config"], now=lambda: 1_000_000_000.0)


def _answered(functions: Functions, status: int, source: str) -> Exchange:
    answered = Exchange([], status=status, source=source, body="as it was")
    answered.answer["content-length"] = "9"
    functions.run("header_filter", answered)
    functions.run("body_filter", answered)
    return answered


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 417, 429, 500, 502, 503, 504, 599])
@pytest.mark.parametrize("source", ["exit", "error"])
def test_every_refusal_of_the_gateways_has_one_form(
    everywhere: Functions, status: int, source: str
) -> None:
    answered = _answered(everywhere, status, source)
    told = json.loads(answered.body or "")
    assert told["status"] == status
    assert set(told) == {"type", "title", "status", "code", "detail", "request_id"}
    assert told["type"].endswith(f":{told['code']}")
    assert "content-length" not in answered.answer
    waits = {429: "20", 502: "5", 503: "5", 504: "5"}
    assert answered.answer.get("retry-after") == waits.get(status)


@pytest.mark.parametrize(("status", "source"), [(200, "exit"), (404, "service"), (503, "service")])
def test_what_the_api_answers_is_left_as_it_is(
    everywhere: Functions, status: int, source: str
) -> None:
    answered = _answered(everywhere, status, source)
    assert answered.body == "as it was"
    assert answered.answer == {"content-length": "9"}


def test_a_body_that_still_comes_is_waited_for(everywhere: Functions) -> None:
    exchange = Exchange([], status=401, source="exit", body=None)
    everywhere.run("body_filter", exchange)
    assert exchange.body is None
