"""Transactions that begin as a tenant, end as nobody, and keep no connection for too long."""

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from core import database as module
from core.database import Database, RoleNames, tenant_role
from core.errors import NotFound, Unavailable
from core.settings import Settings
from services import tenants
from tests.installations import database, installation
from tests.servers import PostgresForTests


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with installation(postgres, Path(tmp_path_factory.mktemp("data"))) as made:
        yield made


@pytest.fixture
def pool(settings: Settings) -> Iterator[Database]:
    made = database(settings)
    yield made
    made.dispose()


def _roles(pool: Database) -> tuple[str, str]:
    with pool.transaction() as connection:
        found = connection.execute(text("SELECT current_user::text, session_user::text")).one()
    return found[0], found[1]


def test_a_scope_is_the_tenant_and_what_comes_after_is_not(
    settings: Settings, pool: Database
) -> None:
    tenant = tenants.get(settings, "default")
    with pool.tenant_scope(tenant.id) as session:
        user = session.scalar(text("SELECT current_user::text"))
        assert user == session.scalar(text("SELECT current_schema()")) == tenant_role(tenant.id)
    current, login = _roles(pool)
    assert current == login


def test_a_scope_that_fails_leaves_nothing(settings: Settings, pool: Database) -> None:
    tenant = tenants.get(settings, "default")

    def insert_and_fail() -> None:
        with pool.tenant_scope(tenant.id) as session:
            session.execute(text(insert), {"id": tenant.id})
            raise ZeroDivisionError

    insert = "INSERT INTO cell.runs (tenant_id, recipe) VALUES (:id, 'r')"
    with pytest.raises(ZeroDivisionError):
        insert_and_fail()
    with pool.tenant_scope(tenant.id) as session:
        assert session.scalar(text("SELECT count(*) FROM cell.runs")) == 0
    current, login = _roles(pool)
    assert current == login


def test_a_tenant_that_is_not_here_is_not_found(pool: Database) -> None:
    with pytest.raises(NotFound), pool.tenant_scope(uuid4()):
        pass
    current, login = _roles(pool)
    assert current == login


def test_a_tenant_at_an_unknown_revision_is_to_come_back_later(settings: Settings) -> None:
    tenant = tenants.get(settings, "default")
    pool = database(settings, versions=("9999",))
    with pytest.raises(Unavailable) as caught, pool.tenant_scope(tenant.id):
        pass
    pool.dispose()
    assert caught.value.retry_after == 30


def test_a_statement_cannot_run_for_ever(pool: Database) -> None:
    with pool.transaction() as connection:
        limits = [connection.execute(text(f"SHOW {name}")).scalar() for name in module.TIMEOUTS]
    assert limits == list(module.TIMEOUTS.values())


def test_a_connection_that_has_met_many_tenants_is_let_go(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TENANTS_PER_CONNECTION", 2)
    many = [tenants.get(settings, "default")]
    many += [tenants.create(settings, f"met-{number}") for number in range(3)]
    pool = Database(settings.database_url or "", pool_size=1)
    backends = []
    for tenant in [many[0], many[0], many[1], many[2], many[3]]:
        with pool.tenant_scope(tenant.id) as session:
            backends.append(session.scalar(text("SELECT pg_backend_pid()")))
    pool.dispose()
    assert len(set(backends[:4])) == 1  # two tenants, then the third is one too many
    assert backends[4] != backends[3]


def test_role_names_are_short_and_never_shared() -> None:
    names = ["automator", "a" * 63, "Ünïcode", "with space", "a" * 62 + "b"]
    roles = [role for name in names for role in astuple(RoleNames.of(name))]
    assert len(set(roles)) == 3 * len(names)
    assert all(len(role.encode()) <= 63 for role in roles)
