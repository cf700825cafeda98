"""Who is asked to come to a tenant, who is to own it, and who is in an organisation."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import DirectoryBase
from models.person import User
from models.tenant import Organisation, Tenant


class Invitation(DirectoryBase):
    """Somebody asked to come; `digest` is the SHA-256 of the mailed secret."""

    __tablename__ = "invitations"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey(Tenant.id, ondelete="CASCADE"))
    email: Mapped[str]
    role: Mapped[str]
    digest: Mapped[bytes] = mapped_column(unique=True)
    # None where an operator has written it.
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    expires_at: Mapped[datetime]


class OwnershipOffer(DirectoryBase):
    """An owner's offer to a member to own the tenant in their place."""

    __tablename__ = "ownership_offers"

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey(Tenant.id, ondelete="CASCADE"), primary_key=True
    )
    from_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    to_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    expires_at: Mapped[datetime]


class OrganisationMember(DirectoryBase):
    """What a person is to an organisation."""

    __tablename__ = "organisation_members"

    organisation_id: Mapped[UUID] = mapped_column(
        ForeignKey(Organisation.id, ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
