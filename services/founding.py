"""Founding a tenant: announced here with the application's rights, made by the steward.

Making a schema and a role takes the databases' owner, whose login the API does not have. So a row
of the directory says what is wanted, in the transaction of who wants it, and tells the steward.
"""

import re
import secrets
import unicodedata
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.errors import Outdated, Rejected, Unavailable
from models.tenant import Tenant
from services.installation import Installation

CHANNEL: Final = "tenancy"
PLACES: Final = 0x706C616365  # the advisory lock under which room in a cell is given away
_NAME_LENGTH: Final = 200
_SLUG_LENGTH: Final = 40
_TELL: Final = text("SELECT pg_notify(:channel, :tenant)")


def checked_name(name: str, *, field: str = "tenant_name") -> str:
    """A tenant's name without what cannot be seen; raises Rejected."""
    found = " ".join("".join(one for one in name if one.isprintable()).split())
    if not 1 <= len(found) <= _NAME_LENGTH:
        raise Rejected(f"a name has 1 to {_NAME_LENGTH} characters", field=field)
    return found


def renamed(session: Session, tenant: Tenant, name: str, versions: frozenset[int] | None) -> Tenant:
    """A tenant, which the caller holds, under another name; raises Outdated, Rejected."""
    if versions is not None and tenant.version not in versions:
        raise Outdated("the tenant has been changed meanwhile")
    tenant.name, tenant.version = checked_name(name, field="name"), tenant.version + 1
    session.flush()
    return tenant


def announce(session: Session, installation: Installation, name: str) -> UUID:
    """A tenant that is to be, in the cell with the most room; its id.

    Raises Unavailable where no cell has room.
    """
    session.execute(select(func.pg_advisory_xact_lock(PLACES)))
    counts = select(Tenant.cell, func.count()).group_by(Tenant.cell)
    taken: dict[str, int] = dict(session.execute(counts).all())
    chosen = min(installation.cell_names, key=lambda cell: taken.get(cell, 0))
    if taken.get(chosen, 0) >= installation.settings.cell_tenants:
        raise Unavailable("there is no room for another tenant just now", retry_after=3600)
    made = Tenant(slug=_free_slug(session, name), name=name, cell=chosen)
    session.add(made)
    session.flush()
    session.execute(_TELL, {"channel": CHANNEL, "tenant": str(made.id)})
    return made.id


def _free_slug(session: Session, name: str) -> str:
    """The name as an address can have it; with some letters behind it where that is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_SLUG_LENGTH].strip("-") or "tenant"
    if session.scalar(select(Tenant.id).where(Tenant.slug == slug)) is None:
        return slug
    return f"{slug}-{secrets.token_hex(4)}"
