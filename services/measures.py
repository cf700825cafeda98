"""What is measured of an installation, beyond what each program counts of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from core.database import Database
from services.ledger import call

# Counts of rows stop here: a queue this deep is deep, and a scrape may not be a load itself.
COUNTED = 10_000
NAMED_TENANTS = 20


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of the ledger; `part` is a queue or periodic work, `class_` may be none."""

    name: str
    part: str
    class_: int | None
    value: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tenant has used since it was made; without an id, what all others have together."""

    tenant_id: UUID | None
    uploaded_bytes: int
    media_seconds: float


def ledger(database: Database, *, limit: int = COUNTED) -> list[Measure]:
    """Depths, ages, slots, workers and periodic work of a cell; counts stop at `limit`."""
    statement = "SELECT measure, part, class, value FROM cell.measures(:limit)"
    return [
        Measure(row.measure, row.part, row._mapping["class"], row.value)
        for row in call(database, statement, {"limit": limit})
    ]


def usage(database: Database, *, named: int = NAMED_TENANTS) -> list[Usage]:
    """What tenants have used; those `named` who used most, by bytes and by seconds, alone."""
    statement = "SELECT tenant_id, uploaded_bytes, media_seconds FROM cell.usage_by_tenant(:named)"
    return [
        Usage(row.tenant_id, row.uploaded_bytes, row.media_seconds)
        for row in call(database, statement, {"named": named})
    ]


def slugs(directory: Database, tenants: Sequence[UUID]) -> dict[UUID, str]:
    """The names by which people know tenants; those that are gone have none."""
    statement = (
        "SELECT f.id, f.slug FROM unnest(CAST(:ids AS text[])) i"
        " CROSS JOIN LATERAL directory.find_tenant(i) f"
    )
    rows = call(directory, statement, {"ids": [str(tenant) for tenant in tenants]})
    return {row.id: row.slug for row in rows}


def revision(database: Database, branch: str) -> str | None:
    """The revision of a shared branch in a database: `cell`, or `directory`.

    Raises ProgrammingError where it is so old that it cannot be asked.
    """
    statement = {
        "cell": "SELECT cell.revision()",
        "directory": "SELECT directory.revision()",
    }[branch]
    with database.transaction() as connection:
        found = connection.scalar(text(statement))
    return None if found is None else str(found)
