"""People: who they are, where they are members, and how they have signed in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import DirectoryBase, Sealed
from models.tenant import Tenant


class User(DirectoryBase):
    """A person; `password_hash` is none for who signs in otherwise."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())

    def __repr__(self) -> str:
        return f"User({self.id})"


class Ticket(DirectoryBase):
    """What a mailed link proves; `digest` is the SHA-256 of its secret."""

    __tablename__ = "tickets"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    kind: Mapped[str]
    digest: Mapped[bytes] = mapped_column(unique=True)
    email: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    expires_at: Mapped[datetime]


class Membership(DirectoryBase):
    """What a person is to a tenant."""

    __tablename__ = "memberships"

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey(Tenant.id, ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str]
    suspended: Mapped[bool] = mapped_column(server_default=FetchedValue())
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    version: Mapped[int] = mapped_column(server_default=FetchedValue())


class SignIn(DirectoryBase):
    """One place where a person has signed in, which the API calls a session."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    # The tenant that its tokens are for.
    tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey(Tenant.id, ondelete="SET NULL"))
    method: Mapped[str]
    address: Mapped[str | None]
    agent: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    seen_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())


class RefreshToken(DirectoryBase):
    """What a session is gone on with, once."""

    __tablename__ = "refresh_tokens"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey(SignIn.id, ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    used_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())


class SigningKey(DirectoryBase):
    """A key that signs access tokens for a while; `private` is sealed."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    public_pem: Mapped[str]
    private: Mapped[Sealed]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    signs_from: Mapped[datetime]
    signs_until: Mapped[datetime]
