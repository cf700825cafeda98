"""Purging a tenant: everything of it, everywhere, for good. Safe to repeat at any point.

Backups that were taken before still hold the tenant.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from redis import Redis
from sqlalchemy.orm import Session

from core.database import tenant_role
from core.errors import AutomatorError, Misconfigured, Unavailable
from core.keys import tenant_prefix
from core.logging import get_logger
from core.settings import Settings
from core.storage import Storage
from services import mails, members, tenants, uploads
from services.administration import Cell, OwnerConnection, as_migrator, cells, owner
from services.installation import MAIN_CELL, Installation
from services.mails import MailKind
from services.tenants import TenantInfo

_log = get_logger(__name__)

_PATIENCE = 12  # times the lock timeout: how long a request in its middle is waited for

_SHARED_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'cell'::regnamespace AND c.relkind IN ('r', 'p')
       AND a.attname = 'tenant_id' ORDER BY c.relname = 'tenants', c.relname
"""
_DIRECTORY_TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'directory'::regnamespace AND c.relkind IN ('r', 'p')
       AND a.attname = 'tenant_id' AND c.relname <> 'sessions' ORDER BY c.relname
"""
# Who locks stages locks their run first; in the order of ids, two of us do not meet either.
_LOCK_RUNS = "SELECT FROM cell.runs WHERE tenant_id = %s ORDER BY id FOR UPDATE"
_IN_THE_WAY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
# Asked again and again, because a claim may have begun before the tenant was suspended.
_STOP = """
    WITH told AS (
        UPDATE cell.stage_runs SET cancel_requested = true
         WHERE tenant_id = %(tenant)s AND state = 'running' AND NOT cancel_requested
        RETURNING run_id)
    SELECT (SELECT count(*) FROM cell.stage_runs WHERE tenant_id = %(tenant)s
               AND state = 'running' AND lease_until > clock_timestamp()),
           (SELECT count(pg_notify('ledger_cancel', run_id::text)) FROM told)
"""


@dataclass(slots=True)
class Receipt:
    """What was removed; it names the tenant by its id alone."""

    tenant_id: UUID
    files: int = 0
    keys: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    """Rows removed, by table; those of the tenant's own schema are not counted."""
    finished_at: datetime | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 of all of it, in hexadecimal: what is kept of the tenant's name."""
        said = json.dumps(asdict(self), default=str, sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()


def purge(settings: Settings, tenant: str, *, wait_seconds: float = 120.0) -> Receipt:
    """Removes a tenant (a slug or an id) after its running stages have stopped.

    Raises NotFound, or Unavailable where the stages do not stop in `wait_seconds` or a request
    holds the schema: nothing is undone then, and a repetition goes on from there.
    """
    if settings.redis_url is None:
        raise Misconfigured("REDIS_URL is not set: the tenant's keys there would stay behind")
    doomed = tenants.get(settings, tenant)
    known = cells(settings)
    if doomed.cell not in known:
        raise Misconfigured(f"the settings do not name cell {doomed.cell!r}, where the tenant is")
    cell = known[doomed.cell]
    receipt = Receipt(doomed.id)
    with owner(known[MAIN_CELL]) as directory:
        with as_migrator(directory, known[MAIN_CELL]):
            directory.execute(
                "UPDATE directory.tenants SET state = 'purging' WHERE id = %s", [doomed.id]
            )
        installation = Installation(settings)
        try:
            with owner(cell) as connection:
                _stop(connection, cell, doomed.id, wait_seconds)
                _end_sessions(connection, cell, installation.storage, doomed.id)
                uploads.forget_tenant(settings, installation.storage, doomed.id)
                receipt.files += installation.storage.delete_prefix(tenant_prefix(doomed.id))
                receipt.keys += _forget_keys(settings.redis_url, doomed.id)
                _remove_patiently(connection, cell, receipt)
            # An upload that had begun before the tenant was closed may have ended after all.
            uploads.forget_tenant(settings, installation.storage, doomed.id)
            receipt.files += installation.storage.delete_prefix(tenant_prefix(doomed.id))
            receipt.keys += _forget_keys(settings.redis_url, doomed.id)
            _forget(installation, directory, known[MAIN_CELL], doomed, receipt)
        finally:
            installation.close()
    return receipt


def _forget(
    installation: Installation,
    directory: OwnerConnection,
    main: Cell,
    doomed: TenantInfo,
    receipt: Receipt,
) -> None:
    """Removes the tenant from the directory, keeps the receipt, and has it mailed to the owners.

    Whoever was a member keeps their account. Of two who purge at once, one tells.
    """
    receipt.finished_at = datetime.now(UTC)
    with installation.identity_scope() as session:
        addresses = members.owners(session, doomed.id)
        with as_migrator(directory, main):
            receipt.rows |= _remove_from_directory(directory, doomed.id)
            if receipt.rows["directory.tenants"] == 0:
                return
            directory.execute(
                "INSERT INTO directory.purge_receipts (digest, finished_at, files, keys, rows)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [
                    bytes.fromhex(receipt.digest),
                    receipt.finished_at,
                    receipt.files,
                    receipt.keys,
                    Jsonb(receipt.rows),
                ],
            )
            # In one block with the removal: what cannot be mailed keeps nobody from being told.
            _tell_owners(installation, session, addresses, doomed.name, receipt)


def _tell_owners(
    installation: Installation,
    session: Session,
    addresses: Sequence[str],
    name: str,
    receipt: Receipt,
) -> None:
    if not addresses:
        return
    assert receipt.finished_at is not None
    values = {
        "digest": receipt.digest,
        "files": str(receipt.files),
        "keys": str(receipt.keys),
        "rows": str(sum(receipt.rows.values())),
        "tenant": name,
        "when": receipt.finished_at.strftime("%d %B %Y, %H:%M UTC"),
    }
    try:
        sealer = installation.keyring.people(session)
    except AutomatorError as error:
        _log.warning("the owners of a purged tenant cannot be told", error=str(error))
        return
    for address in addresses:
        mails.queue(session, sealer, to=address, kind=MailKind.TENANT_PURGED, values=values)


def _remove_from_directory(directory: OwnerConnection, tenant_id: UUID) -> dict[str, int]:
    """Removes every row about a tenant; sessions are people's, and only forget where they were."""
    tables = [table for (table,) in directory.execute(_DIRECTORY_TABLES).fetchall()]
    rows = {}
    for table in tables:
        query = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s")
        name = sql.Identifier("directory", table)
        counted = directory.execute(query.format(name), [tenant_id]).fetchone()
        rows[f"directory.{table}"] = counted[0] if counted is not None else 0
    gone = directory.execute("DELETE FROM directory.tenants WHERE id = %s", [tenant_id])
    for table in tables:  # most went with the tenant
        query = sql.SQL("DELETE FROM {} WHERE tenant_id = %s")
        directory.execute(query.format(sql.Identifier("directory", table)), [tenant_id])
    return {**rows, "directory.tenants": gone.rowcount}


def _stop(connection: OwnerConnection, cell: Cell, tenant_id: UUID, wait_seconds: float) -> None:
    """Suspends the tenant and waits until no worker holds a stage of it."""
    with as_migrator(connection, cell):
        connection.execute(
            "UPDATE cell.tenants SET suspended = true WHERE tenant_id = %s", [tenant_id]
        )
    deadline = time.monotonic() + wait_seconds
    while True:
        held = None
        with suppress(*_IN_THE_WAY), as_migrator(connection, cell):
            connection.execute(_LOCK_RUNS, [tenant_id])
            held = connection.execute(_STOP, {"tenant": tenant_id}).fetchone()
        if held is not None and held[0] == 0:
            return
        if time.monotonic() > deadline:
            raise Unavailable("stages of the tenant still run: purge it again to go on")
        time.sleep(0.1)


def _end_sessions(
    connection: OwnerConnection, cell: Cell, storage: Storage, tenant_id: UUID
) -> None:
    """Has the store take no more bytes for uploads of the tenant."""
    with as_migrator(connection, cell):
        sessions = connection.execute(
            "SELECT session FROM cell.uploads WHERE tenant_id = %s AND session IS NOT NULL",
            [tenant_id],
        ).fetchall()
    for (session,) in sessions:
        storage.end_session(session)


def _forget_keys(redis_url: str, tenant_id: UUID) -> int:
    """Removes the broker's keys that carry the tenant's id; how many there were."""
    removed = 0
    with Redis.from_url(redis_url, socket_timeout=30) as client:
        for name in (str(tenant_id), tenant_id.hex):
            for key in client.scan_iter(match=f"*{name}*", count=1000):
                removed += int(client.unlink(key))
    return removed


def _remove_patiently(connection: OwnerConnection, cell: Cell, receipt: Receipt) -> None:
    for attempt in range(_PATIENCE):
        try:
            with connection.transaction():
                receipt.rows = remove(connection, cell, receipt.tenant_id)
            return
        except _IN_THE_WAY as error:
            if attempt == _PATIENCE - 1:
                raise Unavailable(
                    "somebody holds the tenant's tables: purge it again to go on"
                ) from error


def remove(connection: OwnerConnection, cell: Cell, tenant_id: UUID) -> dict[str, int]:
    """Removes a tenant's rows, schema and role from a cell, inside the caller's transaction."""
    role = tenant_role(tenant_id)
    rows = {}
    with as_migrator(connection, cell):
        connection.execute(_LOCK_RUNS, [tenant_id])
        tables = connection.execute(_SHARED_TABLES).fetchall()
        for (table,) in tables:
            name = sql.Identifier("cell", table)
            counted = connection.execute(
                sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s").format(name), [tenant_id]
            ).fetchone()
            rows[f"cell.{table}"] = counted[0] if counted is not None else 0
        for (table,) in reversed(tables):  # the tenant's row first: most others go with it
            connection.execute(
                sql.SQL("DELETE FROM {} WHERE tenant_id = %s").format(
                    sql.Identifier("cell", table)
                ),
                [tenant_id],
            )
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(role)))
    # A role that owns or may do anything cannot be dropped; SET LOCAL ROLE lasts to the end of the
    # transaction, so it is taken back first.
    connection.execute("RESET ROLE")
    if connection.execute("SELECT to_regrole(%s)", [role]).fetchone() != (None,):
        connection.execute(
            sql.SQL(
                "GRANT {0} TO CURRENT_USER WITH INHERIT TRUE; DROP OWNED BY {0}; DROP ROLE {0}"
            ).format(sql.Identifier(role))
        )
    return rows
