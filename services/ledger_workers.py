"""The ledger's side of those who do the work: who is alive, and what is due now and then."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from core.database import Database
from services.ledger import call


@dataclass(frozen=True, slots=True)
class PeriodicClaim:
    """One turn of a piece of periodic work."""

    name: str
    attempt: int
    holder: UUID


def worker_seen(
    database: Database, worker: UUID, *, host: str, pid: int, queues: Sequence[str], slots: int
) -> None:
    """Say that a worker is alive and serves these queues."""
    call(
        database,
        "SELECT cell.worker_seen(:worker, :host, :pid, CAST(:queues AS text[]), :slots)",
        {"worker": worker, "host": host, "pid": pid, "queues": list(queues), "slots": slots},
    )


def worker_gone(database: Database, worker: UUID) -> None:
    """Say that a worker takes nothing any more."""
    call(database, "SELECT cell.worker_gone(:worker)", {"worker": worker})


def claim_periodic(database: Database, *, lease_seconds: float) -> PeriodicClaim | None:
    """Take one piece of periodic work that is due."""
    holder = uuid4()
    rows = call(
        database,
        "SELECT name, attempt FROM cell.claim_periodic(:holder, make_interval(secs => :lease))",
        {"holder": holder, "lease": lease_seconds},
    )
    for row in rows:
        return PeriodicClaim(row.name, row.attempt, holder)
    return None


def renew_periodic(database: Database, held: PeriodicClaim, *, lease_seconds: float) -> bool:
    """Keep a piece of periodic work; False when it was overtaken."""
    ((kept,),) = call(
        database,
        "SELECT cell.renew_periodic(:name, :attempt, :holder, make_interval(secs => :lease))",
        {**_fence(held), "lease": lease_seconds},
    )
    return bool(kept)


def finish_periodic(database: Database, held: PeriodicClaim, *, error: str | None) -> bool:
    """End a turn; the next is due after the work's interval. False when overtaken."""
    ((ended,),) = call(
        database,
        "SELECT cell.finish_periodic(:name, :attempt, :holder, :error)",
        {**_fence(held), "error": error},
    )
    return bool(ended)


def prune_events(database: Database, *, age_seconds: float, limit: int) -> int:
    """Forget at most `limit` events that are older; returns how many."""
    ((count,),) = call(
        database,
        "SELECT cell.prune_events(make_interval(secs => :age), :limit)",
        {"age": age_seconds, "limit": limit},
    )
    return int(count)


def prune_idempotency_keys(database: Database, *, age_seconds: float, limit: int) -> int:
    """Forget at most `limit` answers that are older; returns how many."""
    ((count,),) = call(
        database,
        "SELECT cell.prune_idempotency_keys(make_interval(secs => :age), :limit)",
        {"age": age_seconds, "limit": limit},
    )
    return int(count)


def tenant_ids(database: Database, versions: Sequence[str]) -> list[UUID]:
    """The tenants whose schema is at one of `versions`."""
    rows = call(
        database,
        "SELECT * FROM cell.tenant_ids(CAST(:versions AS text[]))",
        {"versions": list(versions)},
    )
    return [row[0] for row in rows]


def _fence(held: PeriodicClaim) -> dict[str, object]:
    return {"name": held.name, "attempt": held.attempt, "holder": held.holder}
