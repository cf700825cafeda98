"""Transactions that begin as a tenant, end as nobody, and keep no connection for too long."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

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
    with pytest.raises(NotFound), pool.tenant_scope(uuid4()) as session:
        session.connection()
    current, login = _roles(pool)
    assert current == login


def test_a_tenant_at_an_unknown_revision_is_to_come_back_later(settings: Settings) -> None:
    tenant = tenants.get(settings, "default")
    pool = database(settings, versions=("9999",))
    with pytest.raises(Unavailable) as caught, pool.tenant_scope(tenant.id) as session:
        session.connection()
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
    assert len(set(roles)) == 4 * len(names)
    assert all(len(role.encode()) <= 63 for role in roles)


@pytest.mark.parametrize("password", ["two words", " ", "a+b c%20d", "'\\ \"é/@:?#&="])
def test_a_login_and_its_password_may_have_any_characters(
    postgres: PostgresForTests, password: str
) -> None:
    login, parts = f"of tests {uuid4().hex[:8]}", urlsplit(postgres.url)
    host = parts.netloc.rpartition("@")[2]
    said = f"{quote(login, safe='')}:{quote(password, safe='')}"
    url = urlunsplit(parts._replace(netloc=f"{said}@{host}"))
    wrong = urlunsplit(parts._replace(netloc=f"{said}x@{host}"))
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        role = sql.Identifier(login)
        make = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password))
        connection.execute(make)
        try:
            with module.connect(url) as alone:
                assert alone.execute("SELECT session_user::text").fetchone() == (login,)
            pool = Database(url, pool_size=1)
            assert _roles(pool) == (login, login)
            pool.dispose()
            assert "password" not in module.conninfo(url, password=False)
            with pytest.raises(psycopg.OperationalError):
                module.connect(wrong)
        finally:
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


def test_connections_that_were_lost_while_they_rested_are_noticed(
    settings: Settings, postgres: PostgresForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Database(str(settings.database_url), pool_size=3)
    try:
        with ExitStack() as stack:
            opened = [stack.enter_context(made.transaction()) for _ in range(3)]
            lost = {one.scalar(text("SELECT pg_backend_pid()")) for one in opened}
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            for pid in lost:
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
        monkeypatch.setattr(module, "_RESTED_SECONDS", 0.0)
        for _ in range(6):
            with made.transaction() as again:
                assert again.scalar(text("SELECT pg_backend_pid()")) not in lost
    finally:
        made.dispose()


@pytest.mark.parametrize("of", ["a tenant", "people"])
def test_one_that_was_lost_a_moment_ago_is_an_error_once(
    settings: Settings, postgres: PostgresForTests, of: str
) -> None:
    tenant = tenants.get(settings, "default")
    pool = Database(str(settings.database_url), pool_size=1)

    def backend() -> int:
        scope = pool.tenant_scope(tenant.id) if of == "a tenant" else pool.identity_scope()
        with scope as session:
            return int(session.scalars(text("SELECT pg_backend_pid()")).one())

    try:
        lost = backend()
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", [lost])
        with pytest.raises(OperationalError):
            backend()
        assert backend() != lost
    finally:
        pool.dispose()
