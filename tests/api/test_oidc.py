"""People sign in by another's word, if it is that one's word, for us, for this browser, and now."""

import base64
import hmac
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pyotp
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from joserfc import jwt
from joserfc.jwk import RSAKey

from core.settings import Settings
from services.mails import MailKind
from tests.api.people import (
    PASSWORD,
    Somebody,
    address,
    anybody,
    join,
    mailed,
    sign_in,
    stewarded,
)
from tests.installations import as_owner
from tests.oidc_server import Claims, Forge, OidcServer, honest, oidc_server, provider_process

HERE = "http://testserver"
SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcServer]:
    with oidc_server() as running:
        yield running


def told(settings: Settings, google: str, linkedin: str) -> Settings:
    said = settings.model_dump() | {
        "public_url": HERE,
        "allowed_origins": ("https://app.example",),
        "google_client_id": "ours",
        "google_client_secret": "shared",
        "google_issuer": google,
        "linkedin_client_id": "ours-there",
        "linkedin_client_secret": "shared",
        "linkedin_issuer": linkedin,
    }
    return Settings.model_validate(said)


@pytest.fixture(scope="module")
def app(settings: Settings, provider: OidcServer) -> Iterator[TestClient]:
    configured = told(settings, provider.url, f"{provider.url}/linkedin")
    with stewarded(settings), anybody(configured) as found:
        found.follow_redirects = False
        yield found


@pytest.fixture
def client(app: TestClient) -> Iterator[TestClient]:
    """A browser that knows nothing yet."""
    app.cookies.clear()
    yield app
    app.cookies.clear()


def start(client: TestClient, name: str = "google", page: str = "/films") -> str:
    answer = client.get(f"/v1/oidc/{name}/start", params={"return_to": page})
    assert answer.status_code == 302, answer.text
    return str(answer.headers["location"])


def back(client: TestClient, brought: dict[str, str], name: str = "google") -> Response:
    """The browser is back."""
    answer: Response = client.get(f"/v1/oidc/{name}/callback", params=brought)
    assert answer.status_code == 303, answer.text
    return answer


def page_of(answer: Response) -> tuple[str, dict[str, str]]:
    """Where the browser goes on to, and what the page is told."""
    place = urlsplit(answer.headers["location"])
    said = {name: values[0] for name, values in parse_qs(place.fragment).items()}
    return place._replace(fragment="").geturl(), said


def come(
    client: TestClient,
    provider: OidcServer,
    name: str = "google",
    forge: Forge = honest,
    **claims: Any,
) -> tuple[str, dict[str, str]]:
    """Sign in by a provider's word."""
    return page_of(back(client, provider.authorise(start(client, name), forge, **claims), name))


def me(client: TestClient) -> dict[str, Any]:
    answer = client.get("/v1/me")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def link(who: Somebody, provider: OidcServer, name: str = "google", **claims: Any) -> str:
    """Link an identity to somebody's account; what the page is told."""
    asked = who.ask("POST", f"/v1/me/identities/{name}", json={"password": PASSWORD})
    assert asked.status_code == 200, asked.text
    brought = provider.authorise(asked.json()["location"], **claims)
    _, said = page_of(back(who.client, brought, name))
    return "".join(f"{key}={value}" for key, value in said.items())


def test_somebody_comes_with_a_real_provider_and_comes_again(settings: Settings) -> None:
    email = address()
    ada = {"sub": "ada", "email": email, "email_verified": True, "name": "Ada Lovelace"}
    with (
        provider_process(ada) as url,
        stewarded(settings),
        anybody(told(settings, url, url)) as client,
    ):
        client.follow_redirects = False
        ids = []
        for _ in range(2):
            client.cookies.clear()
            there = start(client)
            answer = httpx.post(there, data={"sub": "ada"})
            assert answer.status_code == 302
            returned = answer.headers["location"].removeprefix(HERE)
            page, said = page_of(client.get(returned))
            assert (page, said) == ("/films", {})
            ids.append(me(client)["id"])
        found = me(client)
        items = client.get("/v1/me/identities").json()["items"]
    assert ids[0] == ids[1]
    assert (found["email"], found["name"], found["has_password"]) == (email, "Ada Lovelace", False)
    assert [one["role"] for one in found["memberships"]] == ["owner"]
    assert [(one["provider"], one["email"]) for one in items] == [("google", email)]
    assert [kind for kind, _ in mailed(settings, email)] == [MailKind.WELCOME]


@pytest.mark.parametrize("name", ["google", "linkedin"])
def test_the_first_word_makes_an_account_with_a_tenant(
    client: TestClient, provider: OidcServer, name: str
) -> None:
    email = address()
    # LinkedIn has been seen to write its booleans as text.
    verified: Any = "true" if name == "linkedin" else True
    page, said = come(client, provider, name, sub=email, email=email, email_verified=verified)
    assert (page, said) == ("/films", {})
    found = me(client)
    assert (found["email"], found["memberships"][0]["state"]) == (email, "active")
    assert client.get("/v1/assets").status_code == 200
    # Google is held to PKCE and nonce; LinkedIn refuses the one and forgets the other.
    assert ("code_verifier" in provider.told[-1]) == (name == "google")
    sessions = client.get("/v1/sessions").json()["items"]
    assert [one["method"] for one in sessions] == [name]


def _by(**header: Any) -> Forge:
    """A token under another header, signed by a key of somebody else's."""
    other = RSAKey.generate_key(2048, private=True)

    def forge(server: OidcServer, claims: Claims) -> str:
        return jwt.encode({"alg": "RS256", "kid": server.key.kid, **header}, claims, other)

    return forge


def _with_the_public_key(server: OidcServer, claims: Claims) -> str:
    """Under a secret that everybody knows; libraries of today refuse to make such a token."""
    payload = honest(server, claims).split(".")[1]
    head = _text(b'{"alg":"HS256","kid":"one"}')
    signed = hmac.new(server.key.as_pem(private=False), f"{head}.{payload}".encode(), "sha256")
    return f"{head}.{payload}.{_text(signed.digest())}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unsigned(server: OidcServer, claims: Claims) -> str:
    parts = honest(server, claims).split(".")
    head = _text(b'{"alg":"none","kid":"one"}')
    return f"{head}.{parts[1]}."


def _changed(server: OidcServer, claims: Claims) -> str:
    head, _, signature = honest(server, claims).split(".")
    return f"{head}.{honest(server, {**claims, 'sub': 'eve'}).split('.')[1]}.{signature}"


@pytest.mark.parametrize(
    "forge",
    [_by(), _by(kid="two"), _unsigned, _with_the_public_key, _changed, lambda *_: "no token"],
    ids=["another key", "an unknown key", "none", "HS256", "changed", "nothing"],
)
def test_a_forged_token_opens_nothing(
    client: TestClient, provider: OidcServer, forge: Forge
) -> None:
    _refused(client, come(client, provider, forge=forge, sub="ada", email=address()))


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody else"},
        {"aud": ["ours", "theirs"], "azp": "theirs"},
        {"aud": None},
        {"iss": "https://accounts.example"},
        {"exp": int(time.time()) - 300},
        {"exp": None},
        {"nbf": int(time.time()) + 3600},
        {"iat": None},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"sub": None},
        {"sub": ["ada"]},
        {"sub": "x" * 300},
    ],
    ids="-".join,  # the times are others in each process
)
def test_a_token_that_is_not_for_us_and_for_now_opens_nothing(
    client: TestClient, provider: OidcServer, claims: Claims
) -> None:
    _refused(client, come(client, provider, **{"sub": "ada", "email": address(), **claims}))


def test_a_nonce_that_linkedin_does_send_is_compared(
    client: TestClient, provider: OidcServer
) -> None:
    found = come(client, provider, "linkedin", sub="ada", email=address(), nonce="another")
    _refused(client, found)


def _refused(client: TestClient, found: tuple[str, dict[str, str]]) -> None:
    assert found == ("/films", {"error": "oidc_refused"})
    assert not list(client.cookies)


def test_what_one_browser_began_no_other_goes_on_with(
    client: TestClient, provider: OidcServer
) -> None:
    email = address()
    theirs = provider.authorise(start(client), sub=email, email=email)
    client.cookies.clear()
    # Somebody is led to an address that a stranger's browser began, …
    assert page_of(back(client, theirs)) == ("/sign-in", {"error": "challenge_ended"})
    # … while they have begun something themselves, with this provider or another.
    for name in ("google", "linkedin"):
        start(client, name)
        assert page_of(back(client, theirs))[1] == {"error": "challenge_ended"}
    start(client)
    assert page_of(back(client, {**theirs, "state": "é" * 40}))[1] == {"error": "challenge_ended"}
    assert not list(client.cookies)


def test_a_state_is_good_once(client: TestClient, provider: OidcServer) -> None:
    email = address()
    there = start(client)
    kept = dict(client.cookies)
    assert page_of(back(client, provider.authorise(there, sub=email, email=email)))[1] == {}
    client.cookies.clear()
    client.cookies.update(kept)
    again = back(client, provider.authorise(there, sub=email, email=email))
    assert page_of(again)[1] == {"error": "challenge_ended"}
    client.cookies.clear()
    late = start(client)
    brought = provider.authorise(late, sub=email, email=email)
    now = time.time
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.challenges.time.time", lambda: now() + 301)
        assert page_of(back(client, brought))[1] == {"error": "challenge_ended"}


def test_who_says_no_there_is_told_so_here(client: TestClient, provider: OidcServer) -> None:
    start(client)
    denied = {"error": "access_denied", "state": "x"}
    assert page_of(back(client, denied)) == ("/films", {"error": "forbidden"})
    start(client)
    assert page_of(back(client, {"state": "x"})) == ("/films", {"error": "oidc_refused"})
    there = start(client)
    brought = provider.authorise(there, sub="ada", email=address())
    provider.codes.clear()
    assert page_of(back(client, brought)) == ("/films", {"error": "oidc_refused"})


def test_an_address_that_was_not_verified_makes_no_account(
    client: TestClient, provider: OidcServer
) -> None:
    for verified in (False, None, "yes", 1.5, "True "):
        who: Claims = {"sub": address(), "email": address(), "email_verified": verified}
        said = come(client, provider, **who)[1]
        assert said == {"error": "email_unverified"}
    said = come(client, provider, sub=address(), email="no address")[1]
    assert said == {"error": "email_unverified"}


def test_an_account_is_never_linked_by_its_address(
    client: TestClient, provider: OidcServer, settings: Settings
) -> None:
    ada = join(client, settings)
    sub, email = address(), ada.email.upper()
    assert come(client, provider, sub=sub, email=email)[1] == {"error": "account_exists"}
    wrong = ada.ask("POST", "/v1/me/identities/google", json={"password": "not this"})
    assert wrong.json()["errors"][0]["pointer"] == "/body/password"
    assert link(ada, provider, sub=sub, email=address()) == "linked=google"
    assert mailed(settings, ada.email)[-1][0] == MailKind.SIGN_IN_CHANGED
    client.cookies.clear()
    assert come(client, provider, sub=sub, email=email)[1] == {}
    assert me(client)["id"] == ada.told["user_id"]
    # One that was made by another's word is no easier to come by.
    client.cookies.clear()
    other = address()
    assert come(client, provider, sub=other, email=other)[1] == {}
    client.cookies.clear()
    found = come(client, provider, "linkedin", sub=other, email=other)
    assert found[1] == {"error": "account_exists"}


def test_an_identity_is_linked_in_the_browser_and_session_that_asked(
    client: TestClient, provider: OidcServer, settings: Settings
) -> None:
    ada, eve = join(client, settings), join(client, settings)
    sub = address()
    asked = ada.ask("POST", "/v1/me/identities/google", json={"password": PASSWORD}).json()
    brought = provider.authorise(asked["location"], sub=sub)
    kept = dict(client.cookies)
    client.cookies.clear()
    assert page_of(back(client, brought))[1] == {"error": "challenge_ended"}
    client.cookies.update(kept)
    assert ada.ask("DELETE", "/v1/sessions/current").status_code == 204
    client.cookies.update(kept)
    assert page_of(back(client, brought))[1] == {"error": "challenge_ended"}
    client.cookies.clear()
    assert link(eve, provider, sub=sub) == "linked=google"
    assert link(eve, provider, sub=sub) == "linked=google"
    bob = join(client, settings)
    assert link(bob, provider, sub=sub) == "error=conflict"
    assert bob.ask("GET", "/v1/me/identities").json()["items"] == []


def test_a_second_factor_is_asked_for_whoever_vouches(
    client: TestClient, provider: OidcServer, settings: Settings
) -> None:
    ada, sub = join(client, settings), address()
    assert link(ada, provider, sub=sub) == "linked=google"
    begun = ada.ask("POST", "/v1/me/second-factor", json={"password": PASSWORD}).json()
    codes = pyotp.TOTP(begun["secret"])
    confirmed = ada.ask("POST", "/v1/me/second-factor/confirm", json={"code": codes.now()})
    client.cookies.clear()
    _, said = come(client, provider, sub=sub)
    assert said.keys() == {"challenge", "expires_in"}
    assert not list(client.cookies)
    code = confirmed.json()["recovery_codes"][0]
    body = {"challenge": said["challenge"], "code": code, "cookies": False}
    opened = client.post("/v1/sessions/second-factor", json=body)
    assert opened.status_code == 201
    assert opened.json()["user_id"] == ada.told["user_id"]


def test_the_last_way_to_sign_in_stays(
    client: TestClient, provider: OidcServer, settings: Settings
) -> None:
    email = address()
    come(client, provider, sub=email, email=email)
    (only,) = client.get("/v1/me/identities").json()["items"]
    gone = client.delete(f"/v1/me/identities/{only['id']}", headers=SAME)
    assert gone.status_code == 409
    # Who has no password has just signed in, and that is proof for a while.
    asked = client.post("/v1/me/identities/linkedin", json={}, headers=SAME)
    brought = provider.authorise(asked.json()["location"], sub=email)
    assert page_of(back(client, brought, "linkedin"))[1] == {"linked": "linkedin"}
    assert client.delete(f"/v1/me/identities/{only['id']}", headers=SAME).status_code == 204
    assert client.delete(f"/v1/me/identities/{only['id']}", headers=SAME).status_code == 404
    with as_owner(settings) as (connection, _):
        connection.execute(
            "UPDATE directory.sessions SET created_at = created_at - interval '11 minutes'"
            " WHERE user_id = %s", [me(client)["id"]],
        )  # fmt: skip
    refused = client.post("/v1/me/identities/google", json={}, headers=SAME)
    assert refused.status_code == 422
    assert "sign in again" in refused.json()["detail"]
    other = join(client, settings)
    (mine,) = client.get("/v1/me/identities").json()["items"]
    client.cookies.clear()
    assert other.ask("DELETE", f"/v1/me/identities/{mine['id']}").status_code == 404


@pytest.mark.parametrize(
    "page",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "https://app.example.evil.example/",
        "https://app.example@evil.example/",
        "https://app.example",
        "/films#error=x",
        "/films\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "films",
    ],
)
def test_a_browser_is_sent_to_pages_of_ours_only(client: TestClient, page: str) -> None:
    answer = client.get("/v1/oidc/google/start", params={"return_to": page})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/return_to"
    assert "set-cookie" not in answer.headers


def test_a_page_of_an_allowed_origin_is_gone_back_to(
    client: TestClient, provider: OidcServer
) -> None:
    page = "https://app.example/films?tag=new"
    brought = provider.authorise(start(client, page=page), sub=address(), email=address())
    assert page_of(back(client, brought)) == (page, {})


def test_who_is_not_configured_or_away_is_told_so(
    client: TestClient, settings: Settings, provider: OidcServer
) -> None:
    assert client.get("/v1/oidc/providers").json() == {"items": ["google", "linkedin"]}
    assert client.get("/v1/oidc/myspace/start").status_code == 422
    with anybody(settings) as bare:
        assert bare.get("/v1/oidc/providers").json() == {"items": []}
        assert bare.get("/v1/oidc/google/start").status_code == 404
    with anybody(told(settings, "http://127.0.0.1:1", f"{provider.url}/linkedin/")) as alone:
        for name in ("google", "linkedin"):
            away = alone.get(f"/v1/oidc/{name}/start")
            assert (away.status_code, away.json()["code"]) == (503, "unavailable")
            assert "127.0.0.1" not in away.text


def test_a_password_is_no_way_in_where_there_is_none(
    client: TestClient, provider: OidcServer
) -> None:
    email = address()
    come(client, provider, sub=email, email=email)
    assert sign_in(client, email, "").status_code in (401, 422)
    assert sign_in(client, email).status_code == 401
