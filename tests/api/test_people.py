"""People come by mail, sign in, go on, and go; and nobody learns who has an account."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from core.settings import Settings
from services.mails import MailKind
from tests.api.people import (
    PASSWORD,
    address,
    anybody,
    join,
    mailed,
    secret_of,
    sign_in,
    stewarded,
)
from tests.installations import as_owner


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with stewarded(settings), anybody(settings) as found:
        yield found


def test_somebody_signs_up_by_mail_and_owns_a_tenant_at_once(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    assert ada.told["role"] == "owner"
    me = ada.ask("GET", "/v1/me").json()
    assert (me["email"], me["name"], me["has_password"]) == (ada.email, "Ada", True)
    (tenant,) = me["memberships"]
    assert (tenant["name"], tenant["role"], tenant["state"]) == ("Engines", "owner", "active")
    assert ada.ask("GET", "/v1/assets").json() == {"items": [], "next": None}
    kinds = [kind for kind, _ in mailed(settings, ada.email)]
    assert kinds == [MailKind.VERIFY_ADDRESS, MailKind.WELCOME]


@pytest.mark.usefixtures("waits_as_they_are")
def test_asking_to_sign_up_says_the_same_to_everybody_and_takes_as_long(
    client: TestClient, settings: Settings
) -> None:
    ada, stranger = join(client, settings), address()
    answers = []
    for email in (ada.email, ada.email.upper(), stranger):
        began = time.monotonic()
        answers.append(client.post("/v1/sign-ups", json={"email": email}))
        assert time.monotonic() - began >= 0.25
    assert [answer.status_code for answer in answers] == [202] * 3
    assert len({answer.content for answer in answers}) == 1
    told = {frozenset(answer.headers) for answer in answers}
    assert len(told) == 1
    assert mailed(settings, ada.email)[-1][0] == MailKind.ACCOUNT_EXISTS
    assert mailed(settings, stranger)[-1][0] == MailKind.VERIFY_ADDRESS
    assert (
        sign_in(client, stranger).json()["detail"]
        == sign_in(client, ada.email, "x").json()["detail"]
    )


def test_a_link_is_good_once_and_for_its_own_purpose(
    client: TestClient, settings: Settings
) -> None:
    email = address()
    client.post("/v1/sign-ups", json={"email": email})
    client.post("/v1/sign-ups", json={"email": email})
    secret = secret_of(settings, email, MailKind.VERIFY_ADDRESS)
    assert client.post("/v1/sign-ups/invited", json={"token": secret}).json() == {"email": email}
    wrong = client.post(
        "/v1/password-resets/complete", json={"token": secret, "password": PASSWORD}
    )
    assert wrong.status_code == 410
    body = {"token": secret, "name": "Ada", "password": PASSWORD, "tenant_name": "E"}
    assert client.post("/v1/sign-ups/complete", json=body).status_code == 201
    assert client.post("/v1/sign-ups/complete", json=body).status_code == 410
    earlier = mailed(settings, email)[0][1]["link"].partition("#")[2]
    assert client.post("/v1/sign-ups/complete", json=body | {"token": earlier}).status_code == 410


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "12 to 256"),
        ("x" * 300, "12 to 256"),
        ("password1234!", "first that would be tried"),
        ("dragondragon", "first that would be tried"),
        ("aaaaaaaaaaaaaa", "first that would be tried"),
        ("Ada Lovelace 1", "little more than a name"),
    ],
)
def test_a_poor_password_is_refused_by_its_rule_and_costs_no_link(
    client: TestClient, settings: Settings, password: str, why: str
) -> None:
    email = address()
    client.post("/v1/sign-ups", json={"email": email})
    body = {
        "token": secret_of(settings, email, MailKind.VERIFY_ADDRESS),
        "name": "Ada Lovelace",
        "password": password,
        "tenant_name": "E",
    }
    answer = client.post("/v1/sign-ups/complete", json=body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/body/password"
    assert why in error["detail"]
    assert password not in answer.text
    assert client.post("/v1/sign-ups/complete", json=body | {"password": PASSWORD}).is_success


def test_a_refresh_token_goes_on_once_and_a_copy_ends_the_session(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    first = ada.told["refresh_token"]
    second = client.post("/v1/sessions/refresh", json={"refresh_token": first}).json()
    assert second["session_id"] == ada.told["session_id"]
    # Another tab of the same browser comes a moment later with the same token.
    tab = client.post("/v1/sessions/refresh", json={"refresh_token": first})
    assert tab.status_code == 200
    _age(settings, "UPDATE directory.refresh_tokens SET used_at = used_at - interval '1 minute'")
    assert client.post("/v1/sessions/refresh", json={"refresh_token": first}).status_code == 401
    for token in (second["refresh_token"], tab.json()["refresh_token"], "x" * 43):
        stolen = client.post("/v1/sessions/refresh", json={"refresh_token": token})
        assert stolen.status_code == 401
    assert _soon(lambda: ada.ask("GET", "/v1/me").status_code == 401)


def test_tokens_in_cookies_are_out_of_scripts_reach_and_of_other_sites(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    asked = {"email": ada.email, "password": PASSWORD}
    answer = client.post("/v1/sessions", json=asked)
    assert answer.json()["access_token"] is None is answer.json()["refresh_token"]
    cookies = answer.headers.get_list("set-cookie")
    assert all("HttpOnly" in one and "SameSite" in one for one in cookies)
    try:
        assert client.get("/v1/me").json()["email"] == ada.email
        for headers in (
            {},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
        ):
            refused = client.patch("/v1/me", json={"name": "Eve"}, headers=headers)
            assert refused.status_code == 403, headers
        for headers in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://testserver"}):
            assert client.patch("/v1/me", json={"name": "A"}, headers=headers).is_success
        same = {"Sec-Fetch-Site": "same-origin"}
        assert client.post("/v1/sessions/refresh", headers=same).status_code == 200
        assert client.delete("/v1/sessions/current", headers=same).status_code == 204
        assert not list(client.cookies)
    finally:
        client.cookies.clear()


def test_sessions_are_listed_and_ended_one_by_one_and_together(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    others = [sign_in(client, ada.email).json() for _ in range(3)]
    items = ada.ask("GET", "/v1/sessions").json()["items"]
    assert [one["current"] for one in items] == [False, False, False, True]
    there = others[0]["session_id"]
    assert ada.ask("DELETE", f"/v1/sessions/{there}").status_code == 204
    assert ada.ask("DELETE", f"/v1/sessions/{there}").status_code == 404
    eve = join(client, settings)
    assert eve.ask("DELETE", f"/v1/sessions/{others[1]['session_id']}").status_code == 404
    assert ada.ask("DELETE", "/v1/sessions").status_code == 204
    assert len(ada.ask("GET", "/v1/sessions").json()["items"]) == 1
    for other in others:
        headers = {"Authorization": f"Bearer {other['access_token']}"}
        assert _soon(lambda: client.get("/v1/me", headers=headers).status_code == 401)  # noqa: B023


def test_a_forgotten_password_is_chosen_anew_by_mail_and_every_session_ends(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    assert client.post("/v1/password-resets", json={"email": address()}).status_code == 202
    assert client.post("/v1/password-resets", json={"email": ada.email}).status_code == 202
    secret = secret_of(settings, ada.email, MailKind.RESET_PASSWORD)
    fresh = "other words do just as well"
    body = {"token": secret, "password": fresh}
    assert client.post("/v1/password-resets/complete", json=body).status_code == 204
    assert client.post("/v1/password-resets/complete", json=body).status_code == 410
    assert sign_in(client, ada.email).status_code == 401
    assert sign_in(client, ada.email, fresh).status_code == 201
    again = {"refresh_token": ada.told["refresh_token"]}
    assert client.post("/v1/sessions/refresh", json=again).status_code == 401
    assert mailed(settings, ada.email)[-1][0] == MailKind.PASSWORD_CHANGED


def test_a_password_and_an_address_are_changed_by_who_knows_the_password(
    client: TestClient, settings: Settings
) -> None:
    ada, eve = join(client, settings), join(client, settings)
    other = sign_in(client, ada.email).json()
    fresh = "other words do just as well"
    wrong = ada.ask("PUT", "/v1/me/password", json={"current": "no", "password": fresh})
    assert wrong.json()["errors"][0]["pointer"] == "/body/current"
    asked = {"current": PASSWORD, "password": fresh}
    assert ada.ask("PUT", "/v1/me/password", json=asked).status_code == 204
    assert ada.ask("GET", "/v1/me").status_code == 200
    again = {"refresh_token": other["refresh_token"]}
    assert client.post("/v1/sessions/refresh", json=again).status_code == 401

    moved = address()
    body = {"email": moved, "password": fresh}
    assert ada.ask("POST", "/v1/me/address", json=body).status_code == 202
    assert ada.ask("GET", "/v1/me").json()["email"] == ada.email
    secret = secret_of(settings, moved, MailKind.CONFIRM_NEW_ADDRESS)
    confirmed = client.post("/v1/me/address/confirm", json={"token": secret})
    assert confirmed.status_code == 204
    assert ada.ask("GET", "/v1/me").json()["email"] == moved
    assert mailed(settings, ada.email)[-1][0] == MailKind.ADDRESS_CHANGED
    taken = {"email": eve.email, "password": fresh}
    assert ada.ask("POST", "/v1/me/address", json=taken).status_code == 202
    assert mailed(settings, eve.email)[-1][0] == MailKind.ACCOUNT_EXISTS


def test_an_account_is_deleted_when_nobody_is_left_without_an_owner(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    refused = ada.ask("POST", "/v1/me/delete", json={"password": PASSWORD})
    assert refused.status_code == 409
    assert "Engines" in refused.json()["detail"]
    _age(settings, "DELETE FROM directory.memberships WHERE user_id = %s", ada.told["user_id"])
    assert ada.ask("POST", "/v1/me/delete", json={"password": "no"}).status_code == 422
    assert ada.ask("POST", "/v1/me/delete", json={"password": PASSWORD}).status_code == 204
    assert sign_in(client, ada.email).status_code == 401
    assert mailed(settings, ada.email)[-1][0] == MailKind.ACCOUNT_DELETED


def test_whoever_knows_the_published_keys_can_read_a_token_and_nobody_else_can_write_one(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    keys = client.get("/.well-known/jwks.json").json()["keys"]
    assert all(key["kty"] == "RSA" and "d" not in key for key in keys)
    known = KeySet.import_key_set({"keys": keys})
    claims = jwt.decode(ada.told["access_token"], known, algorithms=["RS256"]).claims
    assert claims["sub"] == ada.told["user_id"]
    assert claims["tid"] == ada.told["tenant_id"]
    kid = claims["kid"]
    own = RSAKey.generate_key(2048, {"kid": kid})
    public = next(key for key in known.keys if key.kid == kid)
    assert isinstance(public, RSAKey)
    pem = public.as_pem(private=False)
    forged = [
        jwt.encode({"alg": "RS256", "kid": kid}, claims, own, algorithms=["RS256"]),
        _signed_by_the_public_key(ada.told["access_token"], kid, pem),
        jwt.encode({"alg": "RS256", "kid": "unknown-kid"}, claims, own, algorithms=["RS256"]),
        _unsigned(ada.told["access_token"], {"alg": "none", "kid": kid}),
        ada.told["access_token"][:-8] + "AAAAAAAA",
        ada.told["refresh_token"],
        "a.b.c",
        "\N{SNOWMAN}".encode().decode("latin-1"),
    ]
    for token in forged:
        headers = {b"Authorization": f"Bearer {token}".encode("latin-1")}
        assert client.get("/v1/me", headers=headers).status_code == 401


def _unsigned(token: str, header: dict[str, str]) -> str:
    return f"{_plain(json.dumps(header).encode())}.{token.split('.')[1]}."


def _signed_by_the_public_key(token: str, kid: str, pem: bytes) -> str:
    unsigned = _unsigned(token, {"alg": "HS256", "kid": kid})[:-1]
    return f"{unsigned}.{_plain(hmac.digest(pem, unsigned.encode(), 'sha256'))}"


def _plain(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def test_nothing_of_a_person_is_kept_in_clear(client: TestClient, settings: Settings) -> None:
    ada = join(client, settings)
    with as_owner(settings) as (connection, _):
        rows = connection.execute(
            "SELECT u::text FROM directory.users u"
            " UNION ALL SELECT t::text FROM directory.tickets t"
            " UNION ALL SELECT r::text FROM directory.refresh_tokens r"
            " UNION ALL SELECT k::text FROM directory.signing_keys k"
            " UNION ALL SELECT m::text FROM directory.mails m"
        ).fetchall()
    dump = "\n".join(row for (row,) in rows)
    assert ada.email in dump
    for secret in (
        PASSWORD,
        ada.told["refresh_token"],
        ada.told["access_token"],
        secret_of(settings, ada.email, MailKind.VERIFY_ADDRESS),
        "PRIVATE KEY",
    ):
        assert secret not in dump
        assert secret.encode().hex() not in dump


def _age(settings: Settings, statement: str, *values: object) -> None:
    """What time or somebody else does, as the owner of the tables."""
    with as_owner(settings) as (connection, _):
        connection.execute(statement.encode(), values or None)


def _soon(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold within the seconds for which what is known may be old."""
    end = time.monotonic() + 6
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return False
