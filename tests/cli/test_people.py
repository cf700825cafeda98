"""An operator lets somebody in again who has lost app, recovery codes and passkeys."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from core.errors import NotFound, Rejected
from core.settings import Settings
from models.factor import Passkey, RecoveryCode, SecondFactor
from models.person import User
from services import audit, mails, operators, sessions
from services.installation import Installation
from services.mails import MailKind
from tests.api.people import mailed
from tests.installations import environment, installation
from tests.servers import PostgresForTests


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresForTests, valkey_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    data = Path(tmp_path_factory.mktemp("data"))
    with installation(postgres, data, redis_url=valkey_server) as made:
        yield made


@pytest.fixture
def house(settings: Settings) -> Iterator[Installation]:
    with closing(Installation(settings)) as opened:
        yield opened


def guarded(house: Installation, *, passkeys: int = 1, confirmed: bool = True) -> User:
    """Somebody with a second factor, passkeys and a session."""
    with house.identity_scope() as session:
        user = User(email=f"Ada.{uuid4().hex}@example.com", name="Ada")
        session.add(user)
        session.flush()
        session.add(SecondFactor(user_id=user.id, seed=b"sealed"))
        session.flush()
        if confirmed:
            session.get_one(SecondFactor, user.id).confirmed_at = func.now()
            session.add(RecoveryCode(user_id=user.id, digest=os.urandom(32)))
        for _ in range(passkeys):
            session.add(
                Passkey(
                    user_id=user.id,
                    credential_id=os.urandom(16),
                    public_key=b"key",
                    sign_count=0,
                    name="A phone",
                )
            )
        sessions.start(
            session,
            sessions.Start(user.id, method="password", tenant_id=None, address=None, agent=None),
        )
        session.flush()
        session.refresh(user)
        session.expunge(user)
        return user


def test_an_operator_forgets_what_somebody_has_lost_and_they_hear_of_it(
    house: Installation, settings: Settings
) -> None:
    ada, grace = guarded(house), guarded(house)
    words = ("people", "reset-second-factor", ada.email.upper(), "--yes")
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        capture_output=True,
        text=True,
        env=environment(settings) | {"DATABASE_ADMIN_URL": settings.database_admin_url or ""},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "removed: a second factor, 1 passkeys; ended: 1 sessions\n"
    with house.identity_scope() as session:
        for row in (SecondFactor, RecoveryCode, Passkey):
            holders = set(session.scalars(select(row.user_id)))
            assert ada.id not in holders
            assert grace.id in holders
        assert sessions.list_live(session, ada.id) == []
        assert len(sessions.list_live(session, grace.id)) == 1
        newest = audit.of_person(session, ada.id, limit=1, before=None)[0]
        assert (newest.action, newest.subject) == ("second-factor.reset", "operator")
    ((kind, told),) = mailed(settings, ada.email)
    assert kind is MailKind.SIGN_IN_CHANGED
    assert "An operator removed your second factor" in told["change"]
    with pytest.raises(NotFound, match="neither"):
        operators.reset_second_factor(house, ada.email)


def test_nothing_changes_where_nothing_was_lost(
    house: Installation, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = guarded(house, passkeys=0, confirmed=False)
    with pytest.raises(NotFound, match="neither"):
        operators.reset_second_factor(house, begun.email)
    with pytest.raises(NotFound, match="nobody has an account"):
        operators.reset_second_factor(house, "nobody@example.com")
    with pytest.raises(Rejected):
        operators.reset_second_factor(house, "no address")
    ada = guarded(house)
    with monkeypatch.context() as patch:
        patch.setattr(mails, "queue", lambda *_, **__: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            operators.reset_second_factor(house, ada.email)
    with house.identity_scope() as session:
        for one in (begun, ada):
            assert session.get(SecondFactor, one.id) is not None
            assert len(sessions.list_live(session, one.id)) == 1
    assert mailed(settings, ada.email) == []


def test_only_passkeys_are_a_reason_too(house: Installation) -> None:
    ada = guarded(house, passkeys=2, confirmed=False)
    done = operators.reset_second_factor(house, ada.email)
    assert (done.second_factor, done.passkeys, done.sessions) == (False, 2, 1)
