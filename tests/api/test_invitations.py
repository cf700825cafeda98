"""Invitations: somebody is asked by mail, comes, and nobody learns who has an account."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from core.settings import Settings
from services import invitations
from services.mails import MailKind
from tests.api.people import (
    PASSWORD,
    Somebody,
    address,
    anybody,
    join,
    mailed,
    secret_of,
    sign_in,
    stewarded,
)
from tests.api.team import change, colleague, invited, moved, newcomer
from tests.installations import as_owner


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with stewarded(settings), anybody(settings) as found:
        yield found


def _sign_up(client: TestClient, secret: str, **changes: str) -> int:
    body = {"token": secret, "name": "Grace", "password": PASSWORD} | changes
    return client.post("/v1/invitations/sign-up", json=body | {"cookies": False}).status_code


def _accept(by: Somebody, secret: str) -> int:
    return by.ask("POST", "/v1/invitations/accept", json={"token": secret}).status_code


def test_somebody_without_an_account_comes_by_mail_and_works_at_once(
    client: TestClient, settings: Settings
) -> None:
    ada, email = join(client, settings), address()
    secret = invited(settings, ada, "editor", email)
    (mail,) = mailed(settings, email)
    assert (mail[0], mail[1]["inviter"], mail[1]["tenant"]) == (
        MailKind.INVITATION, "Ada", "Engines",
    )  # fmt: skip
    told = client.post("/v1/invitations/read", json={"token": secret}).json()
    assert told == {
        "tenant_name": "Engines",
        "role": "editor",
        "email": email,
        "inviter": "Ada",
        "has_account": False,
    }
    assert _sign_up(client, secret, password="short") == 422
    body = {"token": secret, "name": "Grace", "password": PASSWORD, "cookies": False}
    grace = Somebody(client, email, client.post("/v1/invitations/sign-up", json=body).json())
    assert (grace.told["role"], grace.tenant_id) == ("editor", ada.tenant_id)
    assert grace.ask("GET", "/v1/assets").status_code == 200
    (only,) = grace.ask("GET", "/v1/tenants").json()["items"]
    assert only["tenant_id"] == ada.told["tenant_id"]
    assert _sign_up(client, secret) == 410
    assert client.post("/v1/invitations/read", json={"token": secret}).status_code == 410
    assert ada.ask("GET", "/v1/invitations").json()["items"] == []
    assert sign_in(client, email).json()["tenant_id"] == ada.told["tenant_id"]


def test_somebody_with_an_account_accepts_by_the_address_that_was_invited_alone(
    client: TestClient, settings: Settings
) -> None:
    ada, grace, eve = (join(client, settings) for _ in range(3))
    secret = invited(settings, ada, "admin", grace.email.upper())
    told = client.post("/v1/invitations/read", json={"token": secret}).json()
    assert told["has_account"] is True
    assert _accept(eve, secret) == 403
    assert _sign_up(client, secret) == 409
    answer = grace.ask("POST", "/v1/invitations/accept", json={"token": secret})
    assert (answer.status_code, answer.json()["role"]) == (200, "admin")
    assert _accept(grace, secret) == 410
    there = moved(grace, ada.told["tenant_id"])
    assert there.told["role"] == "admin"
    assert there.ask("GET", "/v1/members").status_code == 200
    again = ada.ask("POST", "/v1/invitations", json={"email": grace.email, "role": "viewer"})
    assert again.status_code == 409


def test_asked_again_the_mail_comes_again_and_the_old_link_ends(
    client: TestClient, settings: Settings
) -> None:
    ada, email = join(client, settings), address()
    first = invited(settings, ada, "viewer", email)
    second = invited(settings, ada, "editor", email.upper())
    assert [kind for kind, _ in mailed(settings, email)] == [MailKind.INVITATION] * 2
    assert second == secret_of(settings, email, MailKind.INVITATION)
    assert client.post("/v1/invitations/read", json={"token": first}).status_code == 410
    assert client.post("/v1/invitations/read", json={"token": second}).status_code == 200
    (one,) = ada.ask("GET", "/v1/invitations").json()["items"]
    assert (one["email"], one["role"]) == (email, "editor")


def test_revoked_and_expired_links_and_those_of_who_may_not_any_more_open_nothing(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    admin = newcomer(client, settings, ada, "admin")
    revoked, expired = invited(settings, ada, "viewer"), address()
    (one,) = ada.ask("GET", "/v1/invitations").json()["items"]
    assert join(client, settings).ask("DELETE", f"/v1/invitations/{one['id']}").status_code == 404
    assert ada.ask("DELETE", f"/v1/invitations/{one['id']}").status_code == 204
    assert ada.ask("DELETE", f"/v1/invitations/{one['id']}").status_code == 404
    late = invited(settings, ada, "viewer", expired)
    with as_owner(settings) as (connection, _):
        connection.execute(
            "UPDATE directory.invitations SET expires_at = now() WHERE email = %s", [expired]
        )
    orphan = invited(settings, admin, "admin")
    assert change(ada, admin, role="editor").status_code == 200
    for secret in (revoked, late, orphan, "x" * 43):
        assert _sign_up(client, secret) == 410, secret
        assert _accept(ada, secret) == 410
    for secret in (revoked, late):
        assert client.post("/v1/invitations/read", json={"token": secret}).status_code == 410


def test_a_tenant_is_told_the_same_of_every_address(client: TestClient, settings: Settings) -> None:
    ada, known, stranger = join(client, settings), join(client, settings), address()
    answers = [
        ada.ask("POST", "/v1/invitations", json={"email": email, "role": "viewer"})
        for email in (known.email, stranger)
    ]
    bodies = [answer.json() for answer in answers]
    for body in bodies:
        del body["id"], body["email"], body["created_at"], body["expires_at"]
    assert bodies[0] == bodies[1]
    assert [answer.status_code for answer in answers] == [201, 201]
    both = [mailed(settings, email)[-1] for email in (known.email, stranger)]
    assert both[0][1].keys() == both[1][1].keys()
    for body in ({"email": "nobody", "role": "viewer"}, {"email": stranger, "role": "king"}):
        assert ada.ask("POST", "/v1/invitations", json=body).status_code == 422


def test_a_tenant_asks_so_many_at_once_and_no_more(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "MOST", 2)
    ada, again = join(client, settings), address()
    for email in (again, address(), again):
        invited(settings, ada, "viewer", email)
    asked = {"email": address(), "role": "viewer"}
    refused = ada.ask("POST", "/v1/invitations", json=asked)
    assert refused.status_code == 409
    assert mailed(settings, asked["email"]) == []


def test_a_member_who_has_a_link_stays_what_they_are(
    client: TestClient, settings: Settings
) -> None:
    ada, grace = join(client, settings), join(client, settings)
    secret = invited(settings, ada, "viewer", grace.email)
    with as_owner(settings) as (connection, _):
        connection.execute(
            "INSERT INTO directory.memberships (user_id, tenant_id, role) VALUES (%s, %s, 'admin')",
            [grace.told["user_id"], ada.tenant_id],
        )
    answer = grace.ask("POST", "/v1/invitations/accept", json={"token": secret})
    assert answer.json()["role"] == "admin"
    assert _accept(grace, secret) == 410


def test_ownership_is_offered_and_taken_and_changes_nothing_before(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    grace = colleague(client, settings, ada, "editor")
    admin = newcomer(client, settings, ada, "admin")
    reviewer = newcomer(client, settings, ada, "client-reviewer")
    offer = {"user_id": grace.told["user_id"]}
    assert admin.ask("POST", "/v1/ownership", json=offer).status_code == 403
    assert ada.ask("GET", "/v1/ownership").status_code == 404
    assert grace.ask("POST", f"/v1/tenants/{grace.tenant_id}/ownership").status_code == 404
    for body, status in (
        ({"user_id": ada.told["user_id"]}, 422),
        ({"user_id": join(client, settings).told["user_id"]}, 404),
    ):
        assert ada.ask("POST", "/v1/ownership", json=body).status_code == status
    assert ada.ask("POST", "/v1/ownership", json=offer).status_code == 201
    assert mailed(settings, grace.email)[-1][0] == MailKind.OWNERSHIP_OFFERED
    for insider in (ada, admin, grace):
        found = insider.ask("GET", "/v1/ownership").json()
        assert found["to_id"] == grace.told["user_id"]
    # Clients know nothing of the house but its name, unless it is they who are asked.
    for path, status in (("/v1/ownership", 404), ("/v1/usage", 403), ("/v1/tenant", 200)):
        assert reviewer.ask("GET", path).status_code == status, path
    assert admin.ask("POST", f"/v1/tenants/{admin.tenant_id}/ownership").status_code == 404
    assert ada.ask("DELETE", "/v1/ownership").status_code == 204
    assert grace.ask("POST", f"/v1/tenants/{grace.tenant_id}/ownership").status_code == 404

    assert ada.ask("POST", "/v1/ownership", json=offer).status_code == 201
    assert grace.ask("POST", f"/v1/tenants/{grace.tenant_id}/ownership").status_code == 204
    assert grace.ask("POST", f"/v1/tenants/{grace.tenant_id}/ownership").status_code == 404
    found = {one["email"]: one["role"] for one in grace.ask("GET", "/v1/members").json()["items"]}
    assert found.pop(reviewer.email) == "client-reviewer"
    assert found == {ada.email: "admin", grace.email: "owner", admin.email: "admin"}
    here = f"/v1/me/memberships/{ada.told['tenant_id']}"
    assert grace.ask("DELETE", here).status_code == 409
    assert ada.ask("DELETE", here).status_code == 204


def test_an_offer_ends_with_what_either_was_and_with_its_time(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    grace = newcomer(client, settings, ada, "editor")
    offer = {"user_id": grace.told["user_id"]}
    assert ada.ask("POST", "/v1/ownership", json=offer).status_code == 201
    assert change(ada, grace, role="viewer").status_code == 200
    assert grace.ask("POST", f"/v1/tenants/{grace.tenant_id}/ownership").status_code == 404
    assert ada.ask("POST", "/v1/ownership", json=offer).status_code == 201
    with as_owner(settings) as (connection, _):
        connection.execute(
            "UPDATE directory.ownership_offers SET expires_at = now() WHERE tenant_id = %s",
            [ada.tenant_id],
        )
    assert grace.ask("POST", f"/v1/tenants/{grace.tenant_id}/ownership").status_code == 404
    assert change(ada, grace, suspended=True).status_code == 200
    assert ada.ask("POST", "/v1/ownership", json=offer).status_code == 409
