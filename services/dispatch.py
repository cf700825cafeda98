"""Dispatch: deliveries on their way to webhooks.

A courier holds a webhook while it sends to it. In one transaction it makes deliveries of what has
happened since, and takes those that are due; it posts them one after another with no transaction
open, and records each. So a webhook gets every event at least once, first in their order.
"""

import base64
import hmac
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import insert, text, update
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import LeaseLost
from core.posting import Posted
from core.sealing import Sealer
from models.webhook import Delivery, Webhook
from services import webhooks
from services.deliveries import body_of
from services.disabling import Disabled, disable
from services.ledger import call, sql
from services.webhooks import KINDS

LEASE_SECONDS: Final = 60.0
PER_TENANT: Final = 4
# Pauses of one delivery, in seconds: seven tries within a day.
PAUSES: Final = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0)
# A webhook that fails is left alone for a while, whatever waits; so long at most.
_LONGEST_REST: Final = 300.0
_LONGEST_AFTER: Final = 6 * 3600.0
_JITTER: Final = 0.2
# A webhook that has failed for so long, without one success, is disabled.
GIVE_UP_SECONDS: Final = 3 * 24 * 3600.0
_EVENTS: Final = 500
_GONE: Final = 410
_BUSY: Final = (429, 503)

_READ = text("""
    SELECT h.seq AS head, e.* FROM cell.event_heads h
      LEFT JOIN LATERAL (
           SELECT seq, at, kind, run_id, stage_id, data FROM cell.events
            WHERE tenant_id = h.tenant_id AND seq > :seq ORDER BY seq LIMIT :limit) e ON true
     ORDER BY e.seq
""")
_AGAIN = text("""
    SELECT id, kind, body, tries FROM cell.deliveries
     WHERE webhook_id = :id AND state = 'waiting' AND tries > 0 AND due_at <= clock_timestamp()
     ORDER BY due_at LIMIT 5
""")
_FRESH = text("""
    SELECT id, kind, body, tries FROM cell.deliveries
     WHERE webhook_id = :id AND state = 'waiting' AND tries = 0
     ORDER BY seq NULLS FIRST, id LIMIT 20
""")


@dataclass(frozen=True, slots=True)
class Held:
    """A webhook that is held; `(webhook_id, holder)` fences what is recorded."""

    tenant_id: UUID
    webhook_id: UUID
    holder: UUID


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery to be made; `id` is the same whenever it is tried."""

    id: UUID
    kind: str
    body: bytes
    tries: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What is due at one webhook, in order."""

    url: str
    secrets: Sequence[bytes] = field(repr=False)
    due: Sequence[Due] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try went: an answer, or why there was none."""

    seconds: float
    posted: Posted | None = None
    error: str | None = None

    @property
    def good(self) -> bool:
        """Whether the event was taken."""
        return self.posted is not None and 200 <= self.posted.status < 300


def backlog(database: Database, *, limit: int) -> int:
    """How many webhooks of a cell have something to send, counted up to `limit`."""
    (row,) = call(database, "SELECT cell.webhook_backlog(:limit) AS found", {"limit": limit})
    return int(row.found)


def claim(database: Database, versions: Sequence[str]) -> Held | None:
    """Hold the webhook that has waited longest of those with something to send."""
    holder = uuid4()
    rows = call(
        database,
        "SELECT tenant_id, webhook_id FROM cell.claim_webhook(:holder,"
        " make_interval(secs => :lease), CAST(:versions AS text[]), :most)",
        {
            "holder": holder,
            "lease": LEASE_SECONDS,
            "versions": list(versions),
            "most": PER_TENANT,
        },
    )
    for row in rows:
        return Held(row.tenant_id, row.webhook_id, holder)
    return None


def take(session: Session, sealer: Sealer, held: Held) -> Batch | None:
    """What is due, with what has just happened; None where the webhook is held no more."""
    row = session.execute(
        sql(
            "SELECT url, kinds, seq, secret, CASE WHEN old_until > clock_timestamp()"
            " THEN old_secret END AS old FROM cell.webhooks WHERE id = :id AND holder = :holder"
            " AND state = 'enabled' FOR UPDATE"
        ),
        {"id": held.webhook_id, "holder": held.holder},
    ).one_or_none()
    if row is None:
        return None
    _make(session, held, row.seq, row.kinds)
    due = [
        Due(one.id, one.kind, one.body.encode(), one.tries)
        for statement in (_AGAIN, _FRESH)
        for one in session.execute(statement, {"id": held.webhook_id})
    ]
    where = webhooks.context(held.webhook_id)
    secrets = [sealer.open(bytes(one), where) for one in (row.secret, row.old) if one is not None]
    return Batch(row.url, secrets, due)


def _make(session: Session, held: Held, seq: int, kinds: Sequence[str]) -> None:
    """Make deliveries of the events behind `seq`, and go on behind them."""
    rows = session.execute(_READ, {"seq": seq, "limit": _EVENTS}).all()
    events = [row for row in rows if row.seq is not None]
    last = events[-1].seq if events else rows[0].head
    if last <= seq:
        return
    wanted = set(kinds) & set(KINDS)
    made = [
        {
            "tenant_id": held.tenant_id,
            "webhook_id": held.webhook_id,
            "seq": event.seq,
            "kind": event.kind,
            "body": body_of(event.kind, event.at, event.run_id, event.data),
        }
        for event in events
        if event.kind in wanted
    ]
    if made:
        session.execute(insert(Delivery), made)
    session.execute(update(Webhook).where(Webhook.id == held.webhook_id).values(seq=last))


def headers_of(delivery: Due, secrets: Sequence[bytes]) -> dict[str, str]:
    """What identifies and signs a message, as of now."""
    name, at = f"msg_{delivery.id.hex}", str(int(time.time()))
    signed = f"{name}.{at}.".encode() + delivery.body
    signatures = (
        base64.b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets
    )
    return {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": at,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }


@dataclass(frozen=True, slots=True)
class Recorded:
    """Whether more may be sent there now, and the disabling that the owners are to be told of."""

    go_on: bool
    disabled: Disabled | None = None


def record(session: Session, held: Held, delivery: Due, outcome: Outcome) -> Recorded:
    """Write down how a try went, and hold the webhook on.

    Raises LeaseLost where somebody else holds it: then nothing is written.
    """
    posted = outcome.posted
    gone = posted is not None and posted.status == _GONE
    pause = _pause(delivery, outcome)
    state = "done" if outcome.good else "failed" if gone or pause is None else "waiting"
    session.execute(
        sql("""
            UPDATE cell.deliveries
               SET state = :state, attempts = attempts + 1, tries = tries + 1,
                   tried_at = clock_timestamp(), status = :status, response = :response,
                   seconds = :seconds, error = :error,
                   due_at = clock_timestamp() + make_interval(secs => :pause)
             WHERE id = :id
        """),
        {
            "id": delivery.id,
            "state": state,
            "status": posted.status if posted else None,
            "response": posted.excerpt if posted else None,
            "seconds": outcome.seconds,
            "error": outcome.error,
            "pause": pause or 0.0,
        },
    )
    row = session.execute(
        sql("""
            UPDATE cell.webhooks
               SET lease_until = clock_timestamp() + make_interval(secs => :lease),
                   failures = CASE WHEN :good THEN 0 ELSE failures + 1 END,
                   failing_since = CASE WHEN :good THEN NULL
                                        ELSE coalesce(failing_since, clock_timestamp()) END
             WHERE id = :id AND holder = :holder
            RETURNING failures, failing_since < clock_timestamp() - make_interval(secs => :patience)
                   AS hopeless
        """),
        {
            "id": held.webhook_id,
            "holder": held.holder,
            "lease": LEASE_SECONDS,
            "good": outcome.good,
            "patience": GIVE_UP_SECONDS,
        },
    ).one_or_none()
    if row is None:
        raise LeaseLost("somebody else sends to this webhook")
    if outcome.good:
        return Recorded(go_on=True)
    if gone or row.hopeless:
        reason = "the server answered 410" if gone else "it failed for days"
        return Recorded(go_on=False, disabled=disable(session, held.webhook_id, reason))
    _rest(session, held, row.failures, _after(outcome))
    return Recorded(go_on=False)


def release(session: Session, held: Held) -> None:
    """Let a webhook go, until the next of its deliveries is due."""
    known = {"id": held.webhook_id, "holder": held.holder}
    # First the lock: only a statement after it sees what was asked for meanwhile.
    lock = "SELECT id FROM cell.webhooks WHERE id = :id AND holder = :holder FOR UPDATE"
    if session.execute(sql(lock), known).one_or_none() is None:
        return
    session.execute(
        sql("""
            UPDATE cell.webhooks SET holder = NULL, lease_until = NULL,
                   due_at = (SELECT min(d.due_at) FROM cell.deliveries d
                              WHERE d.webhook_id = :id AND d.state = 'waiting')
             WHERE id = :id AND holder = :holder
        """),
        known,
    )


def _pause(delivery: Due, outcome: Outcome) -> float | None:
    """How long until the next try, in seconds; None where there is none."""
    if outcome.good or delivery.tries >= len(PAUSES):
        return None
    return max(_varied(PAUSES[delivery.tries]), _after(outcome))


def _after(outcome: Outcome) -> float:
    """The pause that a busy server asks for, in seconds."""
    posted = outcome.posted
    if posted is None or posted.status not in _BUSY or posted.retry_after is None:
        return 0.0
    return min(posted.retry_after, _LONGEST_AFTER)


def _rest(session: Session, held: Held, failures: int, after: float) -> None:
    pause = min(PAUSES[0] * 2.0 ** min(failures - 1, 10), _LONGEST_REST)
    session.execute(
        sql(
            "UPDATE cell.webhooks SET paused_until = clock_timestamp()"
            " + make_interval(secs => :pause) WHERE id = :id"
        ),
        {"id": held.webhook_id, "pause": max(_varied(pause), after)},
    )


def _varied(seconds: float) -> float:
    return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
