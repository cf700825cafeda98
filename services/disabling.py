"""Webhooks that are given up: disabled, and their tenant's owners are told by mail, once.

The tenant's cell and the directory with the mails may be two databases. So the mails are queued
just before the disabling commits, under ids that follow from it: whoever is killed in between
repeats both, and nobody is told twice.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.tenant import Tenant
from models.webhook import Webhook
from services import mails, members, webhooks
from services.installation import Installation
from services.mails import MailKind


@dataclass(frozen=True, slots=True)
class Disabled:
    """A webhook that has just been disabled; its `version` is that of no earlier disabling."""

    tenant_id: UUID
    webhook_id: UUID
    version: int
    host: str
    reason: str


def disable(session: Session, webhook_id: UUID, reason: str) -> Disabled:
    """Send nothing more there, and end what waits."""
    webhooks.drop_waiting(session, webhook_id)
    row = session.execute(
        update(Webhook)
        .where(Webhook.id == webhook_id)
        .values(state="disabled", reason=reason, version=Webhook.version + 1)
        .returning(Webhook.tenant_id, Webhook.url, Webhook.version)
    ).one()
    # The path and the query are the server's secret, perhaps.
    host = urlsplit(row.url).hostname or row.url
    return Disabled(row.tenant_id, webhook_id, row.version, host, reason)


def tell_owners(installation: Installation, what: Disabled) -> None:
    """Queue a mail to each active owner, in a transaction for people; again, it does nothing."""
    with installation.identity_scope() as session:
        name = session.scalar(select(Tenant.name).where(Tenant.id == what.tenant_id))
        sealer = installation.keyring.people(session)
        for address in members.owners(session, what.tenant_id):
            mails.queue(
                session,
                sealer,
                to=address,
                kind=MailKind.WEBHOOK_DISABLED,
                values={
                    "host": what.host,
                    "link": f"/webhooks?id={what.webhook_id}",
                    "reason": what.reason,
                    "tenant": name or "",
                    "when": datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
                },
                tenant_id=what.tenant_id,
                mail_id=uuid5(what.webhook_id, f"disabled {what.version} {address}"),
            )
