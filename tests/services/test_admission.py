"""Who has shown who they are gets a session, if what they have shown still holds."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import delete, select, text

from core.errors import Unauthenticated
from models.mail import Mail
from models.person import User
from services import admission, mails, people, sessions
from services.admission import Needed
from services.arrivals import Arrival
from services.installation import Installation
from services.mails import MailKind
from services.people import Known, Origin
from services.sealed_columns import MAIL_VALUES
from services.sessions import Opened
from tests.installations import installation
from tests.servers import PostgresForTests

HERE = Origin("192.0.2.1", None)
ELSEWHERE = Origin("198.51.100.1", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")


@pytest.fixture(scope="module")
def made(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with (
        installation(postgres, Path(tmp_path_factory.mktemp("data"))) as settings,
        closing(Installation(settings)) as found,
    ):
        yield found


@pytest.mark.parametrize("now", ["another", None], ids=["changed", "taken away"])
def test_a_password_that_changed_while_it_was_compared_opens_nothing(
    made: Installation, now: str | None
) -> None:
    with made.identity_scope() as session:
        user = User(email=f"changes-{now}@example.com", name="Ada", password_hash="first")
        session.add(user)
        session.flush()
    shown = people.known(made, user.email)
    seen = admission.look(made, shown)
    before = admit(made, shown, HERE, seen)
    assert isinstance(before, Opened)
    with made.identity_scope() as session:
        people.get(session, user.id).password_hash = now
    again = admission.look(made, shown)
    for known in (None, seen, again):
        for origin in (HERE, ELSEWHERE):
            with pytest.raises(Unauthenticated):
                admit(made, shown, origin, known)
    with made.identity_scope() as session:
        assert [row.id for row in sessions.list_live(session, user.id)] == [before.id]


def test_who_changes_a_password_ends_a_session_that_begins_at_that_moment(
    made: Installation,
) -> None:
    shown = person(made, "ends@example.com")
    assert shown.user_id is not None
    seen = admission.look(made, shown)
    with (
        ThreadPoolExecutor(1) as pool,
        made.identity_scope() as session,
    ):
        people.get(session, shown.user_id).password_hash = "another"
        session.flush()
        begun = pool.submit(admit, made, shown, HERE, seen)
        with pytest.raises(TimeoutError):
            begun.result(0.3)
        sessions.end_all(session, shown.user_id)
        session.commit()
        with pytest.raises(Unauthenticated):
            begun.result(10)


@pytest.mark.parametrize("place", ["here", "elsewhere"])
def test_a_second_factor_that_was_added_meanwhile_is_asked_for(
    made: Installation, place: str
) -> None:
    shown = person(made, f"factor-{place}@example.com")
    assert isinstance(admit(made, shown, HERE, None), Opened)
    seen = admission.look(made, shown)
    with made.identity_scope() as session:
        told = {"person": shown.user_id, "seed": bytes(48)}
        for statement in (
            "INSERT INTO directory.second_factors (user_id, seed) VALUES (:person, :seed)",
            "UPDATE directory.second_factors SET confirmed_at = now() WHERE user_id = :person",
        ):
            session.execute(text(statement), told)
    found = admit(made, shown, HERE if place == "here" else ELSEWHERE, seen)
    assert isinstance(found, Needed)


def test_what_was_seen_of_somebody_is_told_of_a_new_device_once(made: Installation) -> None:
    shown = person(made, "mailed@example.com")
    for origin in (HERE, HERE, ELSEWHERE, ELSEWHERE):
        assert isinstance(admit(made, shown, origin, admission.look(made, shown)), Opened)
    with made.identity_scope() as session:
        told = session.scalars(
            text("SELECT recipient FROM directory.mails WHERE kind = 'new_sign_in'")
        ).all()
    assert told.count("mailed@example.com") == 1


def test_the_mail_of_a_new_device_is_written_with_its_session_or_not_at_all(
    made: Installation,
) -> None:
    shown = person(made, "both@example.com")
    assert shown.user_id is not None
    assert isinstance(admit(made, shown, HERE, None), Opened)
    seen = admission.look(made, shown)
    assert seen is not None
    assert made.settings.database_url is not None
    with psycopg.connect(made.settings.database_url, autocommit=True) as line:
        line.execute("LISTEN ledger_ready")
        assert isinstance(admit(made, shown, ELSEWHERE, seen), Opened)
        (woken,) = line.notifies(timeout=10, stop_after=1)
    assert woken.payload == "light"
    with made.identity_scope() as session:
        (row,) = session.scalars(select(Mail).where(Mail.recipient == "both@example.com"))
        sealer = made.keyring.people(session)
        assert row.sealed is not None
        values = json.loads(sealer.open(row.sealed, MAIL_VALUES.context(row.id)))
        assert values.keys() == mails.VALUES[MailKind.NEW_SIGN_IN]
        session.execute(delete(Mail).where(Mail.recipient == "both@example.com"))
        people.get(session, shown.user_id).password_hash = "another"
    with pytest.raises(Unauthenticated):
        admit(made, shown, ELSEWHERE, seen)
    with made.identity_scope() as session:
        assert not session.scalars(select(Mail).where(Mail.recipient == "both@example.com")).all()


def person(made: Installation, email: str) -> Known:
    """Somebody with a password."""
    with made.identity_scope() as session:
        session.add(User(email=email, name="Ada", password_hash="first"))
    return people.known(made, email)


def admit(
    made: Installation, shown: Known, origin: Origin, seen: Arrival | None
) -> Opened | Needed:
    """Signs somebody in whose password was right."""
    assert shown.user_id is not None
    return admission.admit(
        made, shown.user_id, method="password", origin=origin, known=shown.digest, seen=seen
    )
