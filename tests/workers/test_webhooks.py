"""Events on their way to webhooks: signed, in order, at least once, and nobody waits for others."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from email.policy import default
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from models.person import Membership, User
from services import deliveries, disabling, dispatch, ledger, tenants, webhooks
from services.installation import Installation, Place
from services.migrations import tenant_versions
from services.webhooks import Changes
from tests.hook_server import HookServer, hook_server
from tests.installations import as_owner, installation
from tests.servers import PostgresForTests
from tests.workers.workshop import Workshop, until
from workers.mails import MailCourier
from workers.webhooks import WebhookCourier

LOOPBACK = (ip_network("127.0.0.1/32"),)
KINDS = ("asset.updated", "run.done", "run.failed")


@pytest.fixture(scope="module")
def office(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    data = Path(tmp_path_factory.mktemp("data"))
    with installation(postgres, data, webhook_allow_networks=LOOPBACK) as settings:
        opened = Installation(settings, pool_size=8)
        yield opened
        opened.close()


@pytest.fixture
def server() -> Iterator[HookServer]:
    with hook_server() as running:
        yield running


@pytest.fixture
def tenant(office: Installation) -> Iterator[Place]:
    place = new_tenant(office)
    yield place
    with office.tenant_scope(place) as session:
        session.execute(text("DELETE FROM cell.webhooks"))


def new_tenant(office: Installation) -> Place:
    info = tenants.create(office.settings, f"t-{uuid4().hex[:8]}")
    return Place(info.id, info.slug, info.name, info.cell)


def make(
    office: Installation, place: Place, url: str, kinds: tuple[str, ...] = KINDS
) -> tuple[UUID, str]:
    with office.tenant_scope(place) as session:
        sealer = office.keyring.tenant(session, place.tenant_id)
        row, secret = webhooks.create(
            session, sealer, place.tenant_id, url=url, kinds=kinds, description=""
        )
        return row.id, secret


def emit(office: Installation, place: Place, *numbers: int, kind: str = "asset.updated") -> None:
    for number in numbers:
        with office.tenant_scope(place) as session:
            ledger.emit(session, kind, {"number": number})


def courier(office: Installation, stopping: threading.Event | None = None) -> WebhookCourier:
    return WebhookCourier(office, office.settings, tenant_versions(), stopping or threading.Event())


def rows(office: Installation, place: Place, webhook_id: UUID) -> list[Any]:
    with office.tenant_scope(place) as session:
        found = deliveries.page(session, webhook_id, limit=500, before=None, state=None)
        return sorted(found, key=lambda row: row.seq or 0)


def hook(office: Installation, place: Place, webhook_id: UUID) -> Any:
    with office.tenant_scope(place) as session:
        return webhooks.get(session, webhook_id)


def make_due(office: Installation, place: Place) -> None:
    with office.tenant_scope(place) as session:
        session.execute(text("UPDATE cell.deliveries SET due_at = now() WHERE state = 'waiting'"))
        session.execute(
            text("UPDATE cell.webhooks SET due_at = now(), paused_until = NULL, lease_until ="
                 " CASE WHEN holder IS NOT NULL THEN now() - interval '1 s' END")
        )  # fmt: skip


def numbers(messages: list[Any]) -> list[int]:
    return [one.told["data"]["number"] for one in messages]


def test_events_arrive_signed_and_in_their_order(
    office: Installation, tenant: Place, server: HookServer
) -> None:
    emit(office, tenant, 0)
    webhook_id, secret = make(office, tenant, server.url())
    emit(office, tenant, 1, 2)
    emit(office, tenant, 99, kind="stage.done")
    emit(office, tenant, 3, kind="run.done")
    courier(office).send_due()
    assert numbers(server.came) == [1, 2, 3]
    first = server.came[0]
    assert first.told["type"] == "asset.updated"
    assert first.headers["content-type"] == "application/json"
    assert Verifier(secret).verify(first.body, first.headers) == first.told
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(first.body + b" ", first.headers)
    made = rows(office, tenant, webhook_id)
    assert [(row.state, row.attempts, row.status) for row in made] == [("done", 1, 204)] * 3
    assert [f"msg_{row.id.hex}" for row in made] == [one.id for one in server.came]
    courier(office).send_due()
    assert len(server.came) == 3


def test_a_rotated_secret_and_the_one_before_verify_the_same_message(
    office: Installation, tenant: Place, server: HookServer
) -> None:
    webhook_id, old = make(office, tenant, server.url())
    with office.tenant_scope(tenant) as session:
        sealer = office.keyring.tenant(session, tenant.tenant_id)
        _, new = webhooks.rotate(session, sealer, webhook_id)
    emit(office, tenant, 1)
    courier(office).send_due()
    (message,) = server.came
    assert len(message.headers["webhook-signature"].split()) == 2
    for secret in (old, new):
        Verifier(secret).verify(message.body, message.headers)
    with as_owner(office.settings) as (connection, _):
        connection.execute(
            "UPDATE cell.webhooks SET old_until = now() - interval '1 s' WHERE id = %s",
            [webhook_id],
        )
    emit(office, tenant, 2)
    courier(office).send_due()
    message = server.came[-1]
    Verifier(new).verify(message.body, message.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(old).verify(message.body, message.headers)


def test_a_failure_is_tried_again_under_its_id_with_growing_pauses(
    office: Installation, tenant: Place, server: HookServer
) -> None:
    webhook_id, _ = make(office, tenant, server.url())
    server.answer = lambda _message, _number: (500, b"x" * 5000 + b"\x00", {})
    emit(office, tenant, 1)
    for tried, pause in enumerate((*dispatch.PAUSES, None), 1):
        courier(office).send_due()
        courier(office).send_due()  # nothing is due
        (row,) = rows(office, tenant, webhook_id)
        assert (row.attempts, row.status, len(row.response)) == (tried, 500, 1024)
        if pause is None:
            assert row.state == "failed"
        else:
            seconds = (row.due_at - row.tried_at).total_seconds()
            assert 0.79 * pause < seconds < 1.21 * pause
        make_due(office, tenant)
    assert len({one.id for one in server.came}) == 1
    assert len(server.came) == 7
    assert hook(office, tenant, webhook_id).failures == 7
    server.answer = lambda _message, _number: (200, b"", {})
    with office.tenant_scope(tenant) as session:
        assert deliveries.replay_failed(session, webhook_id, row.created_at) == 1
    courier(office).send_due()
    (row,) = rows(office, tenant, webhook_id)
    assert (row.state, row.attempts, row.error) == ("done", 8, None)
    found = hook(office, tenant, webhook_id)
    assert (found.failures, found.failing_since) == (0, None)


def test_a_busy_server_gets_the_pause_that_it_asks_for(
    office: Installation, tenant: Place, server: HookServer
) -> None:
    webhook_id, _ = make(office, tenant, server.url())
    server.answer = lambda _message, _number: (429, b"", {"Retry-After": "1800"})
    emit(office, tenant, 1, 2)
    courier(office).send_due()
    assert len(server.came) == 1
    first, second = rows(office, tenant, webhook_id)
    assert 1799 < (first.due_at - first.tried_at).total_seconds() < 1801
    assert (second.state, second.attempts) == ("waiting", 0)
    found = hook(office, tenant, webhook_id)
    assert 1799 < (found.paused_until - first.tried_at).total_seconds() < 1801


def test_a_server_that_is_gone_for_good_disables_its_webhook(
    office: Installation, tenant: Place, server: HookServer
) -> None:
    webhook_id, _ = make(office, tenant, server.url())
    server.answer = lambda _message, _number: (410, b"", {})
    emit(office, tenant, 1, 2)
    courier(office).send_due()
    found = hook(office, tenant, webhook_id)
    assert (found.state, found.reason) == ("disabled", "the server answered 410")
    assert {row.state for row in rows(office, tenant, webhook_id)} == {"failed"}
    emit(office, tenant, 3)
    courier(office).send_due()
    assert len(server.came) == 1
    server.answer = lambda _message, _number: (200, b"", {})
    with office.tenant_scope(tenant) as session:
        webhooks.change(session, webhook_id, Changes(enabled=True), versions=None)
    emit(office, tenant, 4)
    courier(office).send_due()
    assert numbers(server.came) == [1, 4]


def test_a_webhook_that_fails_for_days_is_disabled(
    office: Installation, tenant: Place, server: HookServer
) -> None:
    webhook_id, _ = make(office, tenant, server.url())
    server.answer = lambda _message, _number: (500, b"", {})
    emit(office, tenant, 1)
    courier(office).send_due()
    assert hook(office, tenant, webhook_id).state == "enabled"
    with as_owner(office.settings) as (connection, _):
        connection.execute(
            "UPDATE cell.webhooks SET failing_since = now() - interval '73 hours' WHERE id = %s",
            [webhook_id],
        )
    make_due(office, tenant)
    courier(office).send_due()
    found = hook(office, tenant, webhook_id)
    assert (found.state, found.reason) == ("disabled", "it failed for days")


def test_owners_are_told_once_that_a_webhook_was_disabled(
    office: Installation, tenant: Place, server: HookServer, tmp_path: Path
) -> None:
    addresses = {role: f"{role}.{uuid4().hex}@example.com" for role in ("owner", "admin")}
    with office.identity_scope() as session:
        for role, address in addresses.items():
            user = User(email=address, name=role)
            session.add(user)
            session.flush()
            session.add(Membership(user_id=user.id, tenant_id=tenant.tenant_id, role=role))
    webhook_id, _ = make(office, tenant, server.url("/in?key=hush"))
    server.answer = lambda _message, _number: (410, b"", {})
    emit(office, tenant, 1)
    # Whoever dies between the mail and the disabling does both again.
    one, tells = courier(office), disabling.tell_owners
    found = one._claim()
    assert found is not None

    def dies(*told: Any) -> None:
        tells(*told)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disabling, "tell_owners", dies)
        with pytest.raises(KeyboardInterrupt):
            one._serve(*found)
    assert hook(office, tenant, webhook_id).state == "enabled"
    make_due(office, tenant)
    courier(office).send_due()
    assert hook(office, tenant, webhook_id).state == "disabled"
    make_due(office, tenant)
    courier(office).send_due()

    def told() -> list[Any]:
        folder = tmp_path / uuid4().hex
        settings = office.settings.model_copy(
            update={
                "mail_url": SecretStr(folder.as_uri()),
                "mail_from": "Studio <mail@brand.example>",
                "public_url": "https://media.example",
            }
        )
        MailCourier(office, settings, threading.Event()).send_due()
        files = [message_from_bytes(file.read_bytes(), policy=default) for file in _mails(folder)]
        return [one for one in files if one["To"] in addresses.values()]

    (mail,) = told()
    assert mail["To"] == addresses["owner"]
    plain, html = (mail.get_body((form,)).get_content() for form in ("plain", "html"))
    for form in (plain, html):
        assert "the server answered 410" in form
        assert f"https://media.example/webhooks?id={webhook_id}" in form
        assert "hush" not in form
    # Enabled and disabled again, it is another time.
    with office.tenant_scope(tenant) as session:
        webhooks.change(session, webhook_id, Changes(enabled=True), versions=None)
    emit(office, tenant, 2)
    courier(office).send_due()
    assert [one["To"] for one in told()] == [addresses["owner"]]


def _mails(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://10.0.0.1/", "nothing is sent to this address"),
        ("http://localhost.example.invalid/", "nothing is sent to this address"),
        ("http://169.254.169.254/latest", "nothing is sent to this address"),
        ("http://127.0.0.1:1024/", "the server cannot be reached"),
    ],
)
def test_nothing_inside_is_reached_and_all_of_it_sounds_alike(
    office: Installation, tenant: Place, url: str, words: str
) -> None:
    webhook_id, _ = make(office, tenant, url)
    emit(office, tenant, 1)
    courier(office).send_due()
    (row,) = rows(office, tenant, webhook_id)
    assert (row.state, row.status, row.response) == ("waiting", None, None)
    assert row.error in (words, "the server's name cannot be looked up now")


def test_a_redirect_is_an_answer_and_is_not_followed(
    office: Installation, tenant: Place, server: HookServer
) -> None:
    webhook_id, _ = make(office, tenant, server.url())
    target = server.url("/elsewhere")
    server.answer = lambda _message, _number: (302, b"", {"Location": target})
    emit(office, tenant, 1)
    courier(office).send_due()
    assert server.at("/elsewhere") == []
    (row,) = rows(office, tenant, webhook_id)
    assert (row.state, row.status, row.error) == ("waiting", 302, "the server answers 302")


def test_a_slow_server_keeps_nobody_elses_events(
    office: Installation, tenant: Place, server: HookServer
) -> None:
    let_go = threading.Event()

    def answer(message: Any, _number: int) -> tuple[int, bytes, dict[str, str]]:
        if message.path.startswith("/slow"):
            let_go.wait(20)
        return 200, b"", {}

    server.answer = answer
    for number in range(6):
        make(office, tenant, server.url(f"/slow{number}"))
    other = new_tenant(office)
    make(office, other, server.url("/quick"))
    emit(office, tenant, 1)
    stopping = threading.Event()
    ringing = courier(office, stopping)
    second = courier(office, stopping)
    ringing.ring()
    until(lambda: len(server.came) == dispatch.PER_TENANT, 10, "the slow ones are asked")
    emit(office, other, 1, 2, 3)
    began = time.monotonic()
    second.ring()
    until(lambda: len(server.at("/quick")) == 3, 10, "the quick one has its events")
    assert time.monotonic() - began < 5
    assert len(server.came) == dispatch.PER_TENANT + 3
    stopping.set()
    let_go.set()
    for one in (ringing, second):
        one.wait(10)


def test_over_kills_every_event_arrives_and_first_ones_in_their_order(
    office: Installation, tenant: Place, server: HookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A courier that dies is one that records nothing of what it has sent."""
    chance = random.Random(5)
    webhook_id, _ = make(office, tenant, server.url())
    server.answer = lambda _message, _number: (
        (500, b"", {}) if chance.random() < 0.2 else (200, b"", {})
    )
    recorded = WebhookCourier._record

    class Killed(BaseException):
        pass

    def dying(self: WebhookCourier, *told: Any) -> bool:
        if chance.random() < 0.25:
            raise Killed
        return recorded(self, *told)

    sent = 0
    monkeypatch.setattr(WebhookCourier, "_record", dying)
    for _ in range(60):
        if sent < 30:
            emit(office, tenant, *range(sent, sent + 3))
            sent += 3
        one = courier(office)
        found = one._claim()
        if found is not None:
            with suppress(Killed):
                one._serve(*found)
        make_due(office, tenant)
    monkeypatch.undo()
    for _ in range(8):
        courier(office).send_due()
        make_due(office, tenant)
    firsts = list(dict.fromkeys(numbers(server.came)))
    assert firsts == list(range(30))
    made = rows(office, tenant, webhook_id)
    assert len(made) == 30
    assert len(server.came) > 30


def test_a_ring_sends_events_and_a_killed_worker_loses_none(
    shop: Workshop, server: HookServer
) -> None:
    shop.extra |= {"WEBHOOK_ALLOW_NETWORKS": "127.0.0.1/32"}
    place, begun = shop.places[0], threading.Event()

    def answer(_message: Any, number: int) -> tuple[int, bytes, dict[str, str]]:
        if number == 3:
            begun.set()
            time.sleep(1.5)
        return 200, b"", {}

    server.answer = answer
    worker = shop.worker("light")
    webhook_id, _ = make(shop.installation, place, server.url())
    emit(shop.installation, place, 1, 2, 3)
    assert begun.wait(15)
    for process in worker.pool():
        os.kill(process.pid, signal.SIGKILL)
    make_due(shop.installation, place)  # as it is when the lease has passed
    emit(shop.installation, place, 4)

    def done() -> bool:
        states = [row.state for row in rows(shop.installation, place, webhook_id)]
        return states == ["done"] * 4

    until(done, 20, "every event is delivered")
    assert list(dict.fromkeys(numbers(server.came))) == [1, 2, 3, 4]
    assert len([one for one in server.came if one.told["data"]["number"] == 3]) == 2
