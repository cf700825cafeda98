"""Keys of a tenant: told once, within what their makers may, and ended for good."""

import time
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from core.key_text import KeyText, prefix_of
from core.logging import hide_secrets
from core.settings import Settings
from services.api_keys import digest_of
from services.permissions import FOR_PEOPLE, PERMISSIONS, Action, Role
from tests.api.crowd import Crowd, Member, bearer, crowd, unlimited
from tests.api.people import anybody
from tests.installations import as_owner


@pytest.fixture(scope="module")
def planted(settings: Settings) -> Iterator[Crowd]:
    with crowd(settings) as found:
        yield found


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with anybody(unlimited(settings)) as found:
        yield found


@pytest.fixture
def owner(planted: Crowd) -> Member:
    """The owner of a tenant of this test's own."""
    return planted.member(planted.found("keys"), Role.OWNER)


def _made(client: TestClient, maker: Member, *scopes: Action, **more: object) -> tuple[str, str]:
    """A key, and its id."""
    body = {"name": "importer", "scopes": list(scopes), **more}
    answer = client.post("/v1/keys", json=body, headers=maker.headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()["key"], answer.json()["details"]["id"]


def _soon(true: Callable[[], bool], seconds: float = 6) -> bool:
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def test_a_key_acts_within_its_scopes_and_is_told_once(
    client: TestClient, owner: Member, settings: Settings
) -> None:
    key, key_id = _made(client, owner, Action.ASSETS_READ, Action.RUNS_READ)
    assert client.get("/v1/assets", headers=bearer(key)).json() == {"items": [], "next": None}
    refused = client.post("/v1/imports", json={"url": "https://x.example"}, headers=bearer(key))
    assert refused.status_code == 403
    assert "imports:write, which this key does not give" in refused.json()["detail"]
    listed = client.get("/v1/keys", headers=owner.headers)
    (one,) = listed.json()["items"]
    assert one["scopes"] == ["assets:read", "runs:read"]
    assert one["created_by"] == {"id": str(owner.user_id), "name": "A owner", "role": "owner"}
    assert key.startswith(one["prefix"])
    assert key not in listed.text
    with as_owner(settings) as (connection, _):
        row = connection.execute(
            "SELECT k::text FROM directory.api_keys k WHERE id = %s", [key_id]
        ).fetchone()
    assert row is not None
    assert key[27:] not in row[0]


def test_a_key_never_has_more_than_its_maker(client: TestClient, planted: Crowd) -> None:
    place = planted.found("keys")
    admin = planted.member(place, Role.ADMIN)
    beyond = {"name": "k", "scopes": ["assets:read", "audit:read"]}
    answer = client.post("/v1/keys", json=beyond, headers=admin.headers)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/body/scopes"
    assert "audit:read" in error["detail"]
    owner = planted.member(place, Role.OWNER)
    for action in FOR_PEOPLE:
        body = {"name": "k", "scopes": [action]}
        assert client.post("/v1/keys", json=body, headers=owner.headers).status_code == 422
    whole = PERMISSIONS[Role.OWNER] - FOR_PEOPLE
    key, _ = _made(client, owner, *whole)
    made_by_a_key = client.post(
        "/v1/keys", json={"name": "k", "scopes": ["assets:read"]}, headers=bearer(key)
    )
    assert made_by_a_key.status_code == 403


def test_what_opens_nothing_is_refused_the_same(
    client: TestClient, owner: Member, settings: Settings
) -> None:
    good, good_id = _made(client, owner, Action.ASSETS_READ)
    revoked, revoked_id = _made(client, owner, Action.ASSETS_READ)
    expired, expired_id = _made(
        client, owner, Action.ASSETS_READ, expires_at="2099-01-01T00:00:00Z"
    )
    assert client.delete(f"/v1/keys/{revoked_id}", headers=owner.headers).status_code == 204
    with as_owner(settings) as (connection, _):
        connection.execute(
            "UPDATE directory.api_keys SET expires_at = now() - interval '1 s' WHERE id = %s",
            [expired_id],
        )
    for wrong in (
        revoked,
        expired,
        KeyText.make(UUID(good_id)).text,  # its id, with another secret
        KeyText.make(uuid4()).text,
        good[:-1] + ("1" if good[-1] != "1" else "2"),
        good.lower(),
        good + "1",
        "bak_",
        "bak_" + "z" * 22 + "_" + "z" * 50,
    ):
        answer = client.get("/v1/assets", headers=bearer(wrong))
        assert answer.status_code == 401
        told = answer.json()["detail"]
        assert told == "the API key is not one of this installation's, or no longer"
    assert client.get("/v1/assets", headers=bearer(good)).status_code == 200


@pytest.mark.usefixtures("waits_as_they_are")
def test_a_revoked_key_ends_within_five_seconds_and_stays_ended(
    client: TestClient, owner: Member
) -> None:
    key, key_id = _made(client, owner, Action.ASSETS_READ)
    assert client.get("/v1/assets", headers=bearer(key)).is_success
    assert client.delete(f"/v1/keys/{key_id}", headers=owner.headers).status_code == 204
    assert _soon(lambda: client.get("/v1/assets", headers=bearer(key)).status_code == 401)
    assert client.get(f"/v1/keys/{key_id}", headers=owner.headers).status_code == 404
    assert client.delete(f"/v1/keys/{key_id}", headers=owner.headers).status_code == 404


def test_a_key_is_nobodys_session_and_comes_in_no_cookie(client: TestClient, owner: Member) -> None:
    key, _ = _made(client, owner, Action.ASSETS_READ)
    for path in ("/v1/me", "/v1/sessions"):
        assert client.get(path, headers=bearer(key)).status_code == 403
    assert (
        client.get("/v1/assets", headers={"Cookie": f"automator_access={key}"}).status_code == 401
    )


def test_keys_are_their_tenants_own(client: TestClient, planted: Crowd, owner: Member) -> None:
    _, key_id = _made(client, owner, Action.ASSETS_READ)
    stranger = planted.member(planted.found("theirs"), Role.OWNER)
    for method in ("GET", "PATCH", "DELETE"):
        body = {"name": "mine"} if method == "PATCH" else None
        answer = client.request(method, f"/v1/keys/{key_id}", json=body, headers=stranger.headers)
        assert answer.status_code == 404
    assert client.get("/v1/keys", headers=stranger.headers).json()["items"] == []
    renamed = client.patch(f"/v1/keys/{key_id}", json={"name": "shop"}, headers=owner.headers)
    assert renamed.json()["name"] == "shop"


def test_its_last_use_is_noted_once_a_minute(
    client: TestClient, owner: Member, settings: Settings
) -> None:
    key, key_id = _made(client, owner, Action.ASSETS_READ)

    def used() -> str | None:
        found = client.get(f"/v1/keys/{key_id}", headers=owner.headers).json()["last_used_at"]
        assert found is None or isinstance(found, str)
        return found

    def use() -> None:
        # What is remembered of a key for a second would not be asked again.
        client.app.state.principals.forget(("key", digest_of(key)))  # type: ignore[attr-defined]
        assert client.get("/v1/assets", headers=bearer(key)).is_success

    assert used() is None
    use()
    first = used()
    assert first is not None
    use()
    assert used() == first
    with as_owner(settings) as (connection, _):
        connection.execute(
            "UPDATE directory.api_keys SET last_used_at = now() - interval '61 s' WHERE id = %s",
            [key_id],
        )
    use()
    again = used()
    assert again is not None
    assert again > first


def test_a_key_goes_on_when_its_maker_leaves_and_owners_see_that(
    client: TestClient, planted: Crowd
) -> None:
    place = planted.found("keys")
    owner, admin = planted.member(place, Role.OWNER), planted.member(place, Role.ADMIN)
    key, key_id = _made(client, admin, Action.ASSETS_READ)
    with as_owner(planted.installation.settings) as (connection, _):
        gone = [admin.user_id]
        connection.execute("DELETE FROM directory.memberships WHERE user_id = %s", gone)
    maker = client.get(f"/v1/keys/{key_id}", headers=owner.headers).json()["created_by"]
    assert maker == {"id": str(admin.user_id), "name": "A admin", "role": None}
    assert client.get("/v1/assets", headers=bearer(key)).is_success
    with as_owner(planted.installation.settings) as (connection, _):
        connection.execute("DELETE FROM directory.users WHERE id = %s", gone)
    assert client.get(f"/v1/keys/{key_id}", headers=owner.headers).json()["created_by"] is None


def test_a_key_is_told_from_what_only_looks_like_one() -> None:
    for number in (0, 1, 2**128 - 1, uuid4().int):
        key = KeyText.make(UUID(int=number))
        assert KeyText.read(key.text) == key
        assert key.text.startswith(prefix_of(key.id) + "_")
        assert len(key.text) == 77
        assert key.text not in repr(key)
        swapped = key.text[:30] + ("2" if key.text[30] != "2" else "3") + key.text[31:]
        assert KeyText.read(swapped) is None
    hidden = hide_secrets(None, "info", {"event": f"came with {key.text} in it"})["event"]
    assert hidden == f"came with {prefix_of(key.id)}_••• in it"
