"""Closing a tenant: an owner has it deleted, and may restore it for some days.

That is written in the directory, with the rights of people. Its cell, where its runs wait from then
on, is told by the steward (`services/suspension.py`), which also removes it in the end.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, NotFound, Rejected
from models.tenant import Tenant
from services import audit, mails, members, people
from services.founding import CHANNEL
from services.installation import Installation
from services.mails import MailKind
from services.permissions import Role

_TELL: Final = text("SELECT pg_notify(:channel, :tenant)")


def ask_to_delete(
    session: Session, installation: Installation, tenant_id: UUID, user_id: UUID, slug: str
) -> Tenant:
    """Suspend a tenant that is to be removed in some days; its owners are told.

    Raises Forbidden for who is no owner, Rejected for another slug, Conflict for what is closed.
    """
    tenant = members.lock(session, tenant_id)
    if members.role_in(session, user_id, tenant_id) is not Role.OWNER:
        raise Forbidden("only an owner deletes a tenant")
    if slug != tenant.slug:
        raise Rejected("this is not the tenant's slug", field="slug")
    if tenant.state != "active":
        raise Conflict(f"the tenant is {tenant.state}")
    after = timedelta(days=installation.settings.tenant_grace_days)
    tenant.purge_after = session.scalar(select(func.now() + after))
    _changed(session, tenant, "suspended")
    assert tenant.purge_after is not None
    values = {
        "link": f"/tenants?restore={tenant_id}",
        "owner": people.get(session, user_id).name,
        "tenant": tenant.name,
        "when": tenant.purge_after.strftime("%d %B %Y, %H:%M UTC"),
    }
    sealer = installation.keyring.people(session)
    for address in members.owners(session, tenant_id):
        mails.queue(
            session,
            sealer,
            to=address,
            kind=MailKind.TENANT_CLOSING,
            values=values,
            tenant_id=tenant_id,
        )
    audit.record_in_directory(session, action="tenant.closed")
    return tenant


def restore(session: Session, tenant_id: UUID, user_id: UUID) -> Tenant:
    """Have a tenant that was to be removed go on; for owners.

    One that the operator has suspended stays so. Raises NotFound, Forbidden, Conflict.
    """
    role = members.role_in(session, user_id, tenant_id)
    if role is None:
        raise NotFound("you are not a member of such a tenant")
    if role is not Role.OWNER:
        raise Forbidden("only an owner restores a tenant")
    tenant = members.lock(session, tenant_id)
    if tenant.state != "suspended" or tenant.purge_after is None:
        raise Conflict("it is not about to be deleted, or it is too late")
    tenant.purge_after = None
    _changed(session, tenant, "suspended" if tenant.held else "active")
    return tenant


def _changed(session: Session, tenant: Tenant, state: str) -> None:
    tenant.state, tenant.settled, tenant.version = state, False, tenant.version + 1
    session.flush()
    session.execute(_TELL, {"channel": CHANNEL, "tenant": str(tenant.id)})
