"""The people of reviews: who they are, whether they can be asked, and what is written to them.

Rows of reviews are the tenant's, people are the directory's: no transaction spans both. A mail is
written after what it tells of was committed, under an id that follows from it: whatever is done
again writes it again, and it is sent once.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.errors import NotFound, Rejected
from services import mails
from services.installation import Installation, Place
from services.mails import MailKind
from services.review_views import Looker, View, get

# Whoever is something to the tenant; people who have left are named no more.
_PEOPLE: Final = text("""
    SELECT u.id, u.name, u.email, m.user_id IS NOT NULL AS member,
           coalesce(m.suspended, false) AS suspended
      FROM directory.users u
      JOIN directory.tenants t ON t.id = :tenant
      LEFT JOIN directory.memberships m ON m.user_id = u.id AND m.tenant_id = t.id
      LEFT JOIN directory.organisation_members o
             ON o.user_id = u.id AND o.organisation_id = t.organisation_id
                AND o.role IN ('owner', 'admin')
     WHERE u.id = ANY (:people) AND (m.user_id IS NOT NULL OR o.user_id IS NOT NULL)
""")
SAID: Final = {"approved": "approved", "changes_requested": "changes are asked for"}
_EVERYTHING: Final = Looker(None, sees_all=True, edits=False)


@dataclass(frozen=True, slots=True)
class _Somebody:
    name: str
    email: str
    member: bool
    suspended: bool


def names(session: Session, tenant_id: UUID, people: Collection[UUID]) -> dict[UUID, str]:
    """What they are called who are something to the tenant; others are left out."""
    return {one: found.name for one, found in _find(session, tenant_id, people).items()}


def refusal(
    session: Session, tenant_id: UUID, sender: UUID | None, people: Collection[UUID]
) -> Rejected | None:
    """Why these cannot be asked; None where each is an active member and not who sends."""
    found = _find(session, tenant_id, people)
    for one in people:
        somebody = found.get(one)
        if somebody is None or not somebody.member or somebody.suspended:
            return Rejected(f"{one} is no active member", field="reviewer_ids")
        if one == sender:
            return Rejected("who sends it cannot be asked, too", field="reviewer_ids")
    return None


def write(installation: Installation, place: Place, review_id: UUID) -> None:
    """Write to whom a review waits for, or to its sender what was decided; once each round."""
    try:
        with installation.tenant_scope(place) as session:
            review = get(session, _EVERYTHING, review_id)
    except NotFound:
        return
    row = review.row
    if row.asset_trashed_at is not None or row.state == "withdrawn":
        return
    with installation.identity_scope() as session:
        found = _find(session, place.tenant_id, review.people)
        if row.state == "open":
            told, kind, values = review.reviewer_ids, MailKind.REVIEW_SENT, _asked(review, found)
        else:
            told = (row.sent_by,) if row.sent_by is not None else ()
            kind, values = MailKind.REVIEW_DECIDED, _decided(review, found)
        sealer = installation.keyring.people(session)
        common = {
            "link": f"/reviews?id={row.id}&tenant={place.tenant_id}",
            "tenant": place.name,
            "title": row.title,
        }
        for one in told:
            somebody = found.get(one)
            if somebody is not None and not somebody.suspended:
                mails.queue(
                    session,
                    sealer,
                    to=somebody.email,
                    kind=kind,
                    values=common | values,
                    tenant_id=place.tenant_id,
                    mail_id=uuid5(row.id, f"{kind} {row.round} {one}"),
                )


def _find(session: Session, tenant_id: UUID, people: Collection[UUID]) -> dict[UUID, _Somebody]:
    if not people:
        return {}
    rows = session.execute(_PEOPLE, {"tenant": tenant_id, "people": list(people)})
    return {row.id: _Somebody(row.name, row.email, row.member, row.suspended) for row in rows}


def _asked(review: View, found: Mapping[UUID, _Somebody]) -> dict[str, str]:
    due = review.row.due_at
    said = due.astimezone(UTC).strftime("%d %B %Y, %H:%M UTC") if due is not None else ""
    return {"sender": _called(review.row.sent_by, found), "due": said}


def _decided(review: View, found: Mapping[UUID, _Somebody]) -> dict[str, str]:
    said = {"decision": SAID[review.row.state]}
    return said | {"reviewer": _called(review.row.decided_by, found)}


def _called(user_id: UUID | None, found: Mapping[UUID, _Somebody]) -> str:
    somebody = found.get(user_id) if user_id is not None else None
    return somebody.name if somebody is not None else "Somebody"
