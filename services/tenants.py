"""Tenants: made, listed, found. Making one is resumable, because it spans two databases."""

import re
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from core.database import tenant_role
from core.errors import AutomatorError, Conflict, NotFound, Rejected, Unavailable
from core.settings import Settings
from models.migrations import ROOT
from services.administration import Cell, OwnerConnection, as_migrator, cells, owner
from services.brands import first_name
from services.founding import PLACES
from services.installation import DEFAULT_TENANT, MAIN_CELL
from services.migrations import grants, render_tenant, tenant_versions

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_QUOTAS = b"""
    INSERT INTO cell.quotas
           (tenant_id, stored_bytes, open_uploads, brands, text_tokens, text_dollars)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id) DO UPDATE
       SET stored_bytes = excluded.stored_bytes, open_uploads = excluded.open_uploads,
           brands = excluded.brands, text_tokens = excluded.text_tokens,
           text_dollars = excluded.text_dollars
"""
_COLUMNS = "id, slug, name, cell, state, created_at"


@dataclass(frozen=True, slots=True)
class TenantInfo:
    """A tenant as the directory has it."""

    id: UUID
    slug: str
    name: str
    cell: str
    state: str
    created_at: datetime


def create(
    settings: Settings,
    slug: str,
    *,
    name: str | None = None,
    cell: str | None = None,
    root: Path = ROOT,
) -> TenantInfo:
    """Makes a tenant, or ends making the one of this slug that was cut short.

    `cell` is the one with the most room unless it is named. Raises Rejected for a slug that is
    none, Conflict for one that is taken, Unavailable where no cell has room.
    """
    _check(settings, slug, cell)
    known = cells(settings)
    with owner(known[MAIN_CELL]) as directory:
        tenant = _register(directory, known, settings.cell_tenants, slug, name or slug, cell)
        return _complete(directory, known, tenant, root)


def reserve(settings: Settings, directory: OwnerConnection, wanted: TenantInfo) -> TenantInfo:
    """The name and the place of a tenant that is `importing`, which nobody reaches.

    Its cell is the one with the most room where none is named. Raises as `create` does.
    """
    _check(settings, wanted.slug, wanted.cell or None)
    known = cells(settings)
    with as_migrator(directory, known[MAIN_CELL]):
        directory.execute("SELECT pg_advisory_xact_lock(%s)", [PLACES])
        if _rows(directory, "slug = %(slug)s", slug=wanted.slug):
            raise Conflict(f"there is a tenant {wanted.slug!r} already")
        chosen = _free_cell(directory, known, settings.cell_tenants, wanted.cell or None)
        directory.execute(
            "INSERT INTO directory.tenants (id, slug, name, cell, state)"
            " VALUES (%s, %s, %s, %s, %s)",
            [wanted.id, wanted.slug, wanted.name, chosen, wanted.state],
        )
        return _rows(directory, "id = %(id)s", id=wanted.id)[0]


def finish_creations(settings: Settings, *, root: Path = ROOT) -> tuple[UUID, ...]:
    """Ends the creations that were cut short, and makes the first tenant where there is none."""
    known = cells(settings)
    with owner(known[MAIN_CELL]) as directory:
        if not _select(directory, known[MAIN_CELL], "true"):
            room = settings.cell_tenants
            with suppress(Conflict):  # another migration has just made it
                _register(directory, known, room, DEFAULT_TENANT, "Default", MAIN_CELL)
        unfinished = _select(directory, known[MAIN_CELL], "state = 'creating'")
        return tuple(_complete(directory, known, tenant, root).id for tenant in unfinished)


def finish_announced(
    settings: Settings, directory: OwnerConnection, *, root: Path = ROOT
) -> Iterator[UUID]:
    """Makes the tenants that were announced, over a connection of the directory's owner.

    One that cannot be made keeps no other waiting; what was wrong with the first is raised.
    """
    known = cells(settings)
    failed: Exception | None = None
    for tenant in _select(directory, known[MAIN_CELL], "state = 'creating'"):
        try:
            yield _complete(directory, known, tenant, root).id
        except (AutomatorError, psycopg.Error) as error:
            failed = failed or error
    if failed is not None:
        raise failed


def list_all(settings: Settings) -> list[TenantInfo]:
    """Every tenant of the installation, oldest first."""
    known = cells(settings)
    with owner(known[MAIN_CELL]) as directory:
        return _select(directory, known[MAIN_CELL], "true")


def get(settings: Settings, tenant: str) -> TenantInfo:
    """A tenant by slug or id, in whatever state; raises NotFound."""
    known = cells(settings)
    with owner(known[MAIN_CELL]) as directory:
        found = _select(directory, known[MAIN_CELL], "slug = %(t)s OR id::text = %(t)s", t=tenant)
    if not found:
        raise NotFound(f"there is no tenant {tenant!r}")
    return found[0]


def limit(
    settings: Settings,
    tenant: str,
    *,
    stored_bytes: int | None = None,
    open_uploads: int | None = None,
    brands: int | None = None,
    text_tokens: int | None = None,
    text_dollars: float | None = None,
) -> None:
    """Give a tenant, by slug or id, quotas of its own; None is what the settings say.

    They hold for what is announced or made from then on. Raises NotFound.
    """
    found = get(settings, tenant)
    cell = cells(settings)[found.cell]
    with owner(cell) as connection, as_migrator(connection, cell):
        connection.execute(
            _QUOTAS, [found.id, stored_bytes, open_uploads, brands, text_tokens, text_dollars]
        )


def raise_walls(
    connection: OwnerConnection,
    cell: Cell,
    tenant_id: UUID,
    *,
    root: Path = ROOT,
    revision: str = "head",
) -> None:
    """A tenant's role and its empty schema at a revision, inside the caller's transaction.

    That goes on as the schemas' owner, in this schema.
    """
    role = tenant_role(tenant_id)
    names = {
        "role": sql.Identifier(role),
        "app": sql.Identifier(cell.app),
        "base": sql.Identifier(cell.roles.tenant_base),
        "migrator": sql.Identifier(cell.roles.migrator),
    }
    script = sql.SQL(
        "CREATE ROLE {role} NOLOGIN;"
        "GRANT {base} TO {role} WITH INHERIT TRUE, SET FALSE, ADMIN FALSE;"
        "GRANT {role} TO {app} WITH INHERIT FALSE, SET TRUE, ADMIN FALSE;"
        "SET LOCAL ROLE {migrator};"
        "CREATE SCHEMA {role};"
        "SET LOCAL search_path = {role}, pg_temp;"
    ).format(**names)
    # One string is one round trip: 92 statements apart took 42 ms where this takes 26.
    connection.execute(
        script.as_bytes(connection)
        + render_tenant(cell.roles, root, revision).encode()
        + grants(role).encode()
    )


def _check(settings: Settings, slug: str, cell: str | None) -> None:
    if not _SLUG.fullmatch(slug):
        raise Rejected(
            f"{slug!r} is no tenant name: 1 to 63 of a-z, 0-9 and -, neither end being a -"
        )
    if cell is not None and cell not in cells(settings):
        raise NotFound(f"the settings name no cell {cell!r}")


def _register(
    directory: OwnerConnection,
    known: dict[str, Cell],
    room: int,
    slug: str,
    name: str,
    cell: str | None,
) -> TenantInfo:
    """The tenant's row in the directory, in a cell that has room for it."""
    with as_migrator(directory, known[MAIN_CELL]):
        directory.execute("SELECT pg_advisory_xact_lock(%s)", [PLACES])
        for tenant in _rows(directory, "slug = %(slug)s", slug=slug):
            if tenant.state != "creating":
                raise Conflict(f"there is a tenant {slug!r} already")
            return tenant
        chosen = _free_cell(directory, known, room, cell)
        directory.execute(
            "INSERT INTO directory.tenants (id, slug, name, cell) VALUES (%s, %s, %s, %s)",
            [uuid4(), slug, name, chosen],
        )
        return _rows(directory, "slug = %(slug)s", slug=slug)[0]


def _free_cell(
    directory: OwnerConnection, known: dict[str, Cell], room: int, cell: str | None
) -> str:
    """The cell that is named, or else the one with the most room; Unavailable where none is."""
    counts = directory.execute("SELECT cell, count(*) FROM directory.tenants GROUP BY cell")
    taken: dict[str, int] = dict(counts.fetchall())
    chosen = cell or min(known, key=lambda name: taken.get(name, 0))
    if taken.get(chosen, 0) >= room:
        which = f"cell {chosen!r}" if cell else "every cell"
        raise Unavailable(
            f"{which} holds its {room} tenants: add another to CELLS", retry_after=3600
        )
    return chosen


def _complete(
    directory: OwnerConnection, known: dict[str, Cell], tenant: TenantInfo, root: Path
) -> TenantInfo:
    """The tenant's place in its cell, then the directory's word that it may be used."""
    cell = known.get(tenant.cell)
    if cell is None:
        raise NotFound(f"tenant {tenant.slug!r} belongs to cell {tenant.cell!r}, which is not set")
    elsewhere = owner(cell) if cell.name != MAIN_CELL else nullcontext(directory)
    with elsewhere as connection, connection.transaction():
        _place(connection, cell, tenant, root)
    with as_migrator(directory, known[MAIN_CELL]):
        directory.execute(
            "UPDATE directory.tenants SET state = 'active' WHERE id = %s AND state = 'creating'",
            [tenant.id],
        )
        return _rows(directory, "id = %(id)s", id=tenant.id)[0]


def _place(connection: OwnerConnection, cell: Cell, tenant: TenantInfo, root: Path) -> None:
    """Everything of a tenant in its cell, unless an earlier try came so far."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [tenant.id.int & ((1 << 63) - 1)])
    known = connection.execute("SELECT to_regrole(%s)", [tenant_role(tenant.id)]).fetchone()
    if known is not None and known[0] is not None:
        return  # the role, the schema and the rows were made in one transaction
    raise_walls(connection, cell, tenant.id, root=root)
    connection.execute(
        "INSERT INTO brands (name, is_default) VALUES (%s, true)", [first_name(tenant.name)]
    )
    enter(connection, tenant.id, tenant_versions(root)[0])


def enter(connection: OwnerConnection, tenant_id: UUID, revision: str) -> int:
    """A tenant's own rows in its cell, in the transaction that raised its walls; its lane."""
    row = connection.execute(
        "INSERT INTO cell.tenants (tenant_id, schema_version) VALUES (%s, %s) RETURNING lane",
        [tenant_id, revision],
    ).fetchone()
    assert row is not None
    connection.execute("INSERT INTO cell.event_heads (tenant_id) VALUES (%s)", [tenant_id])
    return int(row[0])


def _select(
    directory: OwnerConnection, main: Cell, where: str, **values: object
) -> list[TenantInfo]:
    with as_migrator(directory, main):
        return _rows(directory, where, **values)


def _rows(directory: OwnerConnection, where: str, **values: object) -> list[TenantInfo]:
    with directory.cursor(row_factory=class_row(TenantInfo)) as cursor:
        query = f"SELECT {_COLUMNS} FROM directory.tenants WHERE {where} ORDER BY created_at, id"  # noqa: S608
        return cursor.execute(query.encode(), values).fetchall()
