"""Several people in one tenant, for tests."""

from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from core.settings import Settings
from services.mails import MailKind
from tests.api.people import PASSWORD, Somebody, address, join, secret_of, sign_in


def invited(settings: Settings, by: Somebody, role: str, email: str | None = None) -> str:
    """The secret of an invitation that somebody has written."""
    asked = {"email": email or address(), "role": role}
    answer = by.ask("POST", "/v1/invitations", json=asked)
    assert answer.status_code == 201, answer.text
    return secret_of(settings, answer.json()["email"], MailKind.INVITATION)


def newcomer(
    client: TestClient, settings: Settings, by: Somebody, role: str, name: str = "Grace"
) -> Somebody:
    """Somebody without an account, who is asked by somebody and comes."""
    email = address()
    answer = client.post(
        "/v1/invitations/sign-up",
        json={
            "token": invited(settings, by, role, email),
            "name": name,
            "password": PASSWORD,
            "cookies": False,
        },
    )
    assert answer.status_code == 201, answer.text
    return Somebody(client, email, answer.json())


def colleague(client: TestClient, settings: Settings, by: Somebody, role: str) -> Somebody:
    """Somebody with a tenant of their own, who is asked, accepts, and looks at this tenant."""
    found = join(client, settings)
    secret = invited(settings, by, role, found.email)
    assert found.ask("POST", "/v1/invitations/accept", json={"token": secret}).status_code == 200
    return moved(found, by.told["tenant_id"])


def moved(somebody: Somebody, tenant_id: str) -> Somebody:
    """The same person with tokens for another tenant."""
    answer = somebody.ask("PUT", "/v1/sessions/current/tenant", json={"tenant_id": tenant_id})
    assert answer.status_code == 200, answer.text
    return Somebody(somebody.client, somebody.email, answer.json())


def again(somebody: Somebody) -> Somebody:
    """The same person, signed in anew."""
    return Somebody(
        somebody.client, somebody.email, sign_in(somebody.client, somebody.email).json()
    )


def change(by: Somebody, whom: Somebody, **changes: Any) -> Response:
    """What the answer is to a change of a member."""
    path = f"/v1/members/{whom.told['user_id']}"
    return by.ask("PATCH", path, json=changes, headers={"If-Match": "*"})
