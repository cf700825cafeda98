"""A second factor is asked for once it is confirmed, and no code of it is taken twice."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from core.settings import Settings
from services.mails import MailKind
from services.second_factors import left_said
from tests.api.people import (
    PASSWORD,
    Somebody,
    anybody,
    join,
    mailed,
    secret_of,
    sign_in,
    stewarded,
)
from tests.installations import as_owner

FACTOR = "/v1/me/second-factor"


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with stewarded(settings), anybody(settings) as found:
        yield found


@dataclass(slots=True)
class Guarded:
    """Somebody with a second factor; state: none but the database's."""

    who: Somebody
    settings: Settings
    secret: str
    recovery_codes: list[str]

    def code(self, steps: int = 0) -> str:
        """The app's code now, or some half minutes away, that was not used yet."""
        self.forget()
        return pyotp.TOTP(self.secret).at(int(time.time()) + 30 * steps)

    def forget(self) -> None:
        """Half a minute goes by: the last code is an old one."""
        _age(self.settings, "last_step = 0", self.who)

    def begin(self) -> str:
        """A challenge for who knows the password."""
        answer = sign_in(self.who.client, self.who.email)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["challenge"])

    def complete(self, challenge: str, code: str) -> Response:
        asked = {"challenge": challenge, "code": code, "cookies": False}
        found: Response = self.who.client.post("/v1/sessions/second-factor", json=asked)
        return found


def guarded(client: TestClient, settings: Settings) -> Guarded:
    ada = join(client, settings)
    begun = ada.ask("POST", FACTOR, json={"password": PASSWORD})
    assert begun.status_code == 200, begun.text
    secret = begun.json()["secret"]
    confirmed = ada.ask("POST", f"{FACTOR}/confirm", json={"code": pyotp.TOTP(secret).now()})
    assert confirmed.status_code == 200, confirmed.text
    return Guarded(ada, settings, secret, confirmed.json()["recovery_codes"])


def _age(settings: Settings, change: str, who: Somebody) -> None:
    with as_owner(settings) as (connection, _):
        statement = f"UPDATE directory.second_factors SET {change} WHERE user_id = %s"
        connection.execute(statement.encode(), [who.told["user_id"]])


def _wrong(right: str) -> str:
    return str((int(right) + 500_000) % 1_000_000).zfill(6)


def test_a_second_factor_is_asked_for_once_a_code_has_confirmed_it(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    assert ada.ask("GET", "/v1/me").json()["second_factor"] is None
    refused = ada.ask("POST", FACTOR, json={"password": "not this one"})
    assert refused.json()["errors"][0]["pointer"] == "/body/password"
    assert ada.ask("POST", FACTOR, json={}).status_code == 422
    begun = ada.ask("POST", FACTOR, json={"password": PASSWORD})
    assert begun.headers["cache-control"] == "no-store"
    app = pyotp.parse_uri(begun.json()["uri"])
    assert isinstance(app, pyotp.TOTP)
    assert (app.secret, app.name, app.issuer) == (
        begun.json()["secret"],
        ada.email,
        "Brand Automator",
    )
    assert sign_in(client, ada.email).status_code == 201
    wrong = ada.ask("POST", f"{FACTOR}/confirm", json={"code": _wrong(app.now())})
    assert wrong.json()["errors"][0]["pointer"] == "/body/code"
    confirmed = ada.ask("POST", f"{FACTOR}/confirm", json={"code": app.now()})
    assert len(set(confirmed.json()["recovery_codes"])) == 10
    told = ada.ask("GET", "/v1/me").json()["second_factor"]
    assert told["recovery_codes_left"] == 10
    assert sign_in(client, ada.email).status_code == 202
    assert ada.ask("POST", FACTOR, json={"password": PASSWORD}).status_code == 409
    assert ada.ask("POST", f"{FACTOR}/confirm", json={"code": app.now()}).status_code == 409
    assert mailed(settings, ada.email)[-1][0] == MailKind.SECOND_FACTOR_CHANGED


def test_a_code_opens_a_session_once(client: TestClient, settings: Settings) -> None:
    ada = guarded(client, settings)
    # The one that confirmed the app opens nothing.
    used = pyotp.TOTP(ada.secret).now()
    assert ada.complete(ada.begin(), used).json()["code"] == "wrong_code"
    challenge, code = ada.begin(), ada.code()
    opened = ada.complete(challenge, code)
    assert opened.status_code == 201
    headers = {"Authorization": f"Bearer {opened.json()['access_token']}"}
    (newest, *_) = client.get("/v1/sessions", headers=headers).json()["items"]
    assert newest["method"] == "password+code"
    assert ada.complete(ada.begin(), code).status_code == 401
    assert ada.complete(challenge, ada.code()).json()["code"] == "challenge_ended"


def test_of_two_who_come_with_one_code_at_once_one_gets_in(
    client: TestClient, settings: Settings
) -> None:
    ada = guarded(client, settings)
    code, challenges = ada.code(), [ada.begin() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda challenge: ada.complete(challenge, code), challenges))
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 201), (1, 201), (2, 401)])
def test_clocks_may_differ_by_half_a_minute(
    client: TestClient, settings: Settings, steps: int, status: int
) -> None:
    ada = guarded(client, settings)
    if time.time() % 30 > 27:  # the step must not end between here and there
        time.sleep(3.5)
    assert ada.complete(ada.begin(), ada.code(steps)).status_code == status


def test_a_recovery_code_is_good_once_however_it_is_typed(
    client: TestClient, settings: Settings
) -> None:
    ada = guarded(client, settings)
    first, second, *_ = ada.recovery_codes
    assert ada.complete(ada.begin(), first.lower().replace("-", " ")).status_code == 201
    assert ada.complete(ada.begin(), first).status_code == 401
    assert ada.complete(ada.begin(), second).status_code == 201
    assert ada.who.ask("GET", "/v1/me").json()["second_factor"]["recovery_codes_left"] == 8
    kind, values = mailed(settings, ada.who.email)[-1]
    assert kind == MailKind.SECOND_FACTOR_CHANGED
    assert "8 are left" in values["change"]
    eve = guarded(client, settings)
    assert eve.complete(eve.begin(), ada.recovery_codes[2]).status_code == 401


def test_whoever_uses_the_last_recovery_code_is_told_to_make_new_ones() -> None:
    said = [left_said(count) for count in (2, 1, 0)]
    assert said == ["2 are left", "1 is left", "none is left: have new ones made"]


def test_a_challenge_takes_five_codes(client: TestClient, settings: Settings) -> None:
    ada = guarded(client, settings)
    challenge = ada.begin()
    wrong = _wrong(ada.code())
    told = [ada.complete(challenge, wrong).json()["code"] for _ in range(6)]
    assert told == ["wrong_code"] * 5 + ["challenge_ended"]
    assert ada.complete(challenge, ada.code()).json()["code"] == "challenge_ended"
    assert ada.complete(ada.begin(), ada.code()).status_code == 201


def test_ten_wrong_codes_close_the_account_to_codes_and_not_to_recovery_codes(
    client: TestClient, settings: Settings
) -> None:
    ada = guarded(client, settings)
    for _ in range(2):
        challenge, wrong = ada.begin(), _wrong(ada.code())
        for _ in range(5):
            assert ada.complete(challenge, wrong).status_code == 401
    assert mailed(settings, ada.who.email)[-1][0] == MailKind.SECOND_FACTOR_TRIED
    closed = ada.complete(ada.begin(), ada.code())
    assert closed.status_code == 429
    assert 800 < int(closed.headers["retry-after"]) <= 900
    assert ada.complete(ada.begin(), ada.recovery_codes[0]).status_code == 201
    body = {"password": PASSWORD, "code": ada.code()}
    assert ada.who.ask("POST", f"{FACTOR}/remove", json=body).status_code == 429
    _age(settings, "closed_until = closed_until - interval '15 minutes'", ada.who)
    assert ada.complete(ada.begin(), ada.code()).status_code == 201


def test_challenges_cannot_be_made_up_nor_lent_nor_kept(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, eve = guarded(client, settings), guarded(client, settings)
    challenge = ada.begin()
    for other in ("x" * 200, challenge[:-4] + "AAAA", "é" * 50, challenge[1:]):
        assert ada.complete(other, ada.code()).json()["code"] == "challenge_ended"
    # Somebody else's code answers nobody else's challenge.
    assert ada.complete(challenge, eve.code()).json()["code"] == "wrong_code"
    # Bits that base64 does not read make no other challenge of it.
    assert ada.complete(challenge, ada.code()).status_code == 201
    assert ada.complete(challenge + "=", ada.code()).json()["code"] == "challenge_ended"
    late = ada.begin()
    now = time.time
    monkeypatch.setattr("services.challenges.time.time", lambda: now() + 301)
    assert ada.complete(late, ada.code()).json()["code"] == "challenge_ended"


def test_a_password_chosen_by_mail_leaves_the_second_factor_and_ends_challenges(
    client: TestClient, settings: Settings
) -> None:
    ada = guarded(client, settings)
    challenge, email, fresh = ada.begin(), ada.who.email, "other words do just as well"
    client.post("/v1/password-resets", json={"email": email})
    body = {"token": secret_of(settings, email, MailKind.RESET_PASSWORD), "password": fresh}
    assert client.post("/v1/password-resets/complete", json=body).status_code == 204
    assert ada.complete(challenge, ada.code()).json()["code"] == "challenge_ended"
    answer = sign_in(client, email, fresh)
    assert answer.status_code == 202
    assert ada.complete(answer.json()["challenge"], ada.code()).status_code == 201


def test_who_shows_both_factors_gets_other_recovery_codes_and_removes_it(
    client: TestClient, settings: Settings
) -> None:
    ada = guarded(client, settings)

    def ask(action: str, **body: str) -> Response:
        return ada.who.ask("POST", f"{FACTOR}/{action}", json=body)

    for action in ("remove", "recovery-codes"):
        assert ask(action, password="no", code=ada.code()).status_code == 422
        assert ask(action, password=PASSWORD, code=_wrong(ada.code())).status_code == 422
        assert ask(action, password=PASSWORD).status_code == 422
    made = ask("recovery-codes", password=PASSWORD, code=ada.code()).json()["recovery_codes"]
    assert len(made) == 10
    assert not set(made) & set(ada.recovery_codes)
    old = ask("remove", password=PASSWORD, code=ada.recovery_codes[0])
    assert old.status_code == 422
    assert ask("remove", password=PASSWORD, code=made[0]).status_code == 204
    assert ask("remove", password=PASSWORD, code=made[1]).status_code == 404
    assert sign_in(client, ada.who.email).status_code == 201
    kind, values = mailed(settings, ada.who.email)[-1]
    assert (kind, values["change"]) == (
        MailKind.SECOND_FACTOR_CHANGED,
        "The second factor was removed",
    )


def test_nothing_of_a_second_factor_is_kept_in_clear(
    client: TestClient, settings: Settings
) -> None:
    ada = guarded(client, settings)
    challenge, code = ada.begin(), ada.recovery_codes[0]
    ada.complete(challenge, code)
    rows: list[Any] = []
    with as_owner(settings) as (connection, _):
        for table in ("second_factors", "recovery_codes", "challenges", "mails"):
            rows += connection.execute(f"SELECT t::text FROM directory.{table} t".encode())
    dump = "\n".join(row for (row,) in rows)
    assert ada.who.told["user_id"] in dump
    for secret in (ada.secret, code, code.replace("-", ""), challenge):
        assert secret not in dump
        assert secret.encode().hex() not in dump


def test_a_new_device_is_told_of_and_a_known_one_is_not(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101 Firefox/{}.0"
    asked = {"email": ada.email, "password": PASSWORD, "cookies": False}
    for agent, mails in (
        ("testclient", 0),
        (firefox.format(140, 140), 1),
        (firefox.format(141, 141), 1),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Mobile/1 Safari/604.1", 2),
    ):
        answer = client.post("/v1/sessions", json=asked, headers={"User-Agent": agent})
        assert answer.status_code == 201
        told = [one for kind, one in mailed(settings, ada.email) if kind == MailKind.NEW_SIGN_IN]
        assert len(told) == mails, agent
    assert [one["device"] for one in told] == ["Firefox on Linux", "Safari on iPhone"]
