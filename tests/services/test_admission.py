"""Who has shown who they are gets a session, if what they have shown still holds."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import Unauthenticated
from models.person import User
from services import admission, people, sessions
from services.installation import Installation
from services.people import Origin
from services.sessions import Opened
from tests.installations import installation
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


@pytest.mark.parametrize("now", ["another", None], ids=["changed", "taken away"])
def test_a_password_that_changed_while_it_was_compared_opens_nothing(
    made: Installation, now: str | None
) -> None:
    with made.identity_scope() as session:
        user = User(email=f"changes-{now}@example.com", name="Ada", password_hash="first")
        session.add(user)
        session.flush()
    shown = people.known(made, user.email)
    origin = Origin("192.0.2.1", None)
    before = admission.admit(
        made, user.id, method="password", origin=origin, known=shown.digest, digest=None
    )
    assert isinstance(before, Opened)
    with made.identity_scope() as session:
        people.get(session, user.id).password_hash = now
    with pytest.raises(Unauthenticated):
        admission.admit(made, user.id, method="password", origin=origin, known=shown.digest)
    with made.identity_scope() as session:
        assert [row.id for row in sessions.list_live(session, user.id)] == [before.id]
