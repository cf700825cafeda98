"""Deliveries: what becomes of events that webhooks are sent, for people to see and ask for again.

`services/dispatch.py` makes and sends them.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import Conflict, NotFound
from models.webhook import Delivery
from services import webhooks
from services.ledger import call, sql
from services.webhooks import TEST

State = Literal["waiting", "done", "failed"]

KEPT_SECONDS: Final = 30 * 24 * 3600.0


def prune(database: Database, *, age_seconds: float, limit: int) -> int:
    """Forget at most `limit` deliveries that are older; returns how many."""
    statement = "SELECT cell.prune_deliveries(make_interval(secs => :age), :limit) AS found"
    (row,) = call(database, statement, {"age": age_seconds, "limit": limit})
    return int(row.found)


def body_of(kind: str, at: datetime, run_id: UUID | None, data: Mapping[str, Any]) -> str:
    """What is sent of an event, after the Standard Webhooks specification."""
    about = {**({"run_id": str(run_id)} if run_id is not None else {}), **data}
    moment = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": moment, "data": about}, separators=(",", ":"))


def get(session: Session, webhook_id: UUID, delivery_id: UUID) -> Delivery:
    """A delivery to a webhook of the tenant; NotFound otherwise."""
    row = session.get(Delivery, delivery_id, populate_existing=True)
    if row is None or row.webhook_id != webhook_id:
        raise NotFound("there is no such delivery")
    return row


def page(
    session: Session, webhook_id: UUID, *, limit: int, before: UUID | None, state: State | None
) -> Sequence[Delivery]:
    """The newest deliveries to a webhook, older than `before`."""
    query = select(Delivery).where(Delivery.webhook_id == webhook_id)
    if before is not None:
        query = query.where(Delivery.id < before)
    if state is not None:
        query = query.where(Delivery.state == state)
    return session.scalars(query.order_by(Delivery.id.desc()).limit(limit)).all()


def test(session: Session, webhook_id: UUID) -> Delivery:
    """Have something sent that is no event; raises NotFound and Conflict."""
    webhook = webhooks.require_enabled(session, webhook_id)
    row = Delivery(
        tenant_id=webhook.tenant_id,
        webhook_id=webhook_id,
        seq=None,
        kind=TEST,
        body=body_of(TEST, datetime.now(UTC), None, {}),
    )
    session.add(row)
    session.flush()
    _wake(session, webhook_id)
    return get(session, webhook_id, row.id)


def replay(session: Session, webhook_id: UUID, delivery_id: UUID) -> Delivery:
    """Have a delivery made again; raises NotFound, and Conflict for one that still waits."""
    webhooks.require_enabled(session, webhook_id)
    if get(session, webhook_id, delivery_id).state == "waiting":
        raise Conflict("the delivery is still to be made")
    _renew(session, Delivery.id == delivery_id, Delivery.state != "waiting")
    _wake(session, webhook_id)
    return get(session, webhook_id, delivery_id)


def replay_failed(session: Session, webhook_id: UUID, since: datetime) -> int:
    """Have all made again that failed of what happened since; how many."""
    webhooks.require_enabled(session, webhook_id)
    count = _renew(
        session,
        Delivery.webhook_id == webhook_id,
        Delivery.state == "failed",
        Delivery.created_at >= since,
    )
    if count:
        _wake(session, webhook_id)
    return count


def _renew(session: Session, *which: Any) -> int:
    values = {"state": "waiting", "tries": 0, "due_at": datetime.now(UTC)}
    return len(
        session.execute(
            update(Delivery).where(*which).values(**values).returning(Delivery.id)
        ).all()
    )


def _wake(session: Session, webhook_id: UUID) -> None:
    """Have a webhook looked at, also one that is left alone just now."""
    session.execute(
        sql(
            "UPDATE cell.webhooks SET paused_until = NULL,"
            " due_at = least(due_at, clock_timestamp()) WHERE id = :id"
        ),
        {"id": webhook_id},
    )
    session.execute(sql("SELECT pg_notify('ledger_ready', 'light')"))
