"""What of a tenant's rows travels in an archive, and in which order it is put in again.

The tables of the tenant's own schema are asked of the database, so that those which a release adds
come along by themselves. Of the tables that tenants share there is a list.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

CELL: Final = "cell"
TENANT: Final = "tenant"
# A row's name of a stored file; such a column's values are held against the archive's files.
STORAGE_KEY: Final = "storage_key"
# Addresses that are revoked by a number start anew where the tenant has another id.
_NEVER: Final = frozenset({"media_epoch"})
_PEOPLE: Final = frozenset({"user_id", "author_id"})
# Secrets, digests of secrets and sealed values are bytes, and bytes stay where they are.
_BYTES: Final = "bytea"

# What of the shared tables travels, the needed first. A tenant's id, its lane, leases, traces and
# the addresses of imports, which may hold secrets, are not among it.
SHARED: Final[Mapping[str, tuple[str, ...]]] = {
    "runs": ("id", "asset_id", "recipe", "class", "state", "created_at", "finished_at"),
    "stage_runs": (
        "id", "run_id", "name", "queue", "class", "state", "pending", "version", "options",
        "deadline_seconds", "attempt", "failures", "losses", "progress", "ready_at", "started_at",
        "finished_at", "result", "error",
    ),
    "stage_edges": ("needs_id", "stage_id"),
    "imports": ("id", "source", "name", "recipe", "asset_id", "asset_run_id", "bytes",
                "created_at"),
    "audit": ("id", "at", "subject", "shown", "action", "method", "route", "targets", "status",
              "request_id", "address", "agent"),
}  # fmt: skip
# What of the shared tables stays, and why; a test finds tables that are in neither list.
STAYS: Final[Mapping[str, str]] = {
    "tenants": "the place in the cell is the cell's",
    "event_heads": "positions are of one installation's stream",
    "events": "a day's news; who reads it reads it where it happens",
    "uploads": "files on their way in",
    "idempotency_keys": "a day's answers",
    "usage": "what was used here",
    "quotas": "what may be used here",
    "text_spending": "what was spent here",
    "audit_targets": "what is found in the audit log, which writes it",
    "data_keys": "secrets",
    "webhooks": "addresses that often are secrets, and events would come from two places",
    "deliveries": "the webhooks' log",
}
ORDER: Final = {
    "runs": ("id",), "stage_runs": ("id",), "stage_edges": ("needs_id", "stage_id"),
    "imports": ("id",), "audit": ("id",),
}  # fmt: skip
# Ids that are keys over all tenants of a cell: an import gives others.
RENEWED: Final = ("runs", "stage_runs")

_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, NULL), a.attnotnull AND NOT a.atthasdef
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p')
       AND c.relname <> 'alembic_version' AND NOT c.relispartition
       AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     ORDER BY c.relname, a.attnum
"""
_KEYS = """
    SELECT c.relname, r.relname, k.contype::text,
           ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY n (number, place)
                   JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = n.number
                  ORDER BY n.place)
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
      LEFT JOIN pg_class r ON r.oid = k.confrelid
     WHERE c.relnamespace = to_regnamespace(%s) AND k.contype IN ('p', 'f')
     ORDER BY c.relname, k.conname
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows travel; `columns` are those that do, with their types."""

    schema: str
    name: str
    columns: Mapping[str, str]
    order: tuple[str, ...]

    @property
    def identifier(self) -> sql.Identifier:
        """Its name in statements."""
        return sql.Identifier(self.schema, self.name)


def of_schema(connection: psycopg.Connection[Any], schema: str) -> list[Table]:
    """The tables of a tenant's schema that travel, each behind those that it refers to.

    A table of secrets, where no row can be without one, stays as a whole; so does what cannot be
    without a row of such a table.
    """
    types: dict[str, dict[str, str]] = {}
    needed: set[tuple[str, str]] = set()
    for table, column, kind, required in connection.execute(_COLUMNS, [schema]).fetchall():
        types.setdefault(table, {})[column] = kind
        if required:
            needed.add((table, column))
    order: dict[str, tuple[str, ...]] = {}
    references: list[tuple[str, str, tuple[str, ...]]] = []
    for table, target, kind, columns in connection.execute(_KEYS, [schema]).fetchall():
        if kind == "p":
            order[table] = tuple(columns)
        elif target != table:
            references.append((table, target, tuple(columns)))
    kept = {name: _kept(columns) for name, columns in types.items()}
    staying = {name for name, column in needed if column not in kept[name]}
    while True:
        cut = [one for one in references if one[1] in staying and one[0] not in staying]
        for table, _, columns in cut:
            for column in columns:
                kept[table].pop(column, None)
        lost = {name for name, column in needed if column not in kept[name]}
        if lost <= staying:
            break
        staying |= lost
    travelling = {name: kept[name] for name in types if name not in staying}
    return [
        Table(schema, name, travelling[name], order.get(name, tuple(travelling[name])[:1]))
        for name in _sorted(travelling, references)
    ]


def shared(connection: psycopg.Connection[Any]) -> list[Table]:
    """The shared tables that travel, in their order."""
    types: dict[str, dict[str, str]] = {}
    for table, column, kind, _ in connection.execute(_COLUMNS, [CELL]).fetchall():
        types.setdefault(table, {})[column] = kind
    return [
        Table(CELL, name, {column: types[name][column] for column in columns}, ORDER[name])
        for name, columns in SHARED.items()
    ]


def is_person(column: str, kind: str) -> bool:
    """Whether a column of the tenant's own tables says who somebody is, by an id of the directory.

    In another installation there is nobody of that id, or somebody else.
    """
    return kind == "uuid" and (column in _PEOPLE or column.endswith("_by"))


def _kept(columns: Mapping[str, str]) -> dict[str, str]:
    return {name: kind for name, kind in columns.items() if kind != _BYTES and name not in _NEVER}


def _sorted(
    tables: Iterable[str], references: Iterable[tuple[str, str, tuple[str, ...]]]
) -> list[str]:
    """Each table behind those that it refers to; of a circle, in the order of names."""
    waiting, found = sorted(tables), list[str]()
    needs = {name: {to for of, to, _ in references if of == name} for name in waiting}
    while waiting:
        free = [name for name in waiting if not needs[name] & (set(waiting) - {name})]
        for name in free or waiting[:1]:
            found.append(name)
            waiting.remove(name)
    return found
