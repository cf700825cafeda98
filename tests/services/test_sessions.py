"""Sessions and links end when they should, and are forgotten after."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.errors import Gone, NotFound, Unauthenticated
from models.person import RefreshToken, SignIn, Ticket, User
from services import sessions, tickets
from services.installation import Installation
from services.sessions import IDLE, MOST, Opened, digest_of
from services.tickets import TicketKind
from tests.installations import as_owner, installation
from tests.servers import PostgresForTests


@pytest.fixture(scope="module")
def made(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with (
        installation(postgres, Path(tmp_path_factory.mktemp("data"))) as settings,
        closing(Installation(settings)) as found,
    ):
        yield found


@pytest.fixture
def user(made: Installation, request: pytest.FixtureRequest) -> UUID:
    with made.identity_scope() as session:
        person = User(email=f"{abs(hash(request.node.name))}@example.com", name="Ada")
        session.add(person)
        session.flush()
        return person.id


def begin(made: Installation, user: UUID) -> Opened:
    with made.identity_scope() as session:
        return sessions.start(
            session,
            sessions.Start(
                user, method="password", tenant_id=None, address="192.0.2.1", agent="x" * 999
            ),
        )


def age(made: Installation, opened: Opened, by: timedelta) -> None:
    """Have a session be that much older; only time does that."""
    with as_owner(made.settings) as (connection, _):
        connection.execute(
            "UPDATE directory.sessions SET seen_at = seen_at - %(by)s,"
            " expires_at = expires_at - %(by)s, ended_at = ended_at - %(by)s WHERE id = %(id)s",
            {"by": by, "id": opened.id},
        )


def live(session: Session, user: UUID) -> set[UUID]:
    return {row.id for row in sessions.list_live(session, user)}


def test_a_session_that_nobody_used_for_two_weeks_has_ended(made: Installation, user: UUID) -> None:
    used, unused = begin(made, user), begin(made, user)
    age(made, used, IDLE - timedelta(minutes=1))
    age(made, unused, IDLE + timedelta(minutes=1))
    assert sessions.refresh(made, used.refresh_token).id == used.id
    with pytest.raises(Unauthenticated):
        sessions.refresh(made, unused.refresh_token)
    with made.identity_scope() as session:
        assert live(session, user) == {used.id}
        with pytest.raises(NotFound):
            sessions.get(session, user, unused.id)


def test_a_month_after_signing_in_one_signs_in_again(made: Installation, user: UUID) -> None:
    opened = begin(made, user)
    token = opened.refresh_token
    for _ in range(4):
        age(made, opened, timedelta(days=7))
        token = sessions.refresh(made, token).refresh_token
    age(made, opened, timedelta(days=2.1))
    with pytest.raises(Unauthenticated):
        sessions.refresh(made, token)


def test_of_very_many_sessions_those_not_seen_for_longest_end(
    made: Installation, user: UUID
) -> None:
    first = begin(made, user)
    age(made, first, timedelta(days=1))
    later = [begin(made, user) for _ in range(MOST)]
    with made.identity_scope() as session:
        assert live(session, user) == {opened.id for opened in later}
        (row,) = session.scalars(select(SignIn).where(SignIn.id == later[0].id))
        assert len(row.agent or "") == 400


def test_what_has_ended_is_forgotten_a_day_later(made: Installation, user: UUID) -> None:
    kept, ended, gone = (begin(made, user) for _ in range(3))
    with made.identity_scope() as session:
        sessions.end(session, user, ended.id)
        sessions.end(session, user, gone.id)
    age(made, gone, timedelta(days=1, minutes=1))
    with made.identity_scope() as session:
        assert sessions.collect(session, limit=1000) >= 1
        left = set(session.scalars(select(SignIn.id).where(SignIn.user_id == user)))
        assert left == {kept.id, ended.id}
        digest = digest_of(gone.refresh_token)
        assert session.get(RefreshToken, digest) is None


def test_links_that_nobody_followed_are_forgotten(made: Installation) -> None:
    with made.identity_scope() as session:
        secret = tickets.issue(session, TicketKind.SIGN_UP, "late@example.com")
        assert tickets.read(session, TicketKind.SIGN_UP, secret).email == "late@example.com"
    with as_owner(made.settings) as (connection, _):
        connection.execute(
            "UPDATE directory.tickets SET expires_at = now() - interval '1 second'"
            " WHERE email = 'late@example.com'"
        )
    with made.identity_scope() as session:
        with pytest.raises(Gone):
            tickets.use(session, TicketKind.SIGN_UP, secret)
        assert tickets.collect(session, limit=1000) >= 1
        wanted = select(func.count()).where(Ticket.email == "late@example.com")
        assert session.scalar(wanted) == 0


def test_a_session_belongs_to_who_signed_in(made: Installation, user: UUID) -> None:
    opened = begin(made, user)
    with made.identity_scope() as session:
        stranger = User(email="stranger@example.com", name="Eve")
        session.add(stranger)
        session.flush()
        with pytest.raises(NotFound):
            sessions.end(session, stranger.id, opened.id)
        assert sessions.end_all(session, stranger.id) == 0
        assert live(session, user) == {opened.id}
        session.execute(update(User).where(User.id == stranger.id).values(name="Gone"))
