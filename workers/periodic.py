"""Work that is due now and then: rows of the ledger, claimed like stages, run by any worker."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy import text

from core.database import Database
from core.keys import tenant_prefix
from core.logging import get_logger
from core.storage import Storage
from services import ledger_workers
from services.ledger_workers import PeriodicClaim

_log = get_logger(__name__)

LEASE_SECONDS = 60.0
EVENTS_SECONDS = 24 * 3600.0
COLLECT_SECONDS = 24 * 3600.0
_BITE = 5000

_SUPERSEDED = text("""
    DELETE FROM artifacts
     WHERE superseded_at < clock_timestamp() - make_interval(secs => :age)
       AND run_id NOT IN (SELECT id FROM cell.runs WHERE state IN ('running', 'cancelling'))
    RETURNING storage_key
""")
_KNOWN = text("SELECT storage_key FROM artifacts WHERE storage_key = ANY (:keys)")


def run_due(database: Database, storage: Storage, versions: Sequence[str]) -> list[str]:
    """Do what is due in a cell; returns its names."""
    done = []
    while (
        held := ledger_workers.claim_periodic(database, lease_seconds=LEASE_SECONDS)
    ) is not None:
        error = None
        try:
            for _ in _JOBS[held.name](database, storage, versions):
                if not _keep(database, held):
                    break
        except Exception as problem:  # noqa: BLE001 — it is told, and tried again when next due
            error = f"{type(problem).__name__}: {problem}".split("\n", 1)[0]
            _log.error("periodic work failed", name=held.name, exc_info=problem)
        ledger_workers.finish_periodic(database, held, error=error)
        done.append(held.name)
    return done


def _keep(database: Database, held: PeriodicClaim) -> bool:
    return ledger_workers.renew_periodic(database, held, lease_seconds=LEASE_SECONDS)


def prune_events(database: Database, _storage: Storage, _versions: Sequence[str]) -> Iterator[None]:
    """Forget events of more than a day ago, a bite at a time."""
    while ledger_workers.prune_events(database, age_seconds=EVENTS_SECONDS, limit=_BITE) == _BITE:
        yield


def collect_artifacts(
    database: Database, storage: Storage, versions: Sequence[str]
) -> Iterator[None]:
    """Remove files of attempts that were not chosen, and those superseded, a day later."""
    for tenant_id in ledger_workers.tenant_ids(database, versions):
        collect_tenant(database, storage, tenant_id)
        yield
    storage.sweep_incoming(COLLECT_SECONDS)


def collect_tenant(
    database: Database, storage: Storage, tenant_id: UUID, *, age: float = COLLECT_SECONDS
) -> int:
    """The same for one tenant; returns the number of files removed. `age` is in seconds."""
    with database.tenant_scope(tenant_id) as session:
        removed = list(session.scalars(_SUPERSEDED, {"age": age}))
    for key in removed:
        storage.delete(key)
    for prefix, keys in _old_attempts(storage, tenant_id, time.time() - age):
        with database.tenant_scope(tenant_id) as session:
            if session.scalars(_KNOWN, {"keys": keys}).first() is not None:
                continue
        storage.delete_prefix(prefix)
        removed += keys
    return len(removed)


def _old_attempts(
    storage: Storage, tenant_id: UUID, before: float
) -> Iterator[tuple[str, list[str]]]:
    """Folders of attempts with nothing in them younger than `before` (seconds since 1970)."""
    found: dict[str, tuple[list[str], float]] = {}
    root = tenant_prefix(tenant_id)
    for stored in storage.list(root):
        parts = stored.key.removeprefix(f"{root}/").split("/")
        # stage / digest / attempt / file …; what was uploaded lies elsewhere and stays.
        if parts[0] == "sources" or len(parts) < 4:
            continue
        keys, youngest = found.setdefault("/".join((root, *parts[:3])), ([], 0.0))
        keys.append(stored.key)
        found["/".join((root, *parts[:3]))] = (keys, max(youngest, stored.modified))
    for prefix, (keys, youngest) in found.items():
        if youngest < before:
            yield prefix, keys


_JOBS: Mapping[str, Callable[[Database, Storage, Sequence[str]], Iterator[None]]] = {
    "prune_events": prune_events,
    "collect_artifacts": collect_artifacts,
}
