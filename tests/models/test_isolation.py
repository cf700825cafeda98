"""With one tenant's rights, PostgreSQL itself refuses every look and every touch at another's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import errors, sql
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.database import Database, connect
from core.settings import Settings
from models.asset import Artifact, Asset
from models.imports import Import
from models.run import Event, Run, StageEdge, StageRun
from models.tenant import CellTenant, EventHead, Tenant
from tests.installations import Planted, as_owner, as_tenant, database, installation, plant
from tests.servers import PostgresForTests

SHARED = (CellTenant, EventHead, Event, Run, StageRun, StageEdge, Import)


class Two(NamedTuple):
    """Two tenants of one cell: one that tries, and one that is tried at."""

    settings: Settings
    ours: Planted
    theirs: Planted


@pytest.fixture(scope="module")
def two(postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    data = Path(tmp_path_factory.mktemp("data"))
    with installation(postgres, data) as settings:
        yield Two(settings, plant(settings, "ours"), plant(settings, "theirs", mark="secret"))


@pytest.fixture(scope="module")
def pool(two: Two) -> Iterator[Database]:
    made = database(two.settings)
    yield made
    made.dispose()


@pytest.fixture(autouse=True)
def nothing_of_theirs_changes(two: Two) -> Iterator[None]:
    before = _theirs(two)
    yield
    assert _theirs(two) == before


def _theirs(two: Two) -> list[Any]:
    """Every row of the other tenant, as the owner sees it."""
    with as_owner(two.settings) as (connection, _):
        shared = [f"cell.{row.__tablename__}" for row in SHARED]
        private = [f"{two.theirs.schema}.{name}" for name in ("assets", "artifacts", "brands")]
        rows = []
        for table in [*shared, *private]:
            mine = "WHERE tenant_id = %s" if table in shared else ""
            query = f"SELECT to_jsonb(t) FROM {table} t {mine} ORDER BY 1"
            values = [two.theirs.id] if mine else None
            rows.append(connection.execute(query.encode(), values).fetchall())
            assert rows[-1], table
    return rows


@contextmanager
def refused(*kinds: type[psycopg.Error]) -> Iterator[None]:
    """The database refuses, be it asked through SQLAlchemy or not."""
    wanted = kinds or (errors.InsufficientPrivilege,)
    with pytest.raises((DBAPIError, psycopg.Error)) as caught:
        yield
    assert isinstance(getattr(caught.value, "orig", caught.value), wanted), caught.value


# ── through the ORM ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("row", SHARED, ids=lambda row: row.__tablename__)
def test_the_orm_reads_the_tenants_own_shared_rows_only(
    two: Two, pool: Database, row: type[Any]
) -> None:
    with pool.tenant_scope(two.ours.id) as session:
        found = session.scalars(select(row)).all()
        assert {one.tenant_id for one in found} == {two.ours.id}
        assert session.scalars(select(row).where(row.tenant_id == two.theirs.id)).all() == []


def test_the_orm_does_not_find_the_others_by_key(two: Two, pool: Database) -> None:
    with pool.tenant_scope(two.ours.id) as session:
        assert session.get(Run, two.ours.run) is not None
        assert session.get(Run, two.theirs.run) is None
        assert session.get(StageRun, two.theirs.stage) is None
        assert session.get(Asset, two.theirs.asset) is None
        assert session.scalars(select(Artifact.path)).all() == ["x.jpg"]


def test_the_orm_cannot_read_the_directory(two: Two, pool: Database) -> None:
    with pool.tenant_scope(two.ours.id) as session, refused():
        session.scalars(select(Tenant)).all()


def test_the_orm_changes_none_of_the_others_rows(two: Two, pool: Database) -> None:
    with pool.tenant_scope(two.ours.id) as session:
        for statement in (
            update(StageRun).where(StageRun.id == two.theirs.stage).values(state="done"),
            update(Run).where(Run.tenant_id == two.theirs.id).values(state="failed"),
            update(EventHead).where(EventHead.tenant_id == two.theirs.id).values(seq=0),
        ):
            assert _changed(session, statement) == 0


def _changed(session: Session, statement: Any) -> int:
    count: int = session.connection().execute(statement).rowcount
    return count


def test_the_orm_deletes_no_shared_rows_at_all(two: Two, pool: Database) -> None:
    for row in SHARED:
        with pool.tenant_scope(two.ours.id) as session, refused():
            session.execute(delete(row))


@pytest.mark.parametrize("row", SHARED, ids=lambda row: row.__tablename__)
def test_the_orm_inserts_nothing_in_the_others_name(
    two: Two, pool: Database, row: type[Any]
) -> None:
    values: dict[type[Any], dict[str, Any]] = {
        CellTenant: {"schema_version": "0001"},
        EventHead: {},
        Event: {"seq": 99, "kind": "forged"},
        Run: {"recipe": "forged"},
        StageRun: {
            "run_id": two.theirs.run,
            "lane": 1,
            "name": "forged",
            "queue": "light",
            "class_": 0,
            "state": "ready",
        },
        StageEdge: {"needs_id": two.theirs.next_stage, "stage_id": two.theirs.stage},
        Import: {"id": two.theirs.run, "source": "forged"},
    }
    with pool.tenant_scope(two.ours.id) as session, refused():
        session.execute(insert(row).values(tenant_id=two.theirs.id, **values[row]))


def test_a_row_cannot_be_given_away(two: Two, pool: Database) -> None:
    for row in (Run, StageRun, Event, StageEdge):
        with pool.tenant_scope(two.ours.id) as session, refused():
            session.execute(update(row).values(tenant_id=two.theirs.id))


def test_a_stage_cannot_be_put_into_the_others_run(two: Two) -> None:
    statement = (
        "INSERT INTO cell.stage_runs (tenant_id, run_id, lane, name, queue, class, state)"
        " SELECT tenant_id, %s, lane + %s, 'forged', 'light', 0, 'ready' FROM cell.tenants"
    )
    with refused(errors.ForeignKeyViolation), as_tenant(two.settings, two.ours) as connection:
        connection.execute(statement, [two.theirs.run, 0])
    with refused(errors.ForeignKeyViolation), as_tenant(two.settings, two.ours) as connection:
        connection.execute(statement, [two.ours.run, 1])  # the other's turn


def test_an_edge_cannot_join_the_others_stages(two: Two) -> None:
    for pair in ((two.theirs.stage, two.ours.stage), (two.ours.stage, two.theirs.next_stage)):
        with refused(), as_tenant(two.settings, two.ours) as connection:
            connection.execute(
                "INSERT INTO cell.stage_edges (tenant_id, needs_id, stage_id) VALUES (%s, %s, %s)",
                [two.ours.id, *pair],
            )


# ── raw SQL: names with their schema, search paths, other roles ────────────────────────────

_STATEMENTS = (
    "SELECT * FROM {schema}.assets",
    "SELECT count(*) FROM {schema}.artifacts",
    "INSERT INTO {schema}.assets (name) VALUES ('forged')",
    "UPDATE {schema}.assets SET name = 'forged'",
    "DELETE FROM {schema}.assets",
    "TRUNCATE {schema}.assets",
    "LOCK TABLE {schema}.assets",
    "COPY {schema}.assets TO STDOUT",
    "SELECT '{schema}.assets'::regclass",
    "DROP SCHEMA {schema} CASCADE",
    "ALTER TABLE {schema}.assets ADD COLUMN forged text",
    "GRANT SELECT ON {schema}.assets TO PUBLIC",
    "SELECT * FROM directory.tenants",
    "SELECT * FROM cell.workers",
    "SELECT * FROM cell.periodic",
    "UPDATE cell.tenants SET weight = 1000",
    "UPDATE cell.tenants SET suspended = true",
    "UPDATE cell.queues SET state = 'paused'",
    "TRUNCATE cell.runs CASCADE",
    "ALTER TABLE cell.runs DISABLE ROW LEVEL SECURITY",
    "DROP POLICY tenant ON cell.runs",
    "CREATE POLICY mine ON cell.runs USING (true)",
    "SET LOCAL row_security = off; SELECT * FROM cell.runs",
    "SET LOCAL session_replication_role = replica",
    "SELECT pg_read_file('PG_VERSION')",
    "CREATE SCHEMA forged",
    "CREATE TABLE forged (a integer)",
    "CREATE TABLE public.forged (a integer)",
    "CREATE FUNCTION forged() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE forged",
)


@pytest.mark.parametrize("statement", _STATEMENTS)
def test_raw_sql_is_refused(two: Two, statement: str) -> None:
    query = statement.format(schema=two.theirs.schema).encode()
    with refused(), as_tenant(two.settings, two.ours) as connection:
        connection.execute(query)


@pytest.mark.parametrize("statement", _STATEMENTS)
def test_raw_sql_without_any_tenant_is_refused(two: Two, statement: str) -> None:
    url = two.settings.database_url
    assert url is not None
    query = statement.format(schema=two.theirs.schema).encode()
    kinds = (errors.InsufficientPrivilege, errors.InvalidSchemaName)
    with refused(*kinds), connect(url, autocommit=False) as connection:
        connection.execute(query)


def test_the_others_search_path_finds_nothing(two: Two) -> None:
    with as_tenant(two.settings, two.ours) as connection:
        connection.execute(
            sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(two.theirs.schema))
        )
        with refused(errors.UndefinedTable):
            connection.execute("SELECT * FROM assets")


def test_shared_rows_follow_the_role_whatever_the_settings_say(two: Two) -> None:
    with as_tenant(two.settings, two.ours) as connection:
        connection.execute(
            "SELECT set_config('app.tenant_id', %s, true), set_config('search_path', %s, true)",
            [str(two.theirs.id), f"{two.theirs.schema}, cell"],
        )
        assert connection.execute("SELECT DISTINCT tenant_id FROM runs").fetchall() == [
            (two.ours.id,)
        ]


def test_temporary_tables_cannot_shadow_shared_ones(two: Two) -> None:
    assert two.settings.database_url is not None
    for statement in (
        "CREATE TEMPORARY TABLE runs (LIKE cell.runs)",
        "CREATE TABLE pg_temp.runs (a integer)",
        "CREATE TEMPORARY VIEW runs AS SELECT 1",
        "SELECT 1 AS a INTO TEMPORARY runs",
    ):
        with refused(), as_tenant(two.settings, two.ours) as connection:
            connection.execute(statement.encode())
        with refused(), connect(two.settings.database_url) as connection:
            connection.execute(statement.encode())


def test_a_tenant_cannot_become_an_owner(two: Two) -> None:
    with as_owner(two.settings) as (_, cell):
        roles = cell.roles
        powerful = [roles.migrator, roles.ledger, roles.tenant_base, "postgres"]
    for role in powerful:
        with refused(), as_tenant(two.settings, two.ours) as connection:
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))


# ── functions ──────────────────────────────────────────────────────────────────────────────


def test_functions_of_the_callers_rights_do_not_reach_the_others_rows(two: Two) -> None:
    stage, run = two.theirs.stage, two.theirs.run
    nobody = "00000000-0000-0000-0000-000000000000"
    harmless: tuple[tuple[str, list[Any], Any], ...] = (
        ("SELECT cell.finish(%s, 0, %s, 'done', NULL)", [stage, nobody], False),
        (
            "SELECT cell.leave(%s, 0, %s, 'failed', '1 second', 1, NULL)",
            [stage, nobody],
            False,
        ),
        ("SELECT cell.renew(%s, 0, %s, '1 hour', 1::real)", [stage, nobody], "lost"),
        ("SELECT cell.cancel_run(%s)", [run], False),
        ("SELECT cell.retry_run(%s)", [run], 0),
    )
    for query, values, answer in harmless:
        with as_tenant(two.settings, two.ours) as connection:
            assert connection.execute(query.encode(), values).fetchone() == (answer,)
    with as_tenant(two.settings, two.ours) as connection:
        connection.execute("SELECT cell.settle_run(%s, 1, -1)", [run])  # finds no run to settle
    kinds = (errors.InsufficientPrivilege, errors.NotNullViolation)
    with refused(*kinds), as_tenant(two.settings, two.ours) as connection:
        connection.execute("SELECT cell.emit(%s, 'forged', %s, NULL, '{}')", [two.theirs.id, run])


def test_functions_that_cross_tenants_are_not_a_tenants_to_call(two: Two) -> None:
    with as_owner(two.settings) as (connection, _):
        closed = connection.execute(
            "SELECT pronamespace::regnamespace || '.' || proname, pronargs FROM pg_proc"
            " WHERE pronamespace::regnamespace::text IN ('cell', 'directory') AND prosecdef"
        ).fetchall()
    assert len(closed) > 5
    for name, arguments in closed:
        call = f"SELECT {name}({', '.join(['NULL'] * arguments)})".encode()
        with refused(), as_tenant(two.settings, two.ours) as connection:
            connection.execute(call)


# ── a forgotten scope, and what it leaves behind ───────────────────────────────────────────


def test_without_a_scope_no_tenants_row_can_be_read(two: Two, pool: Database) -> None:
    for row in (*SHARED, Tenant):
        with pool.transaction() as connection, refused():
            connection.execute(select(row))
    with pool.transaction() as connection, refused(errors.UndefinedTable):
        connection.execute(select(Asset))


def test_a_scope_ends_with_its_transaction(two: Two, pool: Database) -> None:
    for ending in ("commit", "rollback"):
        with pool._scoped.connect() as connection:
            transaction = connection.begin()
            pool._enter_tenant(two.ours.id, False, connection)
            assert connection.exec_driver_sql("SHOW role").scalar() == two.ours.schema
            getattr(transaction, ending)()
            assert connection.exec_driver_sql("SHOW role").scalar() == "none"
            assert two.ours.schema not in str(
                connection.exec_driver_sql("SHOW search_path").scalar()
            )


def test_the_statements_of_others_cannot_be_watched(two: Two) -> None:
    with as_tenant(two.settings, two.theirs) as theirs, as_tenant(two.settings, two.ours) as ours:
        theirs.execute("SELECT 'a statement of theirs'")
        seen = ours.execute(
            "SELECT query FROM pg_stat_activity WHERE pid = %s", [theirs.info.backend_pid]
        ).fetchall()
    assert seen == [("<insufficient privilege>",)]
