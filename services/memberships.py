"""Memberships: the tenants that somebody belongs to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from core.errors import NotFound
from services import members
from services.permissions import Role

_TENANTS: Final = text(
    "SELECT * FROM directory.tenants_of("
    ":person, :tenant, :organisation, CAST(:name AS text), CAST(:id AS uuid), :limit)"
)


@dataclass(frozen=True, slots=True)
class TenantOf:
    """A tenant of somebody's, and what they are to it."""

    tenant_id: UUID
    slug: str
    name: str
    role: str
    state: str
    suspended: bool
    purge_after: datetime | None
    organisation_id: UUID | None
    organisation: str | None

    @property
    def id(self) -> UUID:
        """The tenant's, by which lists are cut."""
        return self.tenant_id


def of_person(
    session: Session,
    user_id: UUID,
    *,
    limit: int | None = None,
    after: tuple[str, UUID] | None = None,
    organisation_id: UUID | None = None,
    tenant_id: UUID | None = None,
) -> list[TenantOf]:
    """The tenants of somebody's, by name: their own, and those of organisations that they lead.

    Those behind the name and id of `after`; of one organisation, or one tenant, where that is said.
    """
    name, last = after or (None, None)
    wanted = {
        "person": user_id, "tenant": tenant_id, "organisation": organisation_id,
        "name": name, "id": last, "limit": limit,
    }  # fmt: skip
    return [of_row(row) for row in session.execute(_TENANTS, wanted)]


def of_row(row: Row[Any]) -> TenantOf:
    """The same of a row of `directory.tenants_of`."""
    role = Role(row.role) if row.role is not None else None
    # Of who is suspended it is told what they would be.
    shown = role if row.suspended else members.effective(role, row.leads)
    assert shown is not None
    return TenantOf(
        tenant_id=row.id,
        slug=row.slug,
        name=row.name,
        role=str(shown),
        state=row.state,
        suspended=row.suspended,
        purge_after=row.purge_after,
        organisation_id=row.organisation_id,
        organisation=row.organisation_name,
    )


def one_of(session: Session, user_id: UUID, tenant_id: UUID) -> TenantOf:
    """One of them; raises NotFound."""
    for found in of_person(session, user_id, tenant_id=tenant_id):
        return found
    raise NotFound("you are not a member of such a tenant, or not any more")
