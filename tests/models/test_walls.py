"""A walk over all shared tables, functions and roles finds each of them guarded."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from core.settings import Settings
from tests.installations import as_owner, installation, plant
from tests.servers import PostgresForTests
from tests.walls import breaches


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    data = Path(tmp_path_factory.mktemp("data"))
    with installation(postgres, data, further_cells=("second",)) as made:
        plant(made, "in-main", cell="main")
        plant(made, "in-second", cell="second")
        yield made


@pytest.mark.parametrize("cell", ["main", "second"])
def test_no_table_function_or_role_is_without_its_guard(settings: Settings, cell: str) -> None:
    with as_owner(settings, cell) as (connection, known):
        assert breaches(connection, known.roles, known.app) == []


_HOLES = {
    "a shared table without row-level security": (
        "CREATE TABLE cell.notes (tenant_id uuid NOT NULL)",
        "cell.notes is not under FORCE",
    ),
    "a shared table that does not bind its owner": (
        "ALTER TABLE cell.runs NO FORCE ROW LEVEL SECURITY",
        "cell.runs is not under FORCE",
    ),
    "a policy on something other than the role": (
        "ALTER POLICY tenant ON cell.runs USING (true)",
        "does not ask for the role's rows",
    ),
    "a policy for the application": (
        "CREATE POLICY app ON cell.runs TO {app} USING (true)",
        "cell.runs: app is for",
    ),
    "a table that the application can read": (
        "GRANT SELECT ON cell.workers TO {app}",
        "cell.workers is granted to",
    ),
    "a column that everybody can read": (
        "GRANT SELECT (state) ON cell.runs TO PUBLIC",
        "cell.runs is granted to",
    ),
    "a column that tenants can change": (
        "GRANT UPDATE (lane) ON cell.stage_runs TO {tenant_base}",
        "has UPDATE on cell.stage_runs.lane",
    ),
    "a whole table instead of some columns": (
        "GRANT INSERT ON cell.stage_runs TO {tenant_base}",
        "has INSERT on cell.stage_runs",
    ),
    "a column that the ledger's functions can read": (
        "GRANT SELECT (result) ON cell.stage_runs TO {ledger}",
        "has SELECT on cell.stage_runs.result",
    ),
    "a right that can be passed on": (
        "GRANT SELECT ON cell.tenants TO {tenant_base} WITH GRANT OPTION",
        "has SELECT with grant option on cell.tenants",
    ),
    "a sequence that tenants can set": (
        "GRANT UPDATE ON SEQUENCE cell.turn_media TO {tenant_base}",
        "has UPDATE on cell.turn_media",
    ),
    "a sequence for everybody": (
        "GRANT USAGE ON SEQUENCE cell.position TO PUBLIC",
        "PUBLIC has USAGE on cell.position",
    ),
    "a right that the ledger lacks": (
        "REVOKE UPDATE (error) ON cell.stage_runs FROM {ledger}",
        "lacks UPDATE on cell.stage_runs.error",
    ),
    "a view, which would read with its owner's rights": (
        "CREATE VIEW cell.all_runs AS SELECT * FROM cell.runs",
        "cell.all_runs is no plain table",
    ),
    "a function of the definer's rights": (
        """CREATE FUNCTION cell.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER
           SET search_path = pg_catalog, pg_temp AS 'SELECT count(*) FROM cell.runs'""",
        "cell.peek is not on the closed list",
    ),
    "a function that trusts its caller's path": (
        "CREATE FUNCTION cell.peek() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "cell.peek trusts its caller's search_path",
    ),
    "a function for everybody": (
        "GRANT EXECUTE ON FUNCTION cell.renew TO PUBLIC",
        "cell.renew may be called by PUBLIC",
    ),
    "an owner's function on the closed list's place": (
        """CREATE FUNCTION cell.tenant_state(p_tenant uuid, p_more text) RETURNS integer
           LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 1'""",
        "cell.tenant_state acts as",
    ),
    "a tenant that may make tables": (
        "GRANT CREATE ON SCHEMA cell TO {app}",
        "has too much of the schema cell",
    ),
}


@pytest.mark.parametrize("hole", _HOLES)
def test_the_walk_finds(settings: Settings, hole: str) -> None:
    statement, complaint = _HOLES[hole]
    with as_owner(settings) as (connection, known):
        names = {
            "app": known.app,
            "ledger": known.roles.ledger,
            "tenant_base": known.roles.tenant_base,
        }
        quoted = {name: sql.Identifier(role) for name, role in names.items()}
        connection.execute(sql.SQL(statement).format(**quoted))
        found = breaches(connection, known.roles, known.app)
        raise psycopg.Rollback
    assert [line for line in found if complaint in line], found
