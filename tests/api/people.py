"""Persons for tests: they sign up by mail as anybody would, and then ask with a token of theirs."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import select

from api.app import create_app
from core.settings import Settings
from models.mail import Mail
from services import mails
from services.installation import Installation
from services.mails import Claimed, MailKind
from workers import steward

PASSWORD = "several words do very well"


@contextlib.contextmanager
def stewarded(settings: Settings) -> Iterator[None]:
    """Somebody makes the tenants that are announced, for the length of a block."""
    stopped = threading.Event()
    thread = threading.Thread(target=steward.run, args=(settings, stopped))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


@contextlib.contextmanager
def anybody(settings: Settings) -> Iterator[TestClient]:
    """A client that shows nothing."""
    app = create_app()
    app.state.installation = Installation(settings)
    app.state.token = None
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def address() -> str:
    """An address that nobody has yet."""
    return f"{uuid4().hex}@example.com"


def mailed(settings: Settings, to: str) -> list[tuple[MailKind, dict[str, str]]]:
    """What was written to an address, the oldest first."""
    with (
        contextlib.closing(Installation(settings)) as installation,
        installation.identity_scope() as session,
    ):
        sealer = installation.keyring.people(session)
        query = select(Mail).where(Mail.recipient == to).order_by(Mail.created_at)
        found = [_claimed(row) for row in session.scalars(query)]
        return [(MailKind(one.kind), mails.values_of(sealer, one)) for one in found]


def _claimed(row: Mail) -> Claimed:
    assert row.sealed is not None
    return Claimed(
        row.id, uuid4(), row.kind, row.recipient, row.language, 1, row.created_at, row.sealed
    )


def secret_of(settings: Settings, to: str, kind: MailKind) -> str:
    """What stands behind # in the newest link of a kind."""
    links = [values["link"] for found, values in mailed(settings, to) if found == kind]
    return links[-1].partition("#")[2]


@dataclass(slots=True)
class Somebody:
    """A person who has signed in; state: their tokens."""

    client: TestClient
    email: str
    told: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.told['access_token']}"}

    @property
    def tenant_id(self) -> UUID:
        return UUID(self.told["tenant_id"])

    def ask(self, method: str, path: str, **more: Any) -> Response:
        """A request with their token."""
        headers = {**self.headers, **more.pop("headers", {})}
        found: Response = self.client.request(method, path, headers=headers, **more)
        return found


def join(client: TestClient, settings: Settings, email: str | None = None) -> Somebody:
    """Sign somebody up, with a tenant of their own."""
    email = email or address()
    assert client.post("/v1/sign-ups", json={"email": email}).status_code == 202
    answer = client.post(
        "/v1/sign-ups/complete",
        json={
            "token": secret_of(settings, email, MailKind.VERIFY_ADDRESS),
            "name": "Ada",
            "password": PASSWORD,
            "tenant_name": "Engines",
            "cookies": False,
        },
    )
    assert answer.status_code == 201, answer.text
    return Somebody(client, email, answer.json())


def sign_in(client: TestClient, email: str, password: str = PASSWORD) -> Response:
    """What the answer is to somebody who signs in."""
    asked = {"email": email, "password": password, "cookies": False}
    found: Response = client.post("/v1/sessions", json=asked)
    return found
