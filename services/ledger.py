"""The ledger: what runs, what waits, who holds it, and how it ends.

The transitions themselves are functions of the database (models/migrations/cell); here are their
typed callers. Those that take a `Session` act under the tenant's role in the caller's
transaction; those that take a `Database` cross tenants and are a transaction of their own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from uuid import UUID, uuid4

from psycopg.errors import LockNotAvailable
from sqlalchemy import Row, TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import NotFound
from models.run import Run
from pipeline.plan.types import Graph

Held = Literal["held", "cancel", "lost"]
EndState = Literal["ready", "delayed", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one stage; `(stage_id, attempt, holder)` fences every write about it."""

    tenant_id: UUID
    run_id: UUID
    stage_id: UUID
    attempt: int
    holder: UUID
    more: bool


@dataclass(frozen=True, slots=True)
class Backlog:
    """One queue: how much waits and runs (counted up to a limit) and how many slots serve it."""

    queue: str
    state: str
    ready: int
    running: int
    slots: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep changed."""

    expired: int
    due: int
    repaired: int


@cache
def sql(statement: str) -> TextClause:
    """A statement, parsed once."""
    return text(statement)


def call(database: Database, statement: str, values: Mapping[str, object]) -> Sequence[Row[Any]]:
    """Run one statement of the closed list in a transaction of its own."""
    with database.engine.connect() as connection:
        # Autocommit saves the round trips of BEGIN and COMMIT.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        result = connection.execute(sql(statement), values)
        return result.all() if result.returns_rows else []


def claim(
    database: Database, queue: str, *, lease_seconds: float, versions: Sequence[str]
) -> Claim | None:
    """Take the next stage of a queue among tenants whose schema is at one of `versions`."""
    try:
        return _claim(database, queue, lease_seconds, versions, patient=True)
    except DBAPIError as error:
        # Somebody holds the event head of the tenant whose turn it is: others go first then.
        if getattr(error.orig, "sqlstate", None) != LockNotAvailable.sqlstate:
            raise
        return _claim(database, queue, lease_seconds, versions, patient=False)


def _claim(
    database: Database, queue: str, lease_seconds: float, versions: Sequence[str], *, patient: bool
) -> Claim | None:
    holder = uuid4()
    rows = call(
        database,
        "SELECT tenant_id, run_id, stage_id, attempt, more FROM cell.claim("
        ":queue, :holder, make_interval(secs => :lease), CAST(:versions AS text[]), :patient)",
        {
            "queue": queue,
            "holder": holder,
            "lease": lease_seconds,
            "versions": list(versions),
            "patient": patient,
        },
    )
    for row in rows:
        return Claim(row.tenant_id, row.run_id, row.stage_id, row.attempt, holder, row.more)
    return None


def finish(
    session: Session, held: Claim, result: Mapping[str, Any] | None, *, skipped: bool = False
) -> bool:
    """Record a result and open what waited for it; False when overtaken: then roll back.

    `skipped` says that nothing was made, and that the run goes on without it.
    """
    return bool(
        session.scalar(
            sql(
                "SELECT cell.finish(:stage, :attempt, :holder, :outcome, CAST(:result AS jsonb))",
            ),
            {
                **_fence(held),
                "outcome": "skipped" if skipped else "done",
                "result": None if result is None else json.dumps(result),
            },
        )
    )


def leave(
    session: Session,
    held: Claim,
    state: EndState,
    *,
    delay_seconds: float = 0.0,
    failures: int = 0,
    error: Mapping[str, Any] | None = None,
) -> bool:
    """End an attempt without a result; False when overtaken.

    Where a cancellation was asked for the stage ends cancelled, whatever `state` says.
    """
    return bool(
        session.scalar(
            sql(
                "SELECT cell.leave(:stage, :attempt, :holder, :state,"
                " make_interval(secs => :delay), :failures, CAST(:error AS jsonb))"
            ),
            {
                **_fence(held),
                "state": state,
                "delay": delay_seconds,
                "failures": failures,
                "error": None if error is None else json.dumps(error),
            },
        )
    )


def emit(session: Session, kind: str, data: Mapping[str, object]) -> None:
    """Tell the tenant's clients of something, in the order of the locks: after runs and stages."""
    session.execute(
        sql(
            "SELECT cell.emit(CAST(substr(CAST(current_user AS text), 3) AS uuid), :kind,"
            " NULL, NULL, CAST(:data AS jsonb))"
        ),
        {"kind": kind, "data": json.dumps(data)},
    )


def _fence(held: Claim) -> dict[str, object]:
    return {"stage": held.stage_id, "attempt": held.attempt, "holder": held.holder}


def insert_graph(session: Session, run: Run | UUID, graph: Graph) -> int:
    """Add those stages of a graph that the run does not have yet; returns how many.

    Also used to expand a run inside the transaction that finishes its probe: before `finish`.
    """
    run_id = run.id if isinstance(run, Run) else run
    # The run first: the order in which every transition takes its locks.
    row = session.execute(
        sql(
            "SELECT r.tenant_id, r.class, t.lane FROM cell.runs r"
            " JOIN cell.tenants t USING (tenant_id) WHERE r.id = :run FOR UPDATE OF r"
        ),
        {"run": run_id},
    ).one_or_none()
    if row is None:
        raise NotFound("there is no such run")
    known = _stages_of(session, run_id)
    fresh = [spec for spec in graph.stages if spec.name not in known]
    if not fresh:
        return 0
    settled = {name for name, (_, state) in known.items() if state in ("done", "skipped")}
    stages = [
        {
            "name": spec.name,
            "queue": str(spec.queue),
            "pending": sum(need not in settled for need in spec.needs),
            "version": spec.version,
            "options": spec.options.model_dump(mode="json"),
            "deadline_seconds": spec.deadline_seconds,
        }
        for spec in fresh
    ]
    ids = {name: stage for name, (stage, _) in known.items()}
    ids |= _insert_stages(session, run_id, row, stages)
    _insert_edges(session, row.tenant_id, [(ids[n], ids[s.name]) for s in fresh for n in s.needs])
    ready = [stage for stage in stages if stage["pending"] == 0]
    session.execute(
        sql(
            "UPDATE cell.runs SET unfinished = unfinished + :stages, active = active + :ready"
            " WHERE id = :run"
        ),
        {"run": run_id, "stages": len(stages), "ready": len(ready)},
    )
    for queue in sorted({str(stage["queue"]) for stage in ready}):
        session.execute(sql("SELECT pg_notify('ledger_ready', :queue)"), {"queue": queue})
    return len(stages)


def _stages_of(session: Session, run_id: UUID) -> dict[str, tuple[UUID, str]]:
    rows = session.execute(
        sql("SELECT name, id, state FROM cell.stage_runs WHERE run_id = :run"), {"run": run_id}
    )
    return {row.name: (row.id, row.state) for row in rows}


def _insert_stages(
    session: Session, run_id: UUID, run: Row[Any], stages: Sequence[Mapping[str, object]]
) -> dict[str, UUID]:
    rows = session.execute(
        sql(
            "INSERT INTO cell.stage_runs (tenant_id, run_id, lane, class, name, queue, state,"
            " pending, version, options, deadline_seconds, ready_at)"
            " SELECT :tenant, :run, :lane, :class, name, queue,"
            " CASE WHEN pending = 0 THEN 'ready' ELSE 'waiting' END,"
            " pending, version, options, deadline_seconds,"
            " CASE WHEN pending = 0 THEN clock_timestamp() END"
            " FROM jsonb_to_recordset(CAST(:stages AS jsonb)) AS s(name text, queue text,"
            " pending integer, version integer, options jsonb, deadline_seconds real)"
            " RETURNING name, id"
        ),
        {
            "tenant": run.tenant_id,
            "run": run_id,
            "lane": run.lane,
            "class": run._mapping["class"],
            "stages": json.dumps(stages),
        },
    )
    return {row.name: row.id for row in rows}


def _insert_edges(session: Session, tenant_id: UUID, edges: Sequence[tuple[UUID, UUID]]) -> None:
    if not edges:
        return
    needs, stages = zip(*edges, strict=True)
    session.execute(
        sql(
            "INSERT INTO cell.stage_edges (tenant_id, needs_id, stage_id)"
            " SELECT :tenant, * FROM unnest(CAST(:needs AS uuid[]), CAST(:stages AS uuid[]))"
        ),
        {"tenant": tenant_id, "needs": list(needs), "stages": list(stages)},
    )


def sweep(
    database: Database,
    *,
    lease_seconds: float,
    max_losses: int,
    repair: bool = False,
) -> Swept:
    """Return expired leases, wake what is due and, where asked, `repair` lost joins."""
    (row,) = call(
        database,
        "SELECT expired, due, repaired FROM cell.sweep("
        "make_interval(secs => :lease), :losses, :repair)",
        {"lease": lease_seconds, "losses": max_losses, "repair": repair},
    )
    return Swept(row.expired, row.due, row.repaired)


def backlog(database: Database, *, limit: int = 1000) -> list[Backlog]:
    """Every queue of a cell, counted up to `limit`."""
    rows = call(database, "SELECT * FROM cell.backlog(:limit) ORDER BY queue", {"limit": limit})
    return [Backlog(r.queue, r.state, r.ready, r.running, r.slots) for r in rows]


def switch_queue(database: Database, queue: str, *, paused: bool) -> None:
    """Pause a queue, so that nothing of it is claimed any more, or open it again."""
    values = {"queue": queue, "state": "paused" if paused else "open"}
    ((known,),) = call(database, "SELECT cell.switch_queue(:queue, :state)", values)
    if not known:
        raise NotFound(f"there is no queue {queue!r}")
