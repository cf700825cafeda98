"""Ownership: an owner offers it to a member, who takes it, and becomes admin in their stead."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.errors import Conflict, Forbidden, NotFound, Rejected
from models.member import OwnershipOffer
from models.person import Membership
from services import audit, mails, members, people
from services.installation import Installation
from services.mails import MailKind
from services.permissions import Action, Role
from services.standing import Principal

LIFE: Final = timedelta(days=7)
SAID: Final = "seven days"
_NONE: Final = "nobody offers the ownership of this tenant, or not any more"


def offer(
    session: Session, installation: Installation, tenant_id: UUID, owner_id: UUID, user_id: UUID
) -> OwnershipOffer:
    """Offer what one owns to another member; an earlier offer ends.

    Raises Forbidden, Rejected for oneself, NotFound for no member, Conflict for who cannot take it.
    """
    tenant = members.lock(session, tenant_id)
    if members.role_in(session, owner_id, tenant_id) is not Role.OWNER:
        raise Forbidden("only an owner offers the ownership")
    if user_id == owner_id:
        raise Rejected("this is yourself", field="user_id")
    target = members.get(session, tenant_id, user_id)
    if target.suspended or target.role == Role.OWNER:
        raise Conflict("this member is suspended, or an owner already")
    session.execute(delete(OwnershipOffer).where(OwnershipOffer.tenant_id == tenant_id))
    expires = session.scalar(select(func.now() + LIFE))
    assert expires is not None
    made = OwnershipOffer(tenant_id=tenant_id, from_id=owner_id, to_id=user_id, expires_at=expires)
    session.add(made)
    session.flush()
    session.refresh(made)
    audit.note(user_id=user_id)
    mails.queue(
        session,
        installation.keyring.people(session),
        to=target.email,
        kind=MailKind.OWNERSHIP_OFFERED,
        values={
            "link": f"/ownership?tenant={tenant_id}",
            "owner": people.get(session, owner_id).name,
            "tenant": tenant.name,
            "valid_for": SAID,
        },
        tenant_id=tenant_id,
    )
    return made


def get(session: Session, tenant_id: UUID) -> OwnershipOffer:
    """The offer that holds; raises NotFound."""
    found = session.scalar(
        select(OwnershipOffer).where(
            OwnershipOffer.tenant_id == tenant_id,
            OwnershipOffer.expires_at > func.clock_timestamp(),
        )
    )
    if found is None:
        raise NotFound(_NONE)
    return found


def shown_to(asker: Principal, offer: OwnershipOffer) -> OwnershipOffer:
    """The offer; raises NotFound for who may not know the members, and is not offered it."""
    if Action.MEMBERS_READ not in asker.actions and offer.to_id != asker.user_id:
        raise NotFound(_NONE)
    return offer


def withdraw(session: Session, tenant_id: UUID) -> None:
    """End the offer; raises NotFound."""
    members.lock(session, tenant_id)
    found = get(session, tenant_id)
    audit.note(user_id=found.to_id)
    session.delete(found)
    session.flush()


def accept(session: Session, tenant_id: UUID, user_id: UUID) -> None:
    """Take what is offered: who offered it is an admin from then on.

    Raises NotFound where there is no offer to this person, Conflict where either of both has
    changed meanwhile.
    """
    members.lock(session, tenant_id)
    found = get(session, tenant_id)
    if found.to_id != user_id:
        raise NotFound(_NONE)
    both = {
        one.user_id: one
        for one in session.scalars(
            select(Membership)
            .where(
                Membership.tenant_id == tenant_id,
                Membership.user_id.in_((found.from_id, user_id)),
                Membership.suspended.is_(False),
            )
            .execution_options(populate_existing=True)
        )
    }
    giver, taker = both.get(found.from_id), both.get(user_id)
    if giver is None or taker is None or giver.role != Role.OWNER:
        raise Conflict("who offered it is no owner any more, or you are no active member")
    audit.record_of_tenant(session, tenant_id, "ownership.accepted", user_id=user_id)
    giver.role, giver.version = str(Role.ADMIN), giver.version + 1
    taker.role, taker.version = str(Role.OWNER), taker.version + 1
    session.delete(found)
    session.flush()
