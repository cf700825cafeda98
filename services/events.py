"""Events: what happened to a tenant's work, in order, and where a reader goes on.

A tenant's events are numbered in its ledger transactions. The row that counts them stays locked
until the commit, so that a number is never visible before the smaller ones, and none is left out.
What is read here relies on it, and says so where it does not hold.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self, get_args
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database import Database

# What `cell.emit` notifies while somebody watches: a tenant's id, once a transaction.
NOTIFIED: Final = "ledger_events"
Kind = Literal[
    "asset.updated", "asset.trashed", "asset.restored", "asset.deleted",
    "review.created", "review.updated", "review.commented", "review.decided", "review.withdrawn",
    "run.running", "run.updated", "run.done", "run.failed", "run.cancelled",
    "stage.ready", "stage.delayed", "stage.running", "stage.done", "stage.skipped",
    "stage.failed", "stage.cancelled",
]  # fmt: skip
KINDS: Final[tuple[str, ...]] = get_args(Kind)

_POSITION = re.compile(r"([0-9]{1,10})\.([0-9]{1,19})")
_MOST = (1 << 31) - 1, (1 << 63) - 1
_NOWHERE = -1

# One statement sees one moment: the head and the events belong together.
_READ = text("""
    SELECT h.epoch, h.seq AS head, e.*
      FROM cell.event_heads h
      LEFT JOIN LATERAL (
           SELECT seq, at, kind, run_id, stage_id, data FROM cell.events
            WHERE tenant_id = h.tenant_id AND seq > :seq AND h.epoch = :epoch
            ORDER BY seq LIMIT :limit) e ON true
     ORDER BY e.seq
""")
_WATCH = text("""
    UPDATE cell.event_heads SET watched_until = clock_timestamp() + make_interval(secs => :seconds)
""")
_IDENTITY = text("""
    SELECT s.system_identifier, d.oid
      FROM pg_control_system() s, pg_database d WHERE d.datname = current_database()
""")


@dataclass(frozen=True, slots=True)
class Position:
    """Behind which event a reader is; positions of one epoch are ordered by their number."""

    epoch: int
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.seq}"

    def precedes(self, other: Self) -> bool:
        """Whether another position of the same epoch is as far or further."""
        return self.epoch == other.epoch and self.seq <= other.seq

    @classmethod
    def parse(cls, given: str) -> Self | None:
        """What `str` made of a position; None for anything else."""
        match = _POSITION.fullmatch(given)
        if match is None:
            return None
        epoch, seq = int(match[1]), int(match[2])
        return cls(epoch, seq) if epoch <= _MOST[0] and seq <= _MOST[1] else None


@dataclass(frozen=True, slots=True)
class Happening:
    """One event."""

    seq: int
    at: datetime
    kind: str
    run_id: UUID | None
    stage_id: UUID | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Events that follow each other, and the position behind them; `more` may be there.

    `lost`: what came next after the position asked for is not kept any more, or never was. Then
    there are no events, and `end` is the newest.
    """

    events: Sequence[Happening]
    end: Position
    lost: bool = False
    more: bool = False


def read(session: Session, after: Position | None, *, limit: int) -> Page:
    """At most `limit` events after a position; after None, no events and the newest position."""
    asked = after or Position(_NOWHERE, _NOWHERE)
    rows = session.execute(_READ, {"epoch": asked.epoch, "seq": asked.seq, "limit": limit}).all()
    epoch, head = rows[0].epoch, rows[0].head
    events: list[Happening] = []
    for row in rows:
        # A hole is where an event was forgotten out of turn: the next page will begin with it.
        if row.seq != asked.seq + len(events) + 1:
            break
        events.append(
            Happening(row.seq, row.at, row.kind, row.run_id, row.stage_id, dict(row.data))
        )
    if events:
        end = Position(epoch, events[-1].seq)
        return Page(events, end, more=end.seq < head)
    newest = Position(epoch, head)
    return Page((), newest, lost=after not in (None, newest))


def watch(session: Session, seconds: float) -> None:
    """Have commits notify of the tenant's events for so long; read after it, and none is missed.

    It waits for a commit that is just going on, of which nobody would be told.
    """
    session.execute(_WATCH, {"seconds": seconds})


def channel(database: Database) -> str:
    """Where Valkey's subscribers are woken for the events of a cell.

    It is the database's own name for itself, because programs may reach it by different addresses.
    """
    with database.transaction() as connection:
        server, number = connection.execute(_IDENTITY).one()
    place = hashlib.sha256(f"{server}/{number}".encode()).hexdigest()[:12]
    return f"automator:{place}:events"
