"""What the ledger's role and the tenants' common role may do, right by right and no more.

A new column is nobody's until it is named here and in a migration.
"""

from typing import Any

import psycopg

from core.database import RoleNames

# Of a table: each right with its columns, or None for all of them, those to come included.
_Rights = dict[str, dict[str, str | None]]

_LEDGER: _Rights = {
    "cell.alembic_version": {"SELECT": None},
    "cell.event_heads": {"SELECT": None, "UPDATE": "seq"},
    "cell.events": {"SELECT": "tenant_id seq at", "INSERT": None, "DELETE": None},
    "cell.idempotency_keys": {"SELECT": "tenant_id key created_at", "DELETE": None},
    "cell.periodic": {"SELECT": None, "UPDATE": None},
    "cell.queues": {"SELECT": None, "UPDATE": "state"},
    "cell.runs": {
        "SELECT": "id tenant_id state unfinished active",
        "UPDATE": "state unfinished active finished_at",
    },
    "cell.stage_edges": {"SELECT": "needs_id stage_id"},
    "cell.stage_runs": {
        "SELECT": "id tenant_id run_id lane name queue class position state pending attempt"
        " failures losses holder lease_until cancel_requested deadline_seconds progress_at due_at"
        " ready_at started_at",
        "UPDATE": "state pending position attempt losses holder lease_until progress progress_at"
        " due_at ready_at started_at finished_at error",
    },
    "cell.sweeper": {"SELECT": None, "UPDATE": None},
    "cell.tenants": {"SELECT": "tenant_id lane weight suspended schema_version"},
    "cell.usage": {"SELECT": None},
    "cell.workers": {"SELECT": None, "INSERT": None, "UPDATE": None, "DELETE": None},
    "directory.alembic_version": {"SELECT": None},
    "directory.tenants": {"SELECT": "id slug name cell state"},
}
_LEDGERS_SEQUENCES: _Rights = {
    f"cell.{sequence}": {"SELECT": None, "UPDATE": None, "USAGE": None}
    for sequence in (
        "position",
        "tenants_lane_seq",
        *(f"turn_{queue}" for queue in ("media", "gpu", "light")),
        *(f"served_{queue}_{class_}" for queue in ("media", "gpu", "light") for class_ in (0, 1)),
    )
}
_TENANT_BASE: _Rights = {
    "cell.event_heads": {"SELECT": None, "UPDATE": "seq watched_until"},
    "cell.events": {"SELECT": None, "INSERT": None},
    "cell.imports": {
        "SELECT": None,
        "INSERT": "id tenant_id url source name recipe",
        "UPDATE": "url asset_id asset_run_id",
    },
    "cell.position": {"USAGE": None},
    "cell.idempotency_keys": {
        "SELECT": None,
        "INSERT": "tenant_id key fingerprint status headers body",
        "DELETE": None,
    },
    "cell.runs": {
        "SELECT": None,
        "INSERT": None,
        "UPDATE": "class state unfinished active finished_at",
    },
    "cell.stage_edges": {"SELECT": None, "INSERT": None},
    "cell.stage_runs": {
        "SELECT": None,
        "INSERT": "tenant_id run_id lane class name queue state pending version options"
        " deadline_seconds ready_at",
        "UPDATE": "class state pending position failures losses holder lease_until"
        " cancel_requested progress progress_at due_at ready_at started_at finished_at result"
        " error",
    },
    "cell.tenants": {"SELECT": None},
    "cell.uploads": {
        "SELECT": None,
        "INSERT": "tenant_id name recipe metadata bytes direct expires_at",
        "UPDATE": "received sha256 run_id session expires_at",
        "DELETE": None,
    },
    "cell.usage": {
        "SELECT": None,
        "INSERT": None,
        "UPDATE": "uploaded_bytes media_seconds",
    },
}

_GRANTED = b"""
    SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END,
           n.nspname || '.' || c.relname || coalesce('.' || c.attname, ''),
           a.privilege_type || CASE WHEN a.is_grantable THEN ' with grant option' ELSE '' END
      FROM pg_namespace n JOIN (
           SELECT relnamespace, relname, NULL AS attname, relowner, relacl AS acl FROM pg_class
           UNION ALL
           SELECT relnamespace, relname, attname, relowner, attacl
             FROM pg_attribute t JOIN pg_class ON pg_class.oid = t.attrelid
            WHERE NOT attisdropped) c ON c.relnamespace = n.oid
     CROSS JOIN aclexplode(c.acl) a
     WHERE n.nspname IN ('cell', 'directory') AND a.grantee <> c.relowner
"""


def deviations(connection: psycopg.Connection[Any], roles: RoleNames) -> list[str]:
    """Every right on a shared table, column or sequence that is too much or missing."""
    schemas = {
        name
        for name in ("cell", "directory")
        if connection.execute("SELECT to_regnamespace(%s)", [name]).fetchone() != (None,)
    }
    expected = {
        (role, name, right)
        for role, tables in (
            (roles.ledger, _LEDGER | _LEDGERS_SEQUENCES),
            (roles.tenant_base, _TENANT_BASE),
        )
        for table, rights in tables.items()
        if table.partition(".")[0] in schemas
        for right, columns in rights.items()
        for name in ([table] if columns is None else [f"{table}.{c}" for c in columns.split()])
    }
    granted = set(connection.execute(_GRANTED).fetchall())
    return [
        f"{role} {complaint} {right} on {name}"
        for complaint, rights in (("has", granted - expected), ("lacks", expected - granted))
        for role, name, right in sorted(rights)
    ]
