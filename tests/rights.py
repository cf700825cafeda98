"""What each shared role may do, right by right and no more.

A new column is nobody's until it is named here and in a migration.
"""

from typing import Any

import psycopg

from core.database import RoleNames

# Of a table: each right with its columns, or None for all of them, those to come included.
_Rights = dict[str, dict[str, str | None]]

_LEDGER: _Rights = {
    "cell.alembic_version": {"SELECT": None},
    "cell.deliveries": {"SELECT": "id created_at", "DELETE": None},
    "cell.audit": {"SELECT": "tenant_id id at", "DELETE": None},
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
    "cell.webhooks": {
        "SELECT": "id tenant_id state seq due_at paused_until holder lease_until",
        "UPDATE": "holder lease_until",
    },
    "cell.workers": {"SELECT": None, "INSERT": None, "UPDATE": None, "DELETE": None},
    "directory.alembic_version": {"SELECT": None},
    "directory.audit": {"SELECT": "id at", "DELETE": None},
    "directory.mails": {"SELECT": "state due_at created_at"},
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
# To be added to, and never changed.
_ENTRY = "subject shown action method route targets status request_id address agent"
_TENANT_BASE: _Rights = {
    "cell.audit": {"SELECT": None, "INSERT": f"tenant_id {_ENTRY}"},
    "cell.audit_targets": {"SELECT": None, "INSERT": "tenant_id target id"},
    "cell.data_keys": {"SELECT": None, "INSERT": "tenant_id version master wrapped"},
    "cell.deliveries": {
        "SELECT": None,
        "INSERT": "tenant_id webhook_id seq kind body",
        "UPDATE": "state attempts tries due_at tried_at status response seconds error",
    },
    "cell.event_heads": {"SELECT": None, "UPDATE": "seq watched_until"},
    "cell.events": {"SELECT": None, "INSERT": None},
    "cell.imports": {
        "SELECT": None,
        "INSERT": "id tenant_id url source name recipe brand_id",
        "UPDATE": "url asset_id asset_run_id bytes",
    },
    "cell.position": {"USAGE": None},
    "cell.quotas": {"SELECT": None},
    "cell.idempotency_keys": {
        "SELECT": None,
        "INSERT": "tenant_id key fingerprint status headers body sealed",
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
        "INSERT": "tenant_id name recipe brand_id metadata bytes direct expires_at",
        "UPDATE": "received sha256 run_id session expires_at",
        "DELETE": None,
    },
    "cell.usage": {
        "SELECT": None,
        "INSERT": None,
        "UPDATE": "uploaded_bytes media_seconds",
    },
    "cell.text_spending": {
        "SELECT": None,
        "INSERT": "tenant_id tokens dollars",
        "UPDATE": "tokens dollars settled_at",
    },
    "cell.webhooks": {
        "SELECT": None,
        "INSERT": "id tenant_id url kinds description secret seq",
        "UPDATE": "url kinds description secret old_secret old_until state reason version seq"
        " failures failing_since due_at paused_until holder lease_until",
        "DELETE": None,
    },
}
_IDENTITY: _Rights = {
    "directory.idempotency_keys": {
        "SELECT": None,
        "INSERT": "id subject key user_id tenant_id status headers sealed",
        "DELETE": None,
    },
    "directory.audit": {"SELECT": None, "INSERT": f"tenant_id user_id {_ENTRY}"},
    "directory.api_keys": {
        "SELECT": None,
        "INSERT": "id tenant_id name digest scopes created_by expires_at",
        "UPDATE": "name last_used_at revoked_at",
        "DELETE": None,
    },
    "directory.challenges": {
        "SELECT": None,
        "INSERT": "id tries spent expires_at",
        "UPDATE": "tries spent",
        "DELETE": None,
    },
    "directory.data_keys": {"SELECT": None, "INSERT": "version master wrapped"},
    "directory.identities": {
        "SELECT": None,
        "INSERT": "user_id provider issuer subject email",
        "UPDATE": "used_at",
        "DELETE": None,
    },
    "directory.invitations": {
        "SELECT": None,
        "INSERT": "tenant_id email role digest invited_by expires_at",
        "UPDATE": "role digest invited_by expires_at",
        "DELETE": None,
    },
    "directory.memberships": {
        "SELECT": None,
        "INSERT": "user_id tenant_id role",
        "UPDATE": "role suspended version",
        "DELETE": None,
    },
    "directory.recovery_codes": {
        "SELECT": None,
        "INSERT": "user_id digest",
        "UPDATE": "used_at",
        "DELETE": None,
    },
    "directory.second_factors": {
        "SELECT": None,
        "INSERT": "user_id seed",
        "UPDATE": "seed created_at confirmed_at last_step wrong_codes closed_until",
        "DELETE": None,
    },
    "directory.passkeys": {
        "SELECT": None,
        "INSERT": "user_id credential_id public_key sign_count name",
        "UPDATE": "sign_count name used_at suspected_at",
        "DELETE": None,
    },
    "directory.organisation_members": {
        "SELECT": None,
        "INSERT": "organisation_id user_id role",
        "UPDATE": "role",
        "DELETE": None,
    },
    "directory.organisations": {
        "SELECT": None,
        "INSERT": "name",
        "UPDATE": "name version",
        "DELETE": None,
    },
    "directory.ownership_offers": {
        "SELECT": None,
        "INSERT": "tenant_id from_id to_id expires_at",
        "DELETE": None,
    },
    "directory.refresh_tokens": {
        "SELECT": None,
        "INSERT": "digest session_id",
        "UPDATE": "used_at",
        "DELETE": None,
    },
    "directory.sessions": {
        "SELECT": None,
        "INSERT": "user_id tenant_id method address agent expires_at",
        "UPDATE": "tenant_id seen_at ended_at",
        "DELETE": None,
    },
    "directory.signing_keys": {
        "SELECT": None,
        "INSERT": "kid public_pem private signs_from signs_until",
        "DELETE": None,
    },
    "directory.tenants": {
        "SELECT": None,
        "INSERT": "slug name cell",
        "UPDATE": "name state version organisation_id purge_after settled",
    },
    "directory.tickets": {
        "SELECT": None,
        "INSERT": "kind digest email user_id expires_at",
        "UPDATE": "email",
        "DELETE": None,
    },
    "directory.users": {
        "SELECT": None,
        "INSERT": "email name password_hash",
        "UPDATE": "email name password_hash updated_at",
        "DELETE": None,
    },
    "directory.mails": {
        "SELECT": None,
        "INSERT": "id kind recipient language tenant_id sealed",
        "UPDATE": "sealed state attempts holder due_at ended_at error",
        "DELETE": None,
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
            (roles.identity, _IDENTITY),
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
