"""What a person asks for twice under one key is done once, and told again to nobody else."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import uuid4

import pyotp
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import func, select

from core.settings import Settings
from models.factor import RecoveryCode, SecondFactor
from models.idempotency import PersonalKey
from models.person import Membership, User
from services import idempotency, key_rotation, passwords
from services.mails import MailKind
from services.permissions import Role
from services.sealed_columns import PERSONAL_ANSWER
from tests.api.crowd import Crowd, Member, crowd, unlimited
from tests.api.documents import made
from tests.api.people import PASSWORD, address, anybody, mailed, stewarded
from tests.installations import as_owner

FACTOR = "/v1/me/second-factor"
# Every POST that takes no key, and why a repetition does no harm.
_WITHOUT_KEY: Final = {
    # Nobody has said yet who they are: there is nobody whose key it could be.
    "/v1/sign-ups": "the mail comes again, five times an hour at most",
    "/v1/sign-ups/invited": "it changes nothing",
    "/v1/sign-ups/complete": "the mailed link holds once",
    "/v1/sessions": "another session, which is listed and can be ended",
    "/v1/sessions/second-factor": "the challenge holds once",
    "/v1/sessions/passkey/options": "it keeps nothing",
    "/v1/sessions/passkey": "the challenge holds once",
    "/v1/sessions/refresh": "the token holds once",
    "/v1/password-resets": "the mail comes again, five times an hour at most",
    "/v1/password-resets/complete": "the mailed link holds once",
    "/v1/me/address/confirm": "the mailed link holds once",
    "/v1/invitations/read": "it changes nothing",
    "/v1/invitations/sign-up": "the mailed link holds once",
    # By somebody.
    "/v1/me/delete": "nobody is left to be answered",
    "/v1/me/passkeys/options": "it keeps nothing",
    "/v1/me/identities/{provider}": "it keeps nothing but a cookie",
    # In a tenant.
    "/v1/assets": "a file is streamed; POST /v1/uploads takes a key",
    "/v1/assets/{asset_id}/playback": "it changes nothing",
    "/v1/brands/{brand_id}/checks": "it changes nothing",
    "/v1/assets/{asset_id}/source": "it changes nothing",
    "/v1/reviews/{review_id}/playback": "it changes nothing",
    "/v1/uploads/direct": "what is not gone on with is collected, and its address ends",
    "/v1/uploads/{upload_id}/complete": "the same upload is the same asset",
}


@pytest.fixture(scope="module")
def planted(settings: Settings) -> Iterator[Crowd]:
    with crowd(settings) as found:
        yield found


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with anybody(unlimited(settings)) as found:
        yield found


@pytest.fixture
def ada(planted: Crowd) -> Member:
    return planted.member(planted.found("once"), Role.OWNER)


def ask(
    client: TestClient, who: Member, path: str, key: str, body: Any = None, method: str = "POST"
) -> Response:
    headers = {**who.headers, "Idempotency-Key": key}
    found: Response = client.request(method, path, json=body, headers=headers)
    return found


def twice(client: TestClient, who: Member, path: str, body: Any = None) -> Response:
    """The answer that a request is given both times."""
    key = uuid4().hex
    first, again = (ask(client, who, path, key, body) for _ in range(2))
    assert first.is_success, first.text
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    for name in ("content-type", "location", "cache-control"):
        assert first.headers.get(name) == again.headers.get(name)
    return first


def kept(settings: Settings) -> str:
    """Every answer that is kept, as a dump would have it."""
    with as_owner(settings) as (connection, _):
        return "".join(
            str(row[0])
            for table in ("directory.idempotency_keys", "cell.idempotency_keys")
            for row in connection.execute(f"SELECT t::text FROM {table} t".encode())
        )


def test_every_post_takes_a_key_or_does_no_harm_without() -> None:
    posts = {
        path: operations["post"]
        for path, operations in made()["paths"].items()
        if "post" in operations
    }
    taking = {
        path
        for path, told in posts.items()
        if any(one["name"] == "idempotency-key" for one in told.get("parameters", ()))
    }
    assert set(posts) - taking == set(_WITHOUT_KEY)
    # That another request with the key is being answered is an answer, too.
    assert [path for path in taking if not {"409", "422"} <= set(posts[path]["responses"])] == []


def test_what_somebody_makes_is_made_once(
    client: TestClient, planted: Crowd, settings: Settings, ada: Member
) -> None:
    with stewarded(settings):
        founded = twice(client, ada, "/v1/tenants", {"name": "Another"}).json()
    assert founded["state"] == "active"
    tenants = client.get("/v1/tenants", headers=ada.headers).json()["items"]
    assert len(tenants) == 2
    grouped = twice(client, ada, "/v1/organisations", {"name": "Agency"}).json()
    listed = client.get("/v1/organisations", headers=ada.headers).json()["items"]
    assert [one["id"] for one in listed] == [grouped["id"]]
    email = address()
    invited = twice(client, ada, "/v1/invitations", {"email": email, "role": "viewer"})
    assert [kind for kind, _ in mailed(settings, email)] == [MailKind.INVITATION]
    assert invited.json()["email"] == email
    grace = planted.member(planted.installation.place(str(ada.tenant_id)), Role.ADMIN)
    twice(client, ada, "/v1/ownership", {"user_id": str(grace.user_id)})
    accepted = twice(client, grace, f"/v1/tenants/{ada.tenant_id}/ownership")
    assert (accepted.status_code, accepted.content) == (204, b"")
    moved = address()
    assert twice(client, ada, "/v1/me/address", {"email": moved}).status_code == 202
    assert len(mailed(settings, moved)) == 1


def test_a_tenant_is_closed_and_opened_once(client: TestClient, ada: Member) -> None:
    slug = client.get("/v1/tenant", headers=ada.headers).json()["slug"]
    closed = ask(client, ada, "/v1/tenant/delete", "closing", {"slug": slug})
    assert closed.status_code == 202, closed.text
    opened = twice(client, ada, f"/v1/tenants/{ada.tenant_id}/restore")
    assert opened.json()["state"] == "active"


def test_secrets_are_told_again_to_who_asked_and_lie_nowhere_in_clear(
    client: TestClient, settings: Settings, ada: Member
) -> None:
    seed = twice(client, ada, FACTOR, {}).json()["secret"]
    code = {"code": pyotp.TOTP(seed).now()}
    codes = twice(client, ada, f"{FACTOR}/confirm", code).json()["recovery_codes"]
    later = {"code": codes[0]}
    others = twice(client, ada, f"{FACTOR}/recovery-codes", later).json()["recovery_codes"]
    key = twice(client, ada, "/v1/keys", {"name": "k", "scopes": ["assets:read"]})
    assert key.headers["cache-control"] == "no-store"
    hook = {"url": "https://hooks.example/in", "kinds": ["run.done"]}
    made = twice(client, ada, "/v1/webhooks", hook)
    rotated = twice(client, ada, f"/v1/webhooks/{made.json()['webhook']['id']}/rotate")
    assert rotated.headers["cache-control"] == "no-store"
    secrets = [seed, *codes, *others, key.json()["key"]]
    secrets += [made.json()["secret"], rotated.json()["secret"]]
    dumped = kept(settings)
    assert str(ada.user_id) in dumped
    for secret in secrets:
        assert secret not in dumped
        assert secret.encode().hex() not in dumped
    # The codes that were told twice are those that open.
    gone = twice(client, ada, f"{FACTOR}/remove", {"code": others[0]})
    assert gone.status_code == 204


def test_what_is_kept_is_sealed_anew_with_the_keys_and_told_all_the_same(
    client: TestClient, settings: Settings, ada: Member
) -> None:
    key, wanted = uuid4().hex, {"url": "https://hooks.example/in", "kinds": ["run.done"]}
    asked = [("/v1/webhooks", wanted), ("/v1/keys", {"name": "k", "scopes": ["assets:read"]})]
    first = [ask(client, ada, path, key, body).content for path, body in asked]

    def sealed() -> list[bytes]:
        with as_owner(settings) as (connection, _):
            return [
                bytes(row[0])
                for table in ("directory.idempotency_keys", "cell.idempotency_keys")
                for row in connection.execute(
                    f"SELECT sealed FROM {table} WHERE key = %s".encode(),
                    [key],
                )
            ]

    before = sealed()
    with as_owner(settings) as (connection, _):
        for table in ("directory.data_keys", "cell.data_keys"):
            old = f"UPDATE {table} SET created_at = created_at - interval '2 hours'"
            connection.execute(old.encode())
    renewed = key_rotation.renew(settings)
    assert renewed.left == []
    assert len(before) == 2
    assert not set(before) & set(sealed())
    assert [ask(client, ada, path, key, body).content for path, body in asked] == first


def test_by_what_is_kept_no_password_can_be_tried(
    client: TestClient, planted: Crowd, settings: Settings, ada: Member
) -> None:
    with planted.installation.identity_scope() as session:
        session.get_one(User, ada.user_id).password_hash = passwords.make(PASSWORD)
    assert ask(client, ada, FACTOR, uuid4().hex, {"password": PASSWORD}).status_code == 200
    body = json.dumps({"password": PASSWORD}, separators=(",", ":")).encode()
    told = [b"POST", FACTOR.encode(), b"", b"application/json", b"", b""]
    fingerprints = [
        hashlib.sha256(b"".join(one + b"\0" for one in (*told, about)) + body).hexdigest()
        for about in (b"None", b"", str(ada.tenant_id).encode())
    ]
    with planted.installation.identity_scope() as session:
        row = session.scalars(select(PersonalKey).where(PersonalKey.user_id == ada.user_id)).one()
        opened = planted.installation.keyring.people(session).open(
            row.sealed, PERSONAL_ANSWER.context(row.id)
        )
    # It is there, and it is one of these.
    assert opened[:32].hex() in fingerprints
    dumped = kept(settings)
    assert not [one for one in fingerprints if one in dumped]


def test_nobody_is_told_what_another_was(client: TestClient, planted: Crowd, ada: Member) -> None:
    place = planted.installation.place(str(ada.tenant_id))
    eve, key = planted.member(place, Role.ADMIN), uuid4().hex
    body = {"name": "k", "scopes": ["assets:read"]}
    first = ask(client, ada, "/v1/keys", key, body).json()["key"]
    other = ask(client, eve, "/v1/keys", key, body)
    assert (other.status_code, other.json()["key"] != first) == (201, True)
    hook = {"url": "https://hooks.example/in", "kinds": ["run.done"]}
    secret = ask(client, ada, "/v1/webhooks", key, hook).json()["secret"]
    other = ask(client, eve, "/v1/webhooks", key, hook)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert secret not in other.text
    # One's own key is for one request, too, and that of an earlier tenant's is another request.
    reused = ask(client, ada, "/v1/organisations", key, {"name": "Agency"})
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = planted.found("elsewhere")
    body = {"email": address(), "role": "viewer"}
    assert ask(client, ada, "/v1/invitations", "of-both", body).status_code == 201
    with planted.installation.identity_scope() as session:
        session.add(
            Membership(user_id=ada.user_id, tenant_id=elsewhere.tenant_id, role=str(Role.OWNER))
        )
    there = planted.signed_in(ada.user_id, elsewhere.tenant_id, Role.OWNER)
    assert ask(client, there, "/v1/invitations", "of-both", body).status_code == 422


def test_of_many_at_once_one_is_done(client: TestClient, ada: Member) -> None:
    key, gate = uuid4().hex, threading.Barrier(8)

    def found(_: int) -> Response:
        gate.wait()
        return ask(client, ada, "/v1/organisations", key, {"name": "Agency"})

    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(found, range(8)))
    done = [one.content for one in answers if one.status_code == 201]
    rest = {(one.status_code, one.json()["code"]) for one in answers if one.status_code != 201}
    assert len(set(done)) == 1
    assert rest <= {(409, "idempotency_key_in_use")}
    listed = client.get("/v1/organisations", headers=ada.headers).json()["items"]
    assert len(listed) == 1


def test_a_wrong_code_counts_once_and_is_answered_the_same(
    client: TestClient, planted: Crowd, ada: Member
) -> None:
    seed = ask(client, ada, FACTOR, uuid4().hex, {}).json()["secret"]
    code = pyotp.TOTP(seed).at(int(time.time()))
    assert ask(client, ada, f"{FACTOR}/confirm", uuid4().hex, {"code": code}).is_success
    for path in ("recovery-codes", "remove"):
        wrong, key = {"code": "000000" if code != "000000" else "111111"}, uuid4().hex
        first, again = (ask(client, ada, f"{FACTOR}/{path}", key, wrong) for _ in range(2))
        assert first.status_code == 422
        assert first.json()["errors"][0]["pointer"] == "/body/code"
        assert (again.status_code, again.content) == (422, first.content)
    with planted.installation.identity_scope() as session:
        assert session.get_one(SecondFactor, ada.user_id).wrong_codes == 2
        left = select(func.count()).where(RecoveryCode.user_id == ada.user_id)
        assert session.scalar(left) == 10
    said = client.get("/v1/me/activity", headers=ada.headers).json()["items"]
    assert [(one["action"], one["status"]) for one in said[:2]] == [
        ("second-factor.refused", 422),
        ("recovery-codes.refused", 422),
    ]


def test_an_answer_goes_after_a_day_with_its_asker_and_with_its_tenant(
    client: TestClient, planted: Crowd, settings: Settings, ada: Member
) -> None:
    place = planted.installation.place(str(ada.tenant_id))
    grace, keys = planted.member(place, Role.ADMIN), [uuid4().hex for _ in range(3)]

    def left() -> set[str]:
        with planted.installation.identity_scope() as session:
            found = select(PersonalKey.key).where(PersonalKey.key.in_(keys))
            return set(session.scalars(found))

    def age(key: str) -> None:
        with as_owner(settings) as (connection, _):
            connection.execute(
                "UPDATE directory.idempotency_keys SET created_at = created_at"
                " - interval '25 hours' WHERE key = %s",
                [key],
            )

    first = ask(client, ada, "/v1/organisations", keys[0], {"name": "Agency"}).json()["id"]
    age(keys[0])
    # Asked again before the collector has come, it is another request.
    again = ask(client, ada, "/v1/organisations", keys[0], {"name": "Agency"}).json()["id"]
    assert again != first
    assert ask(client, grace, "/v1/organisations", keys[1], {"name": "Agency"}).is_success
    body = {"email": address(), "role": "viewer"}
    assert ask(client, ada, "/v1/invitations", keys[2], body).is_success
    assert left() == set(keys)
    age(keys[0])
    with planted.installation.identity_scope() as session:
        while idempotency.collect(session, limit=1):
            pass
    assert left() == set(keys[1:])
    with as_owner(settings) as (connection, _):
        connection.execute("DELETE FROM directory.users WHERE id = %s", [grace.user_id])
    assert left() == {keys[2]}
    with as_owner(settings) as (connection, _):
        connection.execute("DELETE FROM directory.tenants WHERE id = %s", [ada.tenant_id])
    assert left() == set()
    # Who is remembered as a member for some seconds more (404) is answered, and nothing is kept.
    assert ask(client, ada, "/v1/invitations", keys[2], body).status_code in {403, 404}
    assert left() == set()


def test_whoever_has_just_deleted_their_account_is_told_so(
    client: TestClient, planted: Crowd
) -> None:
    """What they are is remembered for some seconds; what they ask for has no owner any more."""
    gone = planted.member(planted.found("gone"), Role.VIEWER)
    assert client.get("/v1/me", headers=gone.headers).status_code == 200
    assert ask(client, gone, "/v1/me/delete", uuid4().hex, {}).status_code == 204
    for path, body in (
        ("/v1/me/second-factor", {}),
        ("/v1/me/second-factor/confirm", {"code": "123456"}),
        ("/v1/organisations", {"name": "Nobody's"}),
    ):
        answer = ask(client, gone, path, uuid4().hex, body)
        assert answer.status_code in (401, 404), answer.text
