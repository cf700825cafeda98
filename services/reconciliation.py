"""Storage held against rows, both ways: what is missing, of another size, or nobody's.

Two streams in the order of keys are merged, so that memory does not grow with what there is. What
looks wrong is looked at once more before it counts, because the two were not read at one moment.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import text

from core.database import Database
from core.errors import NotFound
from core.keys import tenant_prefix
from core.spool import remove_idle, spooled_bytes
from core.storage import Storage, StoredObject

GRACE_SECONDS: Final = 24 * 3600.0
_STEP: Final = 1000
_PAGE: Final = 10_000
_EXAMPLES: Final = 100

Kind = Literal["missing", "wrong_size", "unknown", "upload_lost", "upload_unknown"]

# Bytes of keys, not words: storage lists them in that order, whatever the database's language is.
# Each page reads all rows behind it. A cursor would not, and would keep a transaction open while a
# store is asked; a further index would cost every artifact for what is done once a day.
_ROWS = text("""
    SELECT storage_key AS key, bytes FROM (
        SELECT storage_key, bytes FROM assets UNION ALL SELECT storage_key, bytes FROM artifacts) k
     WHERE storage_key COLLATE "C" > :after ORDER BY storage_key COLLATE "C" LIMIT :page
""")
_ROW = text("""
    SELECT bytes FROM assets WHERE storage_key = :key
     UNION ALL SELECT bytes FROM artifacts WHERE storage_key = :key LIMIT 1
""")
# The bytes of a direct upload lie there before there is an asset, and archives are of no asset.
_EXPECTED = text("""
    SELECT (SELECT count(*) FROM cell.uploads
             WHERE direct AND run_id IS NULL AND expires_at > clock_timestamp()
               AND 'tenants/' || tenant_id || '/sources/' || id || '/original' = :key)
         + (SELECT count(*) FROM cell.stage_runs
             WHERE run_id = CASE WHEN :key ~ '^tenants/[0-9a-f-]{36}/exports/[0-9a-f-]{36}/'
                                 THEN split_part(:key, '/', 4)::uuid END
               AND name = 'archive' AND state = 'done')
""")
_UPLOADS = text("SELECT id, received FROM cell.uploads WHERE sha256 IS NULL")
_UPLOAD = text("SELECT received FROM cell.uploads WHERE id = :upload AND sha256 IS NULL")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be; an upload's key is its id."""

    tenant_id: UUID
    kind: Kind
    key: str


@dataclass(slots=True)
class Report:
    """What was found; of each thing wrong its count, and the first hundred by name."""

    rows: int = 0
    objects: int = 0
    missing: int = 0
    wrong_size: int = 0
    unknown: int = 0
    upload_lost: int = 0
    upload_unknown: int = 0
    removed: int = 0
    examples: list[Finding] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Things that somebody would miss."""
        return self.missing + self.wrong_size + self.upload_lost

    @property
    def left(self) -> int:
        """Things that are nobody's and are still there."""
        return self.unknown + self.upload_unknown - self.removed

    def add(self, finding: Finding) -> None:
        """Count one more."""
        setattr(self, finding.kind, getattr(self, finding.kind) + 1)
        if len(self.examples) < _EXAMPLES:
            self.examples.append(finding)


def check(
    database: Database,
    storage: Storage,
    spool: Path,
    tenant_id: UUID,
    report: Report,
    *,
    grace: float = GRACE_SECONDS,
    fix: bool = False,
) -> Iterator[int]:
    """Hold a tenant's storage against its rows; yields now and then, how many things it looked at.

    What is younger than `grace` seconds may be on its way, and is nobody's mistake. With `fix`,
    what is nobody's is removed. What is missing is only told: a store that was mounted at the
    wrong place must not cost a row.
    """
    looked = 0
    stored = _in_order(storage.list(tenant_prefix(tenant_id)))
    for key, row, found in _merged(_rows(database, tenant_id), stored):
        report.rows += row is not None
        report.objects += found is not None
        wrong = _suspected(row, found, time.time() - grace) and _judged(
            database, storage, tenant_id, key, time.time() - grace
        )
        if wrong:
            report.add(Finding(tenant_id, wrong, key))
            if fix and wrong == "unknown":
                storage.delete(key)
                report.removed += 1
        looked += 1
        if looked % _STEP == 0:
            yield _STEP
    yield from _uploads(database, spool / str(tenant_id), tenant_id, report, grace, fix=fix)
    yield looked % _STEP


def _rows(database: Database, tenant_id: UUID) -> Iterator[Any]:
    """The keys of all rows, and the bytes that they tell of; no transaction stays open."""
    after = ""
    while True:
        with database.tenant_scope(tenant_id) as session:
            found = session.execute(_ROWS, {"after": after, "page": _PAGE}).all()
        yield from found
        if len(found) < _PAGE:
            return
        after = found[-1].key


def _merged(
    rows: Iterator[Any], stored: Iterator[StoredObject]
) -> Iterator[tuple[str, int | None, StoredObject | None]]:
    """Each key once, with the bytes that its row tells and with what is stored, if they are."""
    row, found = next(rows, None), next(stored, None)
    while row is not None or found is not None:
        if found is None or (row is not None and row.key < found.key):
            assert row is not None
            yield row.key, row.bytes, None
            row = next(rows, None)
        elif row is None or found.key < row.key:
            yield found.key, None, found
            found = next(stored, None)
        else:
            yield row.key, row.bytes, found
            row, found = next(rows, None), next(stored, None)


def _in_order(stored: Iterator[StoredObject]) -> Iterator[StoredObject]:
    before = ""
    for one in stored:
        if one.key <= before:
            raise RuntimeError(f"the store lists {one.key} behind {before}")
        before = one.key
        yield one


def _suspected(row: int | None, found: StoredObject | None, before: float) -> bool:
    if found is None or (row is not None and row != found.bytes):
        return True
    return row is None and found.modified < before


def _judged(
    database: Database, storage: Storage, tenant_id: UUID, key: str, before: float
) -> Kind | None:
    """What is wrong with a key, as it is now."""
    with database.tenant_scope(tenant_id) as session:
        known = session.scalar(_ROW, {"key": key})
        expected = known is None and session.scalar(_EXPECTED, {"key": key})
    try:
        there = storage.stat(key)
    except NotFound:
        return None if known is None else "missing"
    if known is None:
        return "unknown" if there.modified < before and not expected else None
    return None if known == there.bytes else "wrong_size"


def _uploads(
    database: Database, folder: Path, tenant_id: UUID, report: Report, grace: float, *, fix: bool
) -> Iterator[int]:
    """The same for files on their way in, where they are spooled on a disk of ours."""
    with database.tenant_scope(tenant_id) as session:
        known = {str(row.id): row.received for row in session.execute(_UPLOADS)}
    names = (path.name for path in folder.iterdir()) if folder.is_dir() else iter(())
    while batch := list(islice(names, _STEP)):
        for name in batch:
            if name not in known and _idle(folder / name, grace):
                report.add(Finding(tenant_id, "upload_unknown", name))
                if fix:
                    report.removed += remove_idle(folder / name, age_seconds=grace)
        yield len(batch)
    for name, received in known.items():
        if spooled_bytes(folder / name) < received:
            with database.tenant_scope(tenant_id) as session:
                now = session.scalar(_UPLOAD, {"upload": name})
            if now is not None and spooled_bytes(folder / name) < now:
                report.add(Finding(tenant_id, "upload_lost", name))
        yield 0


def _idle(folder: Path, age: float) -> bool:
    try:
        youngest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return False
    return youngest < time.time() - age


def strangers(storage: Storage, known: set[UUID]) -> Iterator[tuple[str, int]]:
    """The names below `tenants` that are no tenant's, each with how many objects it has."""
    ids = {str(tenant_id) for tenant_id in known}
    name, count = "", 0
    for stored in storage.list("tenants"):
        owner = stored.key.split("/", 2)[1]
        if owner != name:
            if count and name not in ids:
                yield name, count
            name, count = owner, 0
        count += 1
    if count and name not in ids:
        yield name, count
