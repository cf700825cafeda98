"""Passkeys are made and shown by a real browser, and open what is theirs."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2 as httpx
import pytest
from httpx2 import Response
from playwright.sync_api import CDPSession, Page, sync_playwright

from api.app import create_app
from core.settings import Settings
from services.installation import Installation
from services.mails import MailKind
from tests.api.people import PASSWORD, Somebody, anybody, join, mailed, sign_in, stewarded
from tests.api.serving import in_a_thread
from tests.installations import as_owner
from tests.playback import playing, programs

KEYS = "/v1/me/passkeys"
_MAKE = """async options => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({ publicKey })).toJSON();
}"""
_SHOW = """async options => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey })).toJSON();
}"""


@dataclass(slots=True)
class Device:
    """A browser with a device of the tests' in it; state: the keys that it has."""

    page: Page
    wire: CDPSession
    client: httpx.Client
    id: str

    def make(self, who: Somebody, **changed: Any) -> tuple[str, dict[str, Any]]:
        """A challenge of somebody's, and the passkey that answers it."""
        asked = who.ask("POST", f"{KEYS}/options", json={"password": PASSWORD})
        assert asked.status_code == 200, asked.text
        options = asked.json()["options"] | changed
        return asked.json()["challenge"], self.page.evaluate(_MAKE, options)

    def show(self, **changed: Any) -> tuple[str, dict[str, Any]]:
        """A challenge for anybody, and the passkey that answers it."""
        asked = self.client.post("/v1/sessions/passkey/options").json()
        return asked["challenge"], self.page.evaluate(_SHOW, asked["options"] | changed)

    def verify(self, *, verified: bool) -> None:
        """Whether the device asks who uses it."""
        asked = {"authenticatorId": self.id, "isUserVerified": verified}
        self.wire.send("WebAuthn.setUserVerified", asked)


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    """A client of an API that browsers know by the name localhost."""
    app = create_app()
    app.state.token = None
    with in_a_thread(app) as port, stewarded(settings):
        url = f"http://localhost:{port}"
        known = settings.model_copy(update={"public_url": url})
        app.state.installation = Installation(known)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as found:
            yield found


@pytest.fixture(scope="module")
def device(client: httpx.Client) -> Iterator[Device]:
    programs.browser()
    with sync_playwright() as playwright:
        chromium = playing.launch(playwright)
        page = chromium.new_page()
        page.goto(f"http://localhost:{client.base_url.port}/healthz")
        wire = page.context.new_cdp_session(page)
        wire.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        yield Device(page, wire, client, made["authenticatorId"])
        chromium.close()


@pytest.fixture(autouse=True)
def _empty(device: Device) -> None:
    device.wire.send("WebAuthn.clearCredentials", {"authenticatorId": device.id})
    device.verify(verified=True)


def keep(who: Somebody, challenge: str, credential: Any, name: str = "My phone") -> Response:
    asked = {"challenge": challenge, "credential": credential, "name": name}
    return who.ask("POST", KEYS, json=asked)


def enter(client: httpx.Client, challenge: str, credential: Any) -> Response:
    asked = {"challenge": challenge, "credential": credential, "cookies": False}
    return client.post("/v1/sessions/passkey", json=asked)


def somebody(client: httpx.Client, settings: Settings) -> Somebody:
    return join(client, settings)  # type: ignore[arg-type]


def test_a_passkey_opens_the_account_without_a_name_or_a_code(
    client: httpx.Client, settings: Settings, device: Device
) -> None:
    ada = somebody(client, settings)
    refused = ada.ask("POST", f"{KEYS}/options", json={"password": "not this"})
    assert refused.status_code == 422
    challenge, credential = device.make(ada)
    made = keep(ada, challenge, credential)
    assert made.status_code == 201, made.text
    assert mailed(settings, ada.email)[-1][0] == MailKind.SIGN_IN_CHANGED
    for _ in range(2):
        opened = enter(client, *device.show())
        assert opened.status_code == 201, opened.text
        assert opened.json()["user_id"] == ada.told["user_id"]
    (newest, *_) = ada.ask("GET", "/v1/sessions").json()["items"]
    assert newest["method"] == "passkey"
    (listed,) = ada.ask("GET", KEYS).json()["items"]
    assert listed["name"] == "My phone"
    assert listed["used_at"] is not None
    assert listed["suspected_at"] is None


def test_an_answer_is_good_once_for_its_person_and_its_purpose(
    client: httpx.Client, settings: Settings, device: Device
) -> None:
    ada, eve = somebody(client, settings), somebody(client, settings)
    challenge, credential = device.make(ada)
    assert keep(eve, challenge, credential).json()["code"] == "challenge_ended"
    other = ada.ask("POST", f"{KEYS}/options", json={"password": PASSWORD}).json()["challenge"]
    assert keep(ada, other, credential).json()["errors"][0]["pointer"] == "/body/credential"
    assert enter(client, challenge, credential).json()["code"] == "challenge_ended"
    assert keep(ada, challenge, credential).status_code == 201
    assert keep(ada, challenge, credential).status_code == 401
    shown, answer = device.show()
    stranger = client.post("/v1/sessions/passkey/options").json()["challenge"]
    assert enter(client, stranger, answer).json()["code"] == "passkey_refused"
    assert enter(client, shown, answer).status_code == 201
    assert enter(client, shown, answer).json()["code"] == "challenge_ended"


def test_a_device_that_does_not_ask_who_uses_it_opens_nothing(
    client: httpx.Client, settings: Settings, device: Device
) -> None:
    ada = somebody(client, settings)
    challenge, made = device.make(ada)
    # Who makes one says in a bit whether it was asked; nothing of that is signed.
    said = bytearray(base64.urlsafe_b64decode(made["response"]["attestationObject"] + "=="))
    flags = said.index(hashlib.sha256(b"localhost").digest()) + 32
    assert said[flags] & 0b100
    said[flags] ^= 0b100
    unasked = made | {"response": made["response"] | {"attestationObject": _text(bytes(said))}}
    assert keep(ada, challenge, unasked).status_code == 422
    assert keep(ada, challenge, made).status_code == 201
    lax = {"userVerification": "discouraged"}
    device.verify(verified=False)
    assert enter(client, *device.show(**lax)).json()["code"] == "passkey_refused"
    device.verify(verified=True)
    assert enter(client, *device.show()).status_code == 201


def test_a_copy_whose_counter_runs_behind_is_refused_and_told_of(
    client: httpx.Client, settings: Settings, device: Device
) -> None:
    ada = somebody(client, settings)
    assert keep(ada, *device.make(ada), name="Old phone").status_code == 201
    asked = {"authenticatorId": device.id}
    (copied,) = device.wire.send("WebAuthn.getCredentials", asked)["credentials"]
    for _ in range(3):
        assert enter(client, *device.show()).status_code == 201
    device.wire.send("WebAuthn.clearCredentials", asked)
    device.wire.send("WebAuthn.addCredential", asked | {"credential": copied})
    assert enter(client, *device.show()).json()["code"] == "passkey_refused"
    (listed,) = ada.ask("GET", KEYS).json()["items"]
    assert listed["suspected_at"] is not None
    kind, values = mailed(settings, ada.email)[-1]
    assert kind == MailKind.SIGN_IN_CHANGED
    assert "Old phone was refused" in values["change"]


def test_what_is_changed_on_the_way_is_refused(
    client: httpx.Client, settings: Settings, device: Device
) -> None:
    ada, eve = somebody(client, settings), somebody(client, settings)
    assert keep(ada, *device.make(ada)).status_code == 201
    challenge, answer = device.show()
    told = answer["response"]
    elsewhere = base64.urlsafe_b64decode(told["clientDataJSON"] + "==").replace(
        b"http://localhost", b"http://evil.example"
    )
    strange: list[Any] = [
        {},
        {"rawId": 1},
        {"rawId": "é"},
        {"rawId": None, "id": []},
        {"rawId": "AAAA", "id": "AAAA"},
        answer | {"response": []},
        answer | {"response": None},
        answer | {"response": "x"},
        answer | {"response": {}},
        answer | {"type": "password"},
        answer | {"response": told | {"signature": told["signature"][:-8] + "AAAAAAAA"}},
        answer | {"response": told | {"signature": ""}},
        answer | {"response": told | {"authenticatorData": "AAAA"}},
        answer | {"response": told | {"clientDataJSON": _text(elsewhere)}},
        answer | {"response": told | {"clientDataJSON": _text(b"[" * 2000)}},
        answer | {"response": told | {"userHandle": _text(bytes(16))}},
        answer | {"response": told | {"userHandle": 7}},
    ]
    for one in strange:
        refused = enter(client, challenge, one)
        assert (refused.status_code, refused.json()["code"]) == (401, "passkey_refused"), one
    assert enter(client, challenge, answer).status_code == 201
    challenge, made = device.make(eve)
    told = made["response"]
    for one in (
        {},
        made | {"response": None},
        made | {"response": told | {"attestationObject": "AAAA"}},
        made | {"response": told | {"attestationObject": told["attestationObject"][:-40]}},
        made | {"response": told | {"clientDataJSON": _text(b"null")}},
    ):
        assert keep(eve, challenge, one).status_code == 422, one
    assert eve.ask("GET", KEYS).json() == {"items": []}


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_passkeys_are_named_and_removed_by_their_owner_but_not_the_last_way_in(
    client: httpx.Client, settings: Settings, device: Device
) -> None:
    ada, eve = somebody(client, settings), somebody(client, settings)
    first = keep(ada, *device.make(ada)).json()["id"]
    device.wire.send("WebAuthn.clearCredentials", {"authenticatorId": device.id})
    second = keep(ada, *device.make(ada), name="Laptop").json()["id"]
    for method, body in (("PATCH", {"name": "Hers"}), ("DELETE", None)):
        assert eve.ask(method, f"{KEYS}/{first}", json=body).status_code == 404
    assert ada.ask("PATCH", f"{KEYS}/{first}", json={"name": "Phone"}).json()["name"] == "Phone"
    assert ada.ask("PATCH", f"{KEYS}/{first}", json={"name": "\n"}).status_code == 422
    with as_owner(settings) as (connection, _):
        connection.execute(
            "UPDATE directory.users SET password_hash = NULL WHERE id = %s", [ada.told["user_id"]]
        )
    assert ada.ask("DELETE", f"{KEYS}/{first}").status_code == 204
    assert ada.ask("DELETE", f"{KEYS}/{second}").status_code == 409
    (left,) = ada.ask("GET", KEYS).json()["items"]
    assert left["name"] == "Laptop"
    assert sign_in(client, ada.email).status_code == 401  # type: ignore[arg-type]
    assert enter(client, *device.show()).status_code == 201


def test_an_installation_that_has_no_name_says_so(settings: Settings) -> None:
    known = settings.model_copy(update={"public_url": "http://127.0.0.1:8000"})
    with anybody(known) as bare:
        answer = bare.post("/v1/sessions/passkey/options")
    assert (answer.status_code, answer.json()["code"]) == (503, "misconfigured")
    assert "PUBLIC_URL" in answer.json()["detail"]
