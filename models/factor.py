"""What people show beside a password, or instead of one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Big, DirectoryBase, Sealed
from models.person import User


class SecondFactor(DirectoryBase):
    """A seed of which somebody's app makes codes; `seed` is sealed."""

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True)
    seed: Mapped[Sealed]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    confirmed_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    # The half minute of the last code that was taken.
    last_step: Mapped[Big] = mapped_column(server_default=FetchedValue())
    wrong_codes: Mapped[int] = mapped_column(server_default=FetchedValue())
    closed_until: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())


class RecoveryCode(DirectoryBase):
    """A code for whoever has lost the app; of it there is a digest."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey(SecondFactor.user_id, ondelete="CASCADE"), primary_key=True
    )
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())


class Identity(DirectoryBase):
    """Who somebody is elsewhere, by which they sign in here."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    provider: Mapped[str]
    issuer: Mapped[str]
    subject: Mapped[str]
    email: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    used_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())


class Passkey(DirectoryBase):
    """A key in somebody's device; of it there is the public half."""

    __tablename__ = "passkeys"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=FetchedValue())
    user_id: Mapped[UUID] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[Big]
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    used_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    # When its counter ran backwards, as a copy's does.
    suspected_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())


class Challenge(DirectoryBase):
    """A challenge that somebody has answered, rightly or not."""

    __tablename__ = "challenges"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tries: Mapped[int] = mapped_column(server_default=FetchedValue())
    spent: Mapped[bool] = mapped_column(server_default=FetchedValue())
    expires_at: Mapped[datetime]
