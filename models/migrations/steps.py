"""What a revision may do beyond Alembic's own operations."""

from pathlib import Path

from alembic import op
from sqlalchemy import text

# True when the current role sees every row: no row-level security, or a policy without a condition.
_SEES_ALL = text("""
    SELECT NOT row_security_active(c.oid) OR (
               EXISTS (SELECT 1 FROM pg_policy p
                        WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd = '*'
                          AND pg_get_expr(p.polqual, p.polrelid) = 'true'
                          AND current_user::regrole = ANY (p.polroles))
           AND NOT EXISTS (SELECT 1 FROM pg_policy p
                            WHERE p.polrelid = c.oid AND NOT p.polpermissive
                              AND (p.polroles = '{0}' OR EXISTS (
                                  SELECT 1 FROM unnest(p.polroles) r
                                   WHERE pg_has_role(current_user, r, 'USAGE')))))
      FROM pg_class c WHERE c.oid = to_regclass(:table)
""")


def run_file(path: Path) -> None:
    """Executes a file of SQL; the names between at signs become this database's roles."""
    context = op.get_context()
    script = path.read_text(encoding="utf-8")
    for name, role in context.opts.get("role_names", {}).items():
        script = script.replace(f"@{name}@", role)
    if context.as_sql:
        context.impl.static_output(script)
    else:
        # Without parameters, the driver sends many statements at once and leaves "%" alone.
        op.get_bind().exec_driver_sql(script, execution_options={"no_parameters": True})


def is_upgrade() -> bool:
    """Whether a tenant's schema is there already; a new one is left empty by its revisions."""
    return op.get_context().opts.get("starting_rev") is not None


def backfill(table: str, *, assignments: str, where: str) -> int:
    """Updates the rows of `table` that match `where`, of the shared branches; how many they were.

    Row-level security hides rows from an UPDATE without a word, so this raises RuntimeError where
    the role cannot see every row, or where fewer rows changed than matched. Tenants' schemas have
    no row-level security, and their revisions are rendered first: use `op.execute` there.
    """
    if op.get_context().as_sql:
        raise RuntimeError("a tenant revision is rendered as SQL: use op.execute")
    connection = op.get_bind()
    if connection.execute(_SEES_ALL, {"table": table}).scalar() is not True:
        raise RuntimeError(f"the migrating role cannot see every row of {table}")
    matching = text(f"SELECT count(*) FROM {table} WHERE {where}")  # noqa: S608
    expected = connection.execute(matching).scalar_one()
    changed = connection.execute(text(f"UPDATE {table} SET {assignments} WHERE {where}"))  # noqa: S608
    if changed.rowcount != expected:
        raise RuntimeError(f"{changed.rowcount} rows of {table} changed where {expected} match")
    return changed.rowcount
