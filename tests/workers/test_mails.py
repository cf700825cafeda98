"""Mail on its way out: workers send it at least once, and nothing waits for a mail server."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services import mails
from services.installation import Installation
from services.mails import MailKind
from tests.installations import installation
from tests.mail_server import MailServer, mail_server
from tests.servers import PostgresForTests
from tests.workers.workshop import Workshop, until
from workers.mails import MailCourier

LINK = {"link": "/verify#token=sesame", "valid_for": "24 hours"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    with mail_server(Path(tmp_path_factory.mktemp("mail")) / "taken") as running:
        yield running


@pytest.fixture(scope="module")
def office(
    postgres: PostgresForTests, server: MailServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    data = Path(tmp_path_factory.mktemp("data"))
    with installation(postgres, data, **_mail(server)) as settings:
        opened = Installation(settings)
        yield opened
        opened.close()


def _mail(server: MailServer) -> dict[str, Any]:
    return {
        "mail_url": f"smtp://127.0.0.1:{server.port}?starttls=no",
        "mail_from": "Studio <mail@brand.example>",
        "public_url": "https://media.example",
    }


def courier(office: Installation) -> MailCourier:
    return MailCourier(office, office.settings, threading.Event())


def queue(office: Installation, to: str) -> UUID:
    with office.identity_scope() as session:
        sealer = office.keyring.people(session)
        return mails.queue(session, sealer, to=to, kind=MailKind.VERIFY_ADDRESS, values=LINK)


def state(office: Installation, mail_id: UUID) -> tuple[str, int, str | None]:
    with office.identity_scope() as session:
        row = session.execute(
            text("SELECT state, attempts, error FROM directory.mails WHERE id = :id"),
            {"id": mail_id},
        ).one()
        return row.state, row.attempts, row.error


def make_due(office: Installation) -> None:
    with office.identity_scope() as session:
        session.execute(text("UPDATE directory.mails SET due_at = now() WHERE state = 'waiting'"))


def taken(server: MailServer, mail_id: UUID) -> list[Any]:
    return [one for one in server.taken() if one["Message-ID"] == f"<{mail_id}@brand.example>"]


def name(word: str) -> str:
    return f"{word}.{uuid4().hex[:8]}@example.com"


def test_a_mail_is_sent_with_its_link_and_its_secret_forgotten(
    office: Installation, server: MailServer
) -> None:
    mail_id = queue(office, name("ada"))
    assert courier(office).send_due() == 1
    assert state(office, mail_id) == ("sent", 1, None)
    (came,) = taken(server, mail_id)
    assert came["From"] == "Studio <mail@brand.example>"
    assert "https://media.example/verify#token=sesame" in came.get_body(("plain",)).get_content()
    assert courier(office).send_due() == 0


def test_a_refusal_for_good_ends_a_mail_and_a_passing_one_does_not(
    office: Installation, server: MailServer
) -> None:
    ids = {word: queue(office, name(word)) for word in ("nobody", "spam", "late", "cut", "ada")}
    sender = courier(office)
    assert sender.send_due() == 5
    assert {word: state(office, one)[0] for word, one in ids.items()} == {
        "nobody": "failed", "spam": "failed", "late": "waiting", "cut": "waiting", "ada": "sent",
    }  # fmt: skip
    assert state(office, ids["nobody"])[2] == "550 5.1.1 no such user here"
    assert state(office, ids["late"])[2] == "451 4.7.1 greylisted: try again"
    assert sender.send_due() == 0
    make_due(office)
    assert sender.send_due() == 2
    assert state(office, ids["late"]) == ("sent", 2, None)
    assert state(office, ids["cut"]) == ("sent", 2, None)
    assert {word: len(taken(server, one)) for word, one in ids.items()} == {
        "nobody": 0, "spam": 0, "late": 1, "cut": 2, "ada": 1,
    }  # fmt: skip


def test_a_wrong_setting_keeps_mail_waiting(office: Installation) -> None:
    mail_id = queue(office, name("ada"))
    settings = office.settings.model_copy(update={"mail_from": "nobody at all"})
    assert MailCourier(office, settings, threading.Event()).send_due() == 1
    state_, attempts, error = state(office, mail_id)
    assert (state_, attempts) == ("waiting", 1)
    assert error is not None
    assert "MAIL_FROM" in error
    make_due(office)
    assert courier(office).send_due() == 1
    assert state(office, mail_id)[0] == "sent"


def test_a_mail_whose_seal_is_broken_is_not_sent_and_keeps_no_other(
    office: Installation, server: MailServer
) -> None:
    broken, whole = queue(office, name("ada")), queue(office, name("bob"))
    with office.identity_scope() as session:
        session.execute(
            text("UPDATE directory.mails SET sealed = 'x' WHERE id = :id"), {"id": broken}
        )
    assert courier(office).send_due() == 2
    assert state(office, broken)[0] == "waiting"
    assert state(office, whole)[0] == "sent"
    assert taken(server, broken) == []


def test_couriers_at_once_send_each_mail_once(office: Installation, server: MailServer) -> None:
    ids = [queue(office, name("ada")) for _ in range(12)]
    threads = [threading.Thread(target=courier(office).send_due) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(taken(server, one)) for one in ids] == [1] * 12
    assert {state(office, one) for one in ids} == {("sent", 1, None)}


def test_a_ring_sends_mail_and_a_killed_worker_has_it_sent_again_under_its_id(
    shop: Workshop, tmp_path: Path
) -> None:
    with mail_server(tmp_path / "taken") as server:
        shop.extra |= {
            "MAIL_URL": f"smtp://127.0.0.1:{server.port}?starttls=no",
            "MAIL_FROM": "Studio <mail@brand.example>",
        }
        worker = shop.worker("light")
        began = time.monotonic()
        mail_id = queue(shop.installation, name("ada"))
        until(lambda: taken(server, mail_id), 10, "the mail is sent")
        assert time.monotonic() - began < 3
        slow = queue(shop.installation, name("slow"))
        until((server.folder / "begun").exists, 10, "the mail is being sent")
        for process in worker.pool():
            os.kill(process.pid, signal.SIGKILL)
        assert state(shop.installation, slow)[:2] == ("waiting", 1)
        make_due(shop.installation)  # as it is when the lease has passed
        until(lambda: taken(server, slow), 15, "the mail is sent again")
        until(lambda: state(shop.installation, slow)[0] == "sent", 5, "that is recorded")
        assert state(shop.installation, slow) == ("sent", 2, None)
        assert b"sesame" not in worker.log.read_bytes()
