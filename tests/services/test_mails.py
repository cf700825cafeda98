"""Mails in the outbox: written with what they tell of, taken one at a time, forgotten in time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from core.database import connect
from core.errors import Rejected, SealBroken
from services import mails
from services.installation import Installation
from services.mails import VALUES, Claimed, MailKind
from tests.installations import as_owner, installation
from tests.servers import PostgresForTests

LINK = {"link": "/verify#token=sesame", "valid_for": "24 hours"}


@pytest.fixture(scope="module")
def office(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with installation(postgres, Path(tmp_path_factory.mktemp("data"))) as settings:
        opened = Installation(settings)
        yield opened
        opened.close()


@pytest.fixture
def empty(office: Installation) -> Installation:
    """The same, with no mail in it."""
    with office.identity_scope() as session:
        session.execute(text("DELETE FROM directory.mails"))
    return office


def queue(office: Installation, to: str = "ada@example.com") -> UUID:
    with office.identity_scope() as session:
        return mails.queue(
            session,
            office.keyring.people(session),
            to=to,
            kind=MailKind.VERIFY_ADDRESS,
            values=LINK,
        )


def queue_as(office: Installation, mail_id: UUID, to: str) -> None:
    with office.identity_scope() as session:
        sealer, kind = office.keyring.people(session), MailKind.VERIFY_ADDRESS
        mails.queue(session, sealer, to=to, kind=kind, values=LINK, mail_id=mail_id)


def queue_and_fail(office: Installation) -> None:
    with office.identity_scope() as session:
        mails.queue(
            session,
            office.keyring.people(session),
            to="eve@b.de",
            kind=MailKind.VERIFY_ADDRESS,
            values=LINK,
        )
        raise ZeroDivisionError


def told(office: Installation, claimed: Claimed) -> dict[str, str]:
    with office.identity_scope() as session:
        return mails.values_of(office.keyring.people(session), claimed)


def claim(office: Installation, lease_seconds: float = 60) -> Claimed | None:
    with office.identity_scope() as session:
        return mails.claim(session, lease_seconds=lease_seconds)


def row(office: Installation, mail_id: UUID) -> dict[str, Any]:
    with as_owner(office.settings) as (connection, _):
        cursor = connection.execute("SELECT * FROM directory.mails WHERE id = %s", [mail_id])
        found = cursor.fetchone()
        assert found is not None
        assert cursor.description is not None
        return dict(zip([column.name for column in cursor.description], found, strict=True))


def make_due(office: Installation) -> None:
    with office.identity_scope() as session:
        session.execute(text("UPDATE directory.mails SET due_at = now() - interval '1 s'"))


def test_a_mail_is_there_once_its_transaction_commits_and_rings_the_light_queue(
    empty: Installation,
) -> None:
    assert empty.settings.database_url is not None
    with connect(empty.settings.database_url) as listener:
        listener.execute("LISTEN ledger_ready")
        with pytest.raises(ZeroDivisionError):
            queue_and_fail(empty)
        assert claim(empty) is None
        mail_id = queue(empty)
        heard = [note.payload for note in listener.notifies(timeout=5, stop_after=1)]
        assert heard == ["light"]
        assert list(listener.notifies(timeout=0.05)) == []
    claimed = claim(empty)
    assert claimed is not None
    assert (claimed.id, claimed.recipient, claimed.attempts) == (mail_id, "ada@example.com", 1)
    assert told(empty, claimed) == LINK


def test_a_mails_values_are_sealed_and_forgotten_once_it_is_sent_or_given_up(
    empty: Installation,
) -> None:
    for end in (mails.sent, lambda session, held: mails.failed(session, held, "550 no such user")):
        mail_id = queue(empty)
        assert b"sesame" not in bytes(row(empty, mail_id)["sealed"])
        claimed = claim(empty)
        assert claimed is not None
        assert "sesame" not in repr(claimed)
        with empty.identity_scope() as session:
            assert end(session, claimed)
        after = row(empty, mail_id)
        assert after["sealed"] is None
        assert after["ended_at"] is not None
        assert after["state"] == ("sent" if after["error"] is None else "failed")


def test_a_mail_opens_under_its_own_id_only(empty: Installation) -> None:
    queue(empty)
    queue(empty)
    first = claim(empty)
    assert first is not None
    with empty.identity_scope() as session:
        session.execute(
            text("UPDATE directory.mails SET sealed = :sealed, due_at = now(), holder = NULL"),
            {"sealed": first.sealed},
        )
    opened = 0
    for _ in range(2):
        claimed = claim(empty)
        assert claimed is not None
        if claimed.id == first.id:
            opened += told(empty, claimed) == LINK
        else:
            with pytest.raises(SealBroken):
                told(empty, claimed)
    assert opened == 1


def test_a_mail_is_taken_by_one_and_comes_back_when_that_one_is_lost(empty: Installation) -> None:
    queue(empty)
    first = claim(empty)
    assert first is not None
    assert claim(empty) is None
    make_due(empty)
    second = claim(empty)
    assert second is not None
    assert (second.id, second.attempts) == (first.id, 2)
    with empty.identity_scope() as session:
        assert not mails.sent(session, first)
        assert not mails.failed(session, first, "late")
        assert not mails.postponed(session, first, "late")
        assert mails.sent(session, second)


def test_pauses_grow_and_a_day_is_enough(empty: Installation) -> None:
    mail_id = queue(empty)
    pauses = []
    for _ in range(6):
        make_due(empty)
        claimed = claim(empty)
        assert claimed is not None
        with empty.identity_scope() as session:
            assert mails.postponed(session, claimed, "451 later\r\nX-Evil: yes")
            pause = session.execute(
                text("SELECT extract(epoch FROM due_at - clock_timestamp()) FROM directory.mails")
            ).scalar_one()
        pauses.append(float(pause))
    for pause, nominal in zip(pauses, (5, 30, 120, 300, 900, 1800), strict=True):
        assert nominal * 0.79 < pause <= nominal * 1.21
    assert row(empty, mail_id)["error"] == "451 later X-Evil: yes"
    with as_owner(empty.settings) as (connection, _):
        connection.execute(
            "UPDATE directory.mails SET due_at = now(), created_at = now() - interval '25 hours'"
        )
    with empty.identity_scope() as session:
        assert mails.give_up(session) == 1
    after = row(empty, mail_id)
    assert (after["state"], after["sealed"]) == ("failed", None)
    assert after["error"] == "451 later X-Evil: yes"


def test_a_mail_whose_worker_dies_each_time_is_given_up(empty: Installation) -> None:
    mail_id = queue(empty)
    for _ in range(mails.MAX_ATTEMPTS):
        with empty.identity_scope() as session:
            assert mails.give_up(session) == 0
        assert claim(empty) is not None
        make_due(empty)
    with empty.identity_scope() as session:
        assert mails.give_up(session) == 1
    assert row(empty, mail_id)["error"] == "its worker was lost each time"


def test_what_ended_a_month_ago_is_forgotten_and_a_persons_mails_on_demand(
    empty: Installation,
) -> None:
    old, fresh = queue(empty), queue(empty, "bob@example.com")
    for _ in range(2):
        claimed = claim(empty)
        assert claimed is not None
        with empty.identity_scope() as session:
            mails.sent(session, claimed)
    with as_owner(empty.settings) as (connection, _):
        connection.execute(
            "UPDATE directory.mails SET ended_at = now() - interval '31 days' WHERE id = %s", [old]
        )
    waiting = queue(empty, "carl@example.com")
    with empty.identity_scope() as session:
        assert mails.prune(session) == 1
        assert set(session.scalars(text("SELECT id FROM directory.mails"))) == {fresh, waiting}
        mails.forget(session, "carl@example.com")
        assert set(session.scalars(text("SELECT id FROM directory.mails"))) == {fresh}


def test_how_much_waits_is_counted_by_the_application_without_a_role(empty: Installation) -> None:
    assert mails.backlog(empty.cell(), limit=10) == mails.Backlog(0, 0, 0)
    for _ in range(3):
        queue(empty)
    assert claim(empty) is not None
    found = mails.backlog(empty.cell(), limit=10)
    assert (found.due, found.waiting) == (2, 3)
    assert 0 < found.oldest_seconds < 60
    assert mails.backlog(empty.cell(), limit=2).waiting == 2


@pytest.mark.parametrize(
    "address",
    [
        "", "ada", "@example.com", "ada@", "ada@example.com\r\nBcc: eve@example.com",
        "ada@example.com\n", "a b@example.com", "ada@example.com,eve@example.com",
        "<ada@example.com>", '"a"@example.com', "ada@ex ample.com", "ada@[127.0.0.1]",
        "a" * 65 + "@example.com", "ada\x00@example.com", "ada@example.com ",
    ],
)  # fmt: skip
def test_what_is_no_single_address_is_refused(empty: Installation, address: str) -> None:
    with pytest.raises(Rejected):
        queue(empty, address)
    assert claim(empty) is None


def test_a_kind_is_told_what_it_needs_and_no_more(empty: Installation) -> None:
    assert set(VALUES) == set(MailKind)
    for values in ({}, {**LINK, "secret": "x"}):
        with empty.identity_scope() as session, pytest.raises(ValueError, match="is told"):
            mails.queue(
                session,
                empty.keyring.people(session),
                to="a@b.de",
                kind=MailKind.VERIFY_ADDRESS,
                values=values,
            )
    assert claim(empty) is None


def test_no_tenant_sees_a_mail(empty: Installation) -> None:
    queue(empty)
    place = empty.place("default")
    with empty.tenant_scope(place) as session, pytest.raises(Exception, match="permission denied"):
        session.execute(text("SELECT * FROM directory.mails"))


def test_a_mail_whose_id_is_known_is_not_sent_again(empty: Installation) -> None:
    mail_id = uuid4()
    for to in ("ada@example.com", "eve@example.com"):
        queue_as(empty, mail_id, to)
    claimed = claim(empty)
    assert claimed is not None
    assert (claimed.id, claimed.recipient) == (mail_id, "ada@example.com")
    assert told(empty, claimed) == LINK
    assert claim(empty) is None
    with empty.identity_scope() as session:
        assert mails.sent(session, claimed)
    queue_as(empty, mail_id, "ada@example.com")
    assert claim(empty) is None
