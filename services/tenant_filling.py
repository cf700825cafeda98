"""The rows of an archive in their tables: a tenant's walls, its rows and its place, all at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from core.database import tenant_role
from core.errors import Rejected
from models.migrations import versions
from services import runs, tenant_tables, tenants
from services.administration import Cell, OwnerConnection, owner
from services.migrations import upgrade_script
from services.tenant_archive import Checked, lines, rows_name
from services.tenant_export import ELSEWHERE
from services.tenant_rows import Renewal, Row, put
from services.tenant_tables import CELL, RENEWED, TENANT, Table

_STAGE_ENDS: Final = frozenset({"done", "skipped", "failed", "cancelled"})
_WITHIN: Final[Mapping[str, tuple[str, ...]]] = {
    "stage_runs": ("run_id",),
    "stage_edges": ("needs_id", "stage_id"),
    "imports": ("id",),
}
# A run's own count of its stages, which nobody outside is believed.
_COUNT: Final = """
    UPDATE cell.runs r SET unfinished = (
           SELECT count(*) FROM cell.stage_runs s
            WHERE s.run_id = r.id AND s.state NOT IN ('done', 'skipped'))
     WHERE r.tenant_id = %s
"""
_NOTE: Final = """
    INSERT INTO cell.audit (tenant_id, subject, shown, action, method, route, targets, status)
    VALUES (%s, 'installation', 'The operator', 'tenant.imported', '', '', %s, 200)
"""


@dataclass(frozen=True, slots=True)
class _Filling:
    """What the tables of one tenant are filled from, and for whom."""

    checked: Checked
    renewal: Renewal
    rows: Mapping[str, Path]

    @property
    def tenant_id(self) -> UUID:
        """The new tenant's."""
        return self.renewal.new


def fill(
    cell: Cell, checked: Checked, renewal: Renewal, rows: Mapping[str, Path], root: Path
) -> int:
    """Makes the schema at the archive's revision, fills it, and brings it to this release's.

    `rows` are files by the names of the archive's members. Returns how many rows there are. Raises
    Rejected for rows that do not fit; then nothing of it is there.
    """
    work = _Filling(checked, renewal, rows)
    tenant_id, description = renewal.new, checked.description
    head = versions("tenant", root)[-1]
    for name in RENEWED:
        for number, row in enumerate(_read(work, rows_name(CELL, name)), 1):
            renewal.learn(row, f"{name}, row {number}")
    with owner(cell) as connection, connection.transaction():
        tenants.raise_walls(connection, cell, tenant_id, root=root, revision=description.revision)
        lane = tenants.enter(connection, tenant_id, head)
        own = tenant_tables.of_schema(connection, tenant_role(tenant_id))
        if own:  # what a revision puts into a new schema is in the archive, as it is by now
            names = sql.SQL(", ").join(table.identifier for table in own)
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
        count = _fill_all(work, connection, own, lane)
        connection.execute(_COUNT, [tenant_id])
        connection.execute(_NOTE, [tenant_id, Jsonb({"origin": str(description.tenant.id)})])
        if description.revision != head:
            script = upgrade_script(cell, tenant_id, description.revision, root)
            connection.execute(script.encode())
        _require_default_brand(connection, tenant_role(tenant_id))
    return count


def _require_default_brand(connection: OwnerConnection, schema: str) -> None:
    """Raises Rejected for a tenant whose next file would be of no brand."""
    brands = sql.Identifier(schema, "brands")
    row = connection.execute(
        sql.SQL("SELECT count(*) FROM {} WHERE is_default").format(brands)
    ).fetchone()
    if row != (1,):
        raise Rejected("none of the archive's brands is the default one")


def _fill_all(work: _Filling, connection: OwnerConnection, own: list[Table], lane: int) -> int:
    """Every table's rows; how many. Raises Rejected for rows and files that belong to none."""
    tables = [(CELL, one) for one in tenant_tables.shared(connection)]
    tables += [(TENANT, one) for one in own]
    known = {rows_name(where, table.name) for where, table in tables}
    if strange := sorted(set(work.checked.description.rows) - known):
        raise Rejected(f"the archive holds rows of an unknown table, {strange[0][:100]!r}")
    count = sum(_fill_one(work, connection, where, table, lane) for where, table in tables)
    if extra := sorted(work.checked.files.keys() - work.renewal.named):
        raise Rejected(f"the archive holds a file that no row names, {extra[0][:200]!r}")
    return count


def _fill_one(
    work: _Filling, connection: OwnerConnection, where: str, table: Table, lane: int
) -> int:
    name = rows_name(where, table.name)
    count = put(
        connection,
        table,
        _read(work, name),
        work.renewal,
        change=_changes(work, table.name, lane) if where == CELL else lambda row: row,
        within=_WITHIN.get(table.name, ()) if where == CELL else (),
    )
    if count != work.checked.description.rows.get(name, 0):
        raise Rejected(f"{name} has {count} rows, and the description tells of another number")
    return count


def _read(work: _Filling, name: str) -> Iterator[Row]:
    if name not in work.rows:
        return
    with work.rows[name].open("rb") as source:
        yield from lines(source, name)


def _changes(work: _Filling, table: str, lane: int) -> Callable[[Row], Row]:
    """What rows of a shared table get here: their tenant, and an end."""
    now = datetime.now(UTC).isoformat()

    def change(row: Row) -> Row:
        row["tenant_id"] = str(work.tenant_id)
        ends = runs.ENDED if table == "runs" else _STAGE_ENDS
        if table in RENEWED and row.get("state") not in ends:
            # Nobody works on it any more; whoever wants it tries it again.
            row["state"] = "cancelled"
            row["finished_at"] = row.get("finished_at") or now
        if table == "stage_runs":
            row["lane"] = lane
        if table == "audit":
            row["subject"] = ELSEWHERE
        return row

    return change
