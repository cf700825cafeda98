"""Suspended tenants: cells are told of them, and those whose time has come are found.

With the owner's login: the steward's and the operator's side of `services/closing.py`.
"""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

import psycopg

from core.errors import AutomatorError, Conflict, Misconfigured
from core.settings import Settings
from services.administration import Cell, OwnerConnection, as_migrator, cells, owner
from services.installation import MAIN_CELL
from services.tenants import get

_UNSETTLED: Final = """
    SELECT id, cell FROM directory.tenants WHERE NOT settled AND state <> 'creating' ORDER BY id
"""
_SETTLE: Final = """
    SELECT state <> 'active' FROM directory.tenants
     WHERE id = %s AND NOT settled FOR NO KEY UPDATE
"""
# One that was cut short is gone on with.
_DOOMED: Final = """
    UPDATE directory.tenants SET state = 'purging'
     WHERE purge_after <= clock_timestamp() AND state IN ('suspended', 'purging') RETURNING id
"""
_STALE: Final = """
    WITH invited AS (DELETE FROM directory.invitations
                      WHERE expires_at < clock_timestamp() - interval '1 day')
    DELETE FROM directory.ownership_offers
     WHERE expires_at < clock_timestamp() - interval '1 day'
"""
_HOLD: Final = """
    UPDATE directory.tenants
       SET held = %(held)s, version = version + 1, settled = false,
           state = CASE WHEN %(held)s OR purge_after IS NOT NULL THEN 'suspended' ELSE 'active' END
     WHERE id = %(tenant)s AND state IN ('active', 'suspended')
"""


def hold(settings: Settings, tenant: str, *, held: bool) -> None:
    """Suspend a tenant, by slug or id, for an operator, or end that; its cell is told at once.

    Raises NotFound, Conflict for one that is being made or removed.
    """
    found = get(settings, tenant)
    main = cells(settings)[MAIN_CELL]
    with owner(main) as directory:
        with as_migrator(directory, main):
            values = {"held": held, "tenant": found.id}
            if directory.execute(_HOLD, values).rowcount == 0:
                raise Conflict(f"the tenant {found.slug!r} is {found.state}")
        for _ in settle(settings, directory):
            pass


def settle(settings: Settings, directory: OwnerConnection) -> Iterator[UUID]:
    """Tell cells which tenants are suspended and which are not, over the owner's connection.

    A cell that does not answer keeps no other waiting; what was wrong with the first is raised.
    """
    known = cells(settings)
    failed: Exception | None = None
    with as_migrator(directory, known[MAIN_CELL]):
        waiting = directory.execute(_UNSETTLED.encode()).fetchall()
    for tenant_id, name in waiting:
        try:
            if name not in known:
                raise Misconfigured(f"the settings do not name cell {name!r}")
            _tell_cell(directory, known[MAIN_CELL], known[name], tenant_id)
            yield tenant_id
        except (AutomatorError, psycopg.Error) as error:
            failed = failed or error
    if failed is not None:
        raise failed


def _tell_cell(directory: OwnerConnection, main: Cell, cell: Cell, tenant_id: UUID) -> None:
    """Whoever changes the tenant meanwhile waits, so that the cell hears the last word."""
    told = "UPDATE cell.tenants SET suspended = %s WHERE tenant_id = %s"
    with as_migrator(directory, main):
        row = directory.execute(_SETTLE.encode(), [tenant_id]).fetchone()
        if row is None:
            return  # another one was quicker
        if cell.name == MAIN_CELL:
            directory.execute(told.encode(), [row[0], tenant_id])
        else:
            with owner(cell) as connection, as_migrator(connection, cell):
                connection.execute(told.encode(), [row[0], tenant_id])
        directory.execute("UPDATE directory.tenants SET settled = true WHERE id = %s", [tenant_id])


def take_doomed(settings: Settings) -> list[UUID]:
    """The tenants whose time has come; from now on they cannot be restored."""
    main = cells(settings)[MAIN_CELL]
    with owner(main) as directory, as_migrator(directory, main):
        directory.execute(_STALE.encode())
        return [tenant_id for (tenant_id,) in directory.execute(_DOOMED.encode()).fetchall()]
