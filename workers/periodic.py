"""Work that is due now and then: rows of the ledger, claimed like stages, run by any worker."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from core.database import Database
from core.errors import Conflict
from core.keys import tenant_prefix
from core.logging import get_logger
from core.settings import get_settings
from core.storage import Storage, StoredObject
from services import (
    audit,
    deliveries,
    export_runs,
    idempotency,
    imports,
    ledger_workers,
    reconciliation,
    sessions,
    tickets,
    trash,
    uploads,
)
from services.ledger_workers import PeriodicClaim

_log = get_logger(__name__)

LEASE_SECONDS = 60.0
_RENEW_SECONDS = 5.0
EVENTS_SECONDS = 24 * 3600.0
COLLECT_SECONDS = 24 * 3600.0
_BITE = 5000

_SUPERSEDED = text("""
    DELETE FROM artifacts
     WHERE superseded_at < clock_timestamp() - make_interval(secs => :age)
       AND run_id NOT IN (SELECT id FROM cell.runs WHERE state IN ('running', 'cancelling'))
    RETURNING storage_key
""")
_KNOWN = text("""
    SELECT storage_key FROM artifacts WHERE storage_key = ANY (:keys)
     UNION ALL SELECT storage_key FROM assets WHERE storage_key = ANY (:keys)
     UNION ALL SELECT id::text FROM cell.uploads
      WHERE direct AND run_id IS NULL AND expires_at > clock_timestamp() AND id = ANY (:uploads)
     UNION ALL SELECT run_id::text FROM cell.stage_runs
      WHERE run_id = ANY (:exports) AND name = 'archive' AND state = 'done'
        AND finished_at > clock_timestamp() - make_interval(secs => :kept)
""")


def run_due(
    database: Database, storage: Storage, spool: Path, versions: Sequence[str]
) -> list[str]:
    """Do what is due in a cell; returns its names. `spool` is the folder of uploads."""
    done = []
    while (
        held := ledger_workers.claim_periodic(database, lease_seconds=LEASE_SECONDS)
    ) is not None:
        error = None
        renewed_at = time.monotonic()
        try:
            for _ in _JOBS[held.name](database, storage, spool, versions):
                if time.monotonic() - renewed_at >= _RENEW_SECONDS:
                    renewed_at = time.monotonic()
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


def prune_events(
    database: Database, _storage: Storage, _spool: Path, _versions: Sequence[str]
) -> Iterator[None]:
    """Forget events of more than a day ago, a bite at a time."""
    while ledger_workers.prune_events(database, age_seconds=EVENTS_SECONDS, limit=_BITE) == _BITE:
        yield


def collect_artifacts(
    database: Database, storage: Storage, _spool: Path, versions: Sequence[str]
) -> Iterator[None]:
    """Remove, a day later, files that were not chosen, were superseded, or belong to no asset.

    What goes wrong with one tenant is told at the end and keeps no other waiting.
    """
    tenants = ledger_workers.tenant_ids(database, versions)
    yield from _each(tenants, lambda tenant_id: collect_tenant(database, storage, tenant_id))
    storage.sweep_incoming(COLLECT_SECONDS)


def prune_idempotency_keys(
    database: Database, _storage: Storage, _spool: Path, _versions: Sequence[str]
) -> Iterator[None]:
    """Forget answers of more than a day ago, a bite at a time."""
    age = idempotency.KEPT.total_seconds()
    while ledger_workers.prune_idempotency_keys(database, age_seconds=age, limit=_BITE) == _BITE:
        yield


def prune_audit(
    database: Database, _storage: Storage, _spool: Path, _versions: Sequence[str]
) -> Iterator[None]:
    """Forget entries of the audit log that are older than AUDIT_DAYS, a bite at a time."""
    while audit.prune(database, days=get_settings().audit_days, limit=_BITE) == _BITE:
        yield


def prune_deliveries(
    database: Database, _storage: Storage, _spool: Path, _versions: Sequence[str]
) -> Iterator[None]:
    """Forget deliveries to webhooks of more than a month ago, a bite at a time."""
    while deliveries.prune(database, age_seconds=deliveries.KEPT_SECONDS, limit=_BITE) == _BITE:
        yield


def collect_trash(
    database: Database, storage: Storage, _spool: Path, versions: Sequence[str]
) -> Iterator[None]:
    """Remove what has been in the trash for thirty days."""
    tenants = ledger_workers.tenant_ids(database, versions)
    yield from _each(tenants, lambda tenant_id: trash.collect(database, storage, tenant_id))


def reconcile_storage(
    database: Database, storage: Storage, spool: Path, versions: Sequence[str]
) -> Iterator[None]:
    """Hold every tenant's storage against its rows. Raises Conflict where something is lost."""
    report = reconciliation.Report()
    tenants = ledger_workers.tenant_ids(database, versions)
    yield from _each(
        tenants, lambda tenant_id: reconciliation.check(database, storage, spool, tenant_id, report)
    )
    for found in report.examples:
        _log.warning(
            "storage and rows differ",
            tenant=str(found.tenant_id), kind=found.kind, key=found.key,
        )  # fmt: skip
    _log.info(
        "storage was held against rows",
        rows=report.rows, objects=report.objects, missing=report.missing,
        wrong_size=report.wrong_size, unknown=report.unknown, upload_lost=report.upload_lost,
        upload_unknown=report.upload_unknown,
    )  # fmt: skip
    if report.lost:
        raise Conflict(
            f"{report.missing} files are missing, {report.wrong_size} have another size,"
            f" {report.upload_lost} uploads have lost bytes: `automator storage check` names them"
        )


def collect_uploads(
    database: Database, storage: Storage, spool: Path, versions: Sequence[str]
) -> Iterator[None]:
    """Remove what expired uploads and imports have left."""
    tenants = ledger_workers.tenant_ids(database, versions)

    def collect(tenant_id: UUID) -> Iterator[int]:
        yield from uploads.collect(database, storage, spool, tenant_id)
        yield from imports.collect(database, tenant_id)

    yield from _each(tenants, collect)


def collect_people(
    database: Database, _storage: Storage, _spool: Path, _versions: Sequence[str]
) -> Iterator[None]:
    """Forget unfollowed links, ended sessions and answers of a day ago, a bite at a time."""
    for collect in (tickets.collect, sessions.collect, idempotency.collect):
        gone = _BITE
        while gone == _BITE:
            with database.identity_scope() as session:
                gone = collect(session, limit=_BITE)
            yield


def _each(tenants: Sequence[UUID], collect: Callable[[UUID], Iterator[int]]) -> Iterator[None]:
    problems: list[Exception] = []
    for tenant_id in tenants:
        try:
            for _ in collect(tenant_id):
                yield
        except Exception as problem:  # noqa: BLE001 — raised below
            _log.error("a tenant's files were not collected", tenant=str(tenant_id), exc_info=True)
            problems.append(problem)
    if problems:
        raise ExceptionGroup("files of some tenants were not collected", problems)


def collect_tenant(
    database: Database, storage: Storage, tenant_id: UUID, *, age: float = COLLECT_SECONDS
) -> Iterator[int]:
    """The same for one tenant, in small steps; yields how many files each of them removed.

    `age` is in seconds.
    """
    with database.tenant_scope(tenant_id) as session:
        superseded = list(session.scalars(_SUPERSEDED, {"age": age}))
    for key in superseded:
        storage.delete(key)
        yield 1
    root, before = tenant_prefix(tenant_id), time.time() - age
    # In the order of keys, what one attempt or one upload left lies together.
    for prefix, group in groupby(storage.list(root), lambda stored: _folder(root, stored)):
        objects = list(group)
        yield 0
        if prefix is None or max(stored.modified for stored in objects) >= before:
            continue
        with database.tenant_scope(tenant_id) as session:
            keys = [stored.key for stored in objects]
            # A direct upload may still be completed, and an archive is kept for some days.
            asked = {
                "keys": keys,
                "uploads": _named(root, prefix, "sources"),
                "exports": _named(root, prefix, "exports"),
                "kept": export_runs.KEPT.total_seconds(),
            }
            if session.scalars(_KNOWN, asked).first() is not None:
                continue
        storage.delete_prefix(prefix)
        yield len(objects)


def _folder(root: str, stored: StoredObject) -> str | None:
    """What one attempt or one upload put into storage; None for what lies above such."""
    parts = stored.key.removeprefix(f"{root}/").split("/")
    # sources / asset / file …, or stage / digest / attempt / file …
    depth = 2 if parts[0] == "sources" else 3
    return "/".join((root, *parts[:depth])) if len(parts) > depth else None


def _named(root: str, prefix: str, kind: str) -> list[UUID]:
    """The upload, or the export, that the folder is named by, if it is one's."""
    parts = prefix.removeprefix(f"{root}/").split("/")
    with suppress(ValueError):
        if parts[0] == kind:
            return [UUID(parts[1])]
    return []


_JOBS: Mapping[str, Callable[[Database, Storage, Path, Sequence[str]], Iterator[None]]] = {
    "prune_events": prune_events,
    "collect_artifacts": collect_artifacts,
    "collect_people": collect_people,
    "collect_uploads": collect_uploads,
    "collect_trash": collect_trash,
    "prune_audit": prune_audit,
    "prune_deliveries": prune_deliveries,
    "prune_idempotency_keys": prune_idempotency_keys,
    "reconcile_storage": reconcile_storage,
}
