"""Webhooks: where a tenant has its events sent to.

`services.deliveries` has the sending. A secret is shown when it is made, and never again.
"""

import base64
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from core.addresses import permitted, read
from core.errors import Conflict, NotFound, Outdated, Rejected
from core.posting import REFUSED
from core.sealing import Sealer
from core.settings import Settings
from models.tenant import EventHead
from models.webhook import Delivery, Webhook
from services.ledger import sql
from services.sealed_columns import WEBHOOK_SECRET

MAX: Final = 20
# The kinds of events that are sent. Stages are left out: their run tells how it went.
KINDS: Final = (
    "asset.updated", "asset.trashed", "asset.restored", "asset.deleted",
    "review.created", "review.updated", "review.commented", "review.decided", "review.withdrawn",
    "run.running", "run.updated", "run.done", "run.failed", "run.cancelled",
)  # fmt: skip
TEST: Final = "webhook.test"
# How long a replaced secret signs, too.
ROTATION: Final = timedelta(hours=24)
SWITCHED_OFF: Final = "the webhook was disabled"

_SECRET_BYTES: Final = 32
_PREFIX: Final = "whsec_"


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be changed; what is None stays."""

    url: str | None = None
    kinds: Sequence[str] | None = None
    description: str | None = None
    enabled: bool | None = None


def check(settings: Settings, url: str) -> None:
    """Raise Rejected for what is no address that we send to. Names are judged when used."""
    literal = read(url).literal
    if literal is not None and not permitted(literal, settings.webhook_allow_networks):
        raise Rejected(f"url: {REFUSED}", field="url")


def create(
    session: Session,
    sealer: Sealer,
    tenant_id: UUID,
    *,
    url: str,
    kinds: Sequence[str],
    description: str,
) -> tuple[Webhook, str]:
    """A webhook for what happens from now on, and its secret. Raises Conflict beyond `MAX`."""
    if (session.scalar(select(func.count()).select_from(Webhook)) or 0) >= MAX:
        raise Conflict(f"there are {MAX} webhooks: delete one first")
    webhook_id = session.execute(sql("SELECT uuidv7()")).scalar_one()
    secret = os.urandom(_SECRET_BYTES)
    row = Webhook(
        id=webhook_id,
        tenant_id=tenant_id,
        url=url,
        kinds=list(kinds),
        description=description,
        secret=sealer.seal(secret, context(webhook_id)),
        seq=_head(session),
    )
    session.add(row)
    session.flush()
    return get(session, webhook_id), shown(secret)


def get(session: Session, webhook_id: UUID) -> Webhook:
    """A webhook of the tenant; NotFound otherwise."""
    row = session.get(Webhook, webhook_id, populate_existing=True)
    if row is None:
        raise NotFound("there is no such webhook")
    return row


def page(session: Session, *, limit: int, before: UUID | None) -> Sequence[Webhook]:
    """The newest webhooks, older than `before`."""
    query = select(Webhook).order_by(Webhook.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Webhook.id < before)
    return session.scalars(query).all()


def change(
    session: Session, webhook_id: UUID, changes: Changes, *, versions: Collection[int] | None
) -> Webhook:
    """Change a webhook that is at one of `versions`, or at any.

    One that is enabled again is sent what happens from then on; with one that is disabled ends
    what waits for it. Raises NotFound and Outdated.
    """
    row = get(session, webhook_id)
    if versions is not None and row.version not in versions:
        raise Outdated("the webhook has been changed meanwhile")
    wanted: dict[str, Any] = {
        name: value
        for name, value in (
            ("url", changes.url),
            ("kinds", list(changes.kinds) if changes.kinds is not None else None),
            ("description", changes.description),
        )
        if value is not None and value != getattr(row, name)
    }
    if changes.enabled is True and row.state == "disabled":
        wanted |= {
            "state": "enabled", "reason": None, "seq": _head(session), "failures": 0,
            "failing_since": None, "paused_until": None,
        }  # fmt: skip
    if changes.enabled is False and row.state == "enabled":
        drop_waiting(session, webhook_id)
        wanted |= {"state": "disabled", "reason": "it was switched off"}
    if not wanted:
        return row
    statement = (
        update(Webhook)
        .where(Webhook.id == webhook_id, Webhook.version == row.version)
        .values(**wanted, version=Webhook.version + 1)
        .returning(Webhook.id)
    )
    if session.execute(statement).one_or_none() is None:
        raise Outdated("the webhook has been changed meanwhile")
    return get(session, webhook_id)


def delete(session: Session, webhook_id: UUID, *, versions: Collection[int] | None) -> None:
    """Delete a webhook with its deliveries; raises NotFound and Outdated."""
    row = get(session, webhook_id)
    if versions is not None and row.version not in versions:
        raise Outdated("the webhook has been changed meanwhile")
    session.execute(sql("DELETE FROM cell.webhooks WHERE id = :id"), {"id": webhook_id})
    session.expunge(row)


def rotate(session: Session, sealer: Sealer, webhook_id: UUID) -> tuple[Webhook, str]:
    """Another secret; the one before signs, too, for a day."""
    get(session, webhook_id)
    secret = os.urandom(_SECRET_BYTES)
    session.execute(
        update(Webhook)
        .where(Webhook.id == webhook_id)
        .values(
            old_secret=Webhook.secret,
            old_until=datetime.now(UTC) + ROTATION,
            secret=sealer.seal(secret, context(webhook_id)),
            version=Webhook.version + 1,
        )
    )
    return get(session, webhook_id), shown(secret)


def require_enabled(session: Session, webhook_id: UUID) -> Webhook:
    """A webhook that things are sent to; raises NotFound and Conflict."""
    row = get(session, webhook_id)
    if row.state != "enabled":
        raise Conflict("the webhook is disabled: enable it first")
    return row


def drop_waiting(session: Session, webhook_id: UUID) -> None:
    """End what waits for a webhook that is being disabled."""
    session.execute(
        update(Delivery)
        .where(Delivery.webhook_id == webhook_id, Delivery.state == "waiting")
        .values(state="failed", error=SWITCHED_OFF)
    )


def context(webhook_id: UUID) -> str:
    """Where its secrets open."""
    return WEBHOOK_SECRET.context(webhook_id)


def shown(secret: bytes) -> str:
    """A secret as those who verify take it."""
    return _PREFIX + base64.b64encode(secret).decode()


def _head(session: Session) -> int:
    """The tenant's newest event."""
    return session.scalars(select(EventHead.seq)).one()
