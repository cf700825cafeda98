"""A walk over one database's catalogue: whatever could let one tenant see another is a breach."""

import re
from typing import Any

import psycopg

from core.database import RoleNames
from tests.rights import deviations

# Functions of the definer's rights: nothing else may cross from one tenant to another.
CLOSED_LIST = {
    "directory.find_tenant",
    "directory.mail_backlog",
    "directory.prune_audit",
    "directory.revision",
    "cell.backlog",
    "cell.claim",
    "cell.claim_periodic",
    "cell.claim_webhook",
    "cell.finish_periodic",
    "cell.measures",
    "cell.prune_deliveries",
    "cell.prune_audit",
    "cell.prune_events",
    "cell.prune_idempotency_keys",
    "cell.renew_periodic",
    "cell.revision",
    "cell.sweep",
    "cell.switch_queue",
    "cell.tenant_ids",
    "cell.tenant_state",
    "cell.usage_by_tenant",
    "cell.webhook_backlog",
    "cell.worker_gone",
    "cell.worker_seen",
}
# Tables with nothing of a tenant in them; no tenant's role and no application may touch them.
WITHOUT_TENANTS = {
    "cell.alembic_version",
    "cell.periodic",
    "cell.queues",
    "cell.sweeper",
    "cell.workers",
    "directory.alembic_version",
}
# Of people, and of which tenants there are: no tenant's role has a right on any of it.
DIRECTORY = "directory."

_OWN_ROWS = "(tenant_id = (substr((CURRENT_USER)::text, 3))::uuid)"
_SAFE_PATH = ["search_path=pg_catalog, pg_temp"]

_TABLES = """
    SELECT n.nspname || '.' || c.relname AS name, c.relkind, c.relrowsecurity AS guarded,
           c.relforcerowsecurity AS forced, pg_get_userbyid(c.relowner) AS owner,
           coalesce((SELECT array_agg(DISTINCT coalesce(pg_get_userbyid(a.grantee), '?'))
              FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner), '{}')
        || coalesce((SELECT array_agg(DISTINCT coalesce(pg_get_userbyid(a.grantee), '?'))
              FROM pg_attribute t, aclexplode(t.attacl) a
             WHERE t.attrelid = c.oid AND a.grantee <> c.relowner), '{}') AS grantees,
           EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.oid
                      AND t.attname = 'tenant_id' AND t.attnotnull) AS has_tenant
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""
_POLICIES = """
    SELECT schemaname || '.' || tablename AS name, policyname, permissive, roles::text[] AS roles,
           cmd, qual, with_check FROM pg_policies
"""
_FUNCTIONS = """
    SELECT n.nspname || '.' || p.proname AS name, p.prosecdef AS definer,
           pg_get_userbyid(p.proowner) AS owner, coalesce(p.proconfig, '{}') AS config,
           has_function_privilege('public', p.oid, 'EXECUTE') AS public,
           p.proleakproof AS leakproof,
           (SELECT array_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC'
                             ELSE pg_get_userbyid(a.grantee)::text END)
              FROM aclexplode(p.proacl) a WHERE a.grantee <> p.proowner) AS grantees
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""
# A tenant's role is known by its schema, which is in this database only.
_POWERS = """
    SELECT rolname, rolcanlogin, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb
           OR rolreplication AS powerful
      FROM pg_roles WHERE rolname = ANY (%s)
        OR rolname ~ '^t_[0-9a-f]{32}$' AND to_regnamespace(rolname) IS NOT NULL
"""
_MEMBERS = """
    SELECT r.rolname AS role, m.rolname AS member, admin_option, inherit_option, set_option
      FROM pg_auth_members a JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member
     WHERE m.rolname = ANY (%s)
        OR m.rolname ~ '^t_[0-9a-f]{32}$' AND to_regnamespace(m.rolname) IS NOT NULL
"""
_SCHEMAS = """
    SELECT n.nspname AS schema, r.rolname AS role FROM pg_namespace n, pg_roles r
     WHERE n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
       AND (r.rolname = %s
         OR r.rolname ~ '^t_[0-9a-f]{32}$' AND to_regnamespace(r.rolname) IS NOT NULL)
       AND (has_schema_privilege(r.rolname, n.nspname, 'CREATE')
         OR n.nspname LIKE 't\\_%%' AND n.nspname <> r.rolname
            AND has_schema_privilege(r.rolname, n.nspname, 'USAGE'))
"""
_TENANT_ROLE = re.compile("t_[0-9a-f]{32}")


def breaches(connection: psycopg.Connection[Any], roles: RoleNames, app: str) -> list[str]:
    """Every breach found, a line each; empty when the walls stand."""
    return [
        *_tables(connection, roles, app),
        *_functions(connection, roles, app),
        *_roles(connection, roles, app),
        *deviations(connection, roles),
    ]


def _rows(connection: psycopg.Connection[Any], query: str, *values: Any) -> list[Any]:
    with connection.cursor(row_factory=psycopg.rows.namedtuple_row) as cursor:
        return cursor.execute(query.encode(), values or None).fetchall()


def _tables(connection: psycopg.Connection[Any], roles: RoleNames, app: str) -> list[str]:
    found = []
    policies: dict[str, list[Any]] = {}
    for policy in _rows(connection, _POLICIES):
        policies.setdefault(policy.name, []).append(policy)
    for table in _rows(connection, _TABLES):
        schema = table.name.partition(".")[0]
        if table.relkind != "r":
            found.append(f"{table.name} is no plain table: teach this walk what guards it")
        if table.owner != roles.migrator:
            found.append(f"{table.name} belongs to {table.owner}")
        strangers = set(table.grantees) - {roles.ledger, roles.tenant_base, roles.identity}
        if schema.startswith("t_"):
            if set(table.grantees) - {schema}:
                found.append(f"{table.name} is granted to {table.grantees}")
            continue
        if strangers:
            found.append(f"{table.name} is granted to {strangers}")
        if table.name in WITHOUT_TENANTS:
            if roles.tenant_base in table.grantees:
                found.append(f"{table.name} is no tenant's and granted to tenants")
            continue
        if not (table.guarded and table.forced):
            found.append(f"{table.name} is not under FORCE ROW LEVEL SECURITY")
        found += _policies(table, policies.get(table.name, []), roles)
    return found


def _policies(table: Any, policies: list[Any], roles: RoleNames) -> list[str]:
    found = []
    of_people = table.name.startswith(DIRECTORY)
    if of_people:
        if roles.tenant_base in table.grantees:
            found.append(f"{table.name} is granted to tenants")
    elif not table.has_tenant:
        found.append(f"{table.name} has no tenant_id")
    elif not any(roles.tenant_base in policy.roles for policy in policies):
        found.append(f"{table.name} has no policy for tenants")
    for policy in policies:
        if policy.permissive == "RESTRICTIVE":
            continue  # it can only take away
        if policy.roles == [roles.tenant_base]:
            if policy.qual != _OWN_ROWS or policy.with_check not in (None, _OWN_ROWS):
                found.append(f"{table.name}: {policy.policyname} does not ask for the role's rows")
        elif policy.roles not in (
            [roles.migrator], [roles.ledger], *([[roles.identity]] if of_people else []),
        ):  # fmt: skip
            found.append(f"{table.name}: {policy.policyname} is for {policy.roles}")
    return found


def _functions(connection: psycopg.Connection[Any], roles: RoleNames, app: str) -> list[str]:
    found = []
    for function in _rows(connection, _FUNCTIONS):
        safe = any(one in _SAFE_PATH for one in function.config)
        grantees = set(function.grantees or ())
        if function.public:
            found.append(f"{function.name} may be called by PUBLIC")
        if not safe:
            found.append(f"{function.name} trusts its caller's search_path")
        if function.leakproof:
            found.append(f"{function.name} claims to be leakproof")
        if function.definer:
            if function.name not in CLOSED_LIST:
                found.append(f"{function.name} is not on the closed list")
            if function.owner != roles.ledger:
                found.append(f"{function.name} acts as {function.owner}")
            if grantees - {app}:
                found.append(f"{function.name} may be called by {grantees - {app}}")
        elif function.owner != roles.migrator:
            found.append(f"{function.name} belongs to {function.owner}")
        elif grantees - {roles.tenant_base, roles.ledger, roles.identity}:
            found.append(f"{function.name} may be called by {grantees}")
    known = {function.name for function in _rows(connection, _FUNCTIONS)}
    here = {name.partition(".")[0] for name in known}
    expected = {name for name in CLOSED_LIST if name.partition(".")[0] in here}
    return found + [f"{name} is gone" for name in sorted(expected - known)]


def _roles(connection: psycopg.Connection[Any], roles: RoleNames, app: str) -> list[str]:
    found = []
    ours = [app, roles.migrator, roles.ledger, roles.tenant_base, roles.identity]
    for role in _rows(connection, _POWERS, ours):
        if role.powerful:
            found.append(f"{role.rolname} has powers of its own")
        if role.rolcanlogin and role.rolname != app:
            found.append(f"{role.rolname} may log in")
    for member in _rows(connection, _MEMBERS, ours):
        tenant = _TENANT_ROLE.fullmatch(member.member) is not None
        # Admin, inherit, set. The application may become a tenant, and the migrator may hand
        # functions to the ledger's role; a tenant's role has what every tenant may do.
        expected = (False, True, False) if tenant else (False, False, True)
        if (member.admin_option, member.inherit_option, member.set_option) != expected:
            found.append(f"{member.member} has too much of {member.role}")
        takes = member.role == roles.identity or _TENANT_ROLE.fullmatch(member.role)
        if member.member == app and not takes:
            found.append(f"{app} may become {member.role}")
        if tenant and member.role != roles.tenant_base:
            found.append(f"{member.member} is a {member.role}")
    for right in ("CREATE", "TEMPORARY"):
        for name in (app, roles.tenant_base, roles.identity, "public"):
            # Who acts for people is known in the directory's database only.
            query = (
                "SELECT CASE WHEN %s = 'public' OR to_regrole(%s) IS NOT NULL"
                " THEN has_database_privilege(%s, current_database(), %s) END AS has"
            )
            if _rows(connection, query, name, name, name, right)[0].has:
                found.append(f"{name} has {right} on the database")
    return found + [
        f"{row.role} has too much of the schema {row.schema}"
        for row in _rows(connection, _SCHEMAS, app)
    ]
