"""Roles, schemas and limits of one database: what stands before its first migration."""

import psycopg
from psycopg import sql

from core.database import TIMEOUTS
from core.errors import Misconfigured
from services.administration import Cell, OwnerConnection

TURN = 0x6272616E64  # the advisory lock of everything that changes a database as a whole

_ROLE = """
DO $do$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {name}) THEN
        CREATE ROLE {role} NOLOGIN NOINHERIT;
    END IF;
END $do$;
"""

# The owner may act as the migrator, and the migrator may hand functions to the ledger's role;
# neither inherits anything, and nobody else may become either.
_RIGHTS = """
GRANT {migrator} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE;
GRANT {ledger} TO {migrator} WITH INHERIT FALSE, SET TRUE, ADMIN FALSE;
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT, CREATE ON DATABASE {database} TO {migrator};
GRANT CONNECT ON DATABASE {database} TO {app};
SET LOCAL ROLE {migrator};
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE SCHEMA IF NOT EXISTS cell;
"""
# Who acts for people is a role that the application may take, as it takes a tenant's.
_DIRECTORY = """
CREATE SCHEMA IF NOT EXISTS directory;
GRANT USAGE ON SCHEMA directory TO {identity};
RESET ROLE;
GRANT {identity} TO {app} WITH INHERIT FALSE, SET TRUE, ADMIN FALSE;
"""


def prepare_database(connection: OwnerConnection, cell: Cell, *, directory: bool) -> list[str]:
    """Makes roles and schemas and takes PUBLIC's rights away; warnings, one line each.

    May run any number of times, and several times at once.
    Raises Misconfigured where the login is not the database's owner or may not create roles.
    """
    roles = cell.roles
    names = {
        "migrator": sql.Identifier(roles.migrator),
        "ledger": sql.Identifier(roles.ledger),
        "identity": sql.Identifier(roles.identity),
        "database": sql.Identifier(cell.database),
        "app": sql.Identifier(cell.app),
    }
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', '120s', true)")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])
            people = [roles.identity] if directory else []
            for role in (roles.migrator, roles.ledger, roles.tenant_base, *people):
                connection.execute(
                    sql.SQL(_ROLE).format(name=sql.Literal(role), role=sql.Identifier(role))
                )
            connection.execute(sql.SQL(_RIGHTS).format(**names))
            if directory:
                connection.execute(sql.SQL(_DIRECTORY).format(**names))
            connection.execute("RESET ROLE")
            return _limit_application(connection, cell)
    except psycopg.errors.InsufficientPrivilege as error:
        raise Misconfigured(
            f"the owner's login of cell {cell.name!r} must own the database {cell.database} and"
            f" have CREATEROLE: {error.diag.message_primary}"
        ) from error


def _limit_application(connection: OwnerConnection, cell: Cell) -> list[str]:
    """Sets the application login's timeouts, and looks at what it should not be."""
    warnings = []
    try:
        with connection.transaction():
            for setting, value in TIMEOUTS.items():
                connection.execute(
                    sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(
                        sql.Identifier(cell.app),
                        sql.Identifier(cell.database),
                        sql.Identifier(setting),
                        sql.Literal(value),
                    )
                )
    except psycopg.errors.InsufficientPrivilege:
        warnings.append(
            f"the timeouts of the login {cell.app} are set per connection only:"
            " its owner may not change the login (grant it WITH ADMIN OPTION)"
        )
    row = connection.execute(
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole, rolinherit"
        " FROM pg_roles WHERE rolname = %s",
        [cell.app],
    ).fetchone()
    powerful, inherits = row if row is not None else (False, False)
    if powerful:
        raise Misconfigured(
            f"the application's login {cell.app} is a superuser, bypasses row-level security or"
            " may create roles: the walls between tenants would not bind it"
        )
    if inherits:
        warnings.append(f"the application's login {cell.app} should be NOINHERIT")
    return warnings
