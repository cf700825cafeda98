"""Members, invitations and offers of ownership, as the API takes and sends them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.paging import Page
from api.schemas.examples import (
    BRAND,
    COLLEAGUE,
    INVITATION,
    NAME,
    PASSWORD,
    SECRET,
    SIGNED_IN,
    USER,
    example,
)
from api.schemas.person import Email, Name, Password, Secret
from services.permissions import Role


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MemberOut(BaseModel):
    """A member of the tenant."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            user_id=COLLEAGUE,
            name="Grace Lindqvist",
            email="grace@northlight.example",
            role="editor",
            suspended=False,
            created_at="2026-02-02T08:41:10Z",
            version=1,
        ),
    )

    user_id: UUID
    name: str
    email: str
    role: Role
    suspended: bool
    created_at: datetime = Field(description="When they became a member.")
    version: int


class MemberPage(Page[MemberOut]):
    """Members, in the order of their accounts."""


class MemberPatch(_In):
    """What is to change of a member (RFC 7396)."""

    model_config = ConfigDict(json_schema_extra=example(role="admin", suspended=False))

    role: Role = Field(default=Role.VIEWER, description="Not above one's own.")
    suspended: bool = Field(default=False, description="Kept out until this is false again.")


class InvitationIn(_In):
    """Somebody to be asked."""

    model_config = ConfigDict(
        json_schema_extra=example(email="tomas@lumen.example", role="client-reviewer")
    )

    email: Email
    role: Role = Field(description="Not above one's own.")


class InvitationOut(BaseModel):
    """Somebody who was asked, and has not come yet."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=INVITATION,
            email="tomas@lumen.example",
            role="client-reviewer",
            invited_by=USER,
            created_at="2026-03-05T14:00:00Z",
            expires_at="2026-03-12T14:00:00Z",
        ),
    )

    id: UUID
    email: str
    role: Role
    invited_by: UUID | None = Field(description="Null for one that the operator has written.")
    created_at: datetime
    expires_at: datetime


class InvitationPage(Page[InvitationOut]):
    """Open invitations, the oldest first."""


class InvitationReadOut(BaseModel):
    """What who has the mail may know of it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            tenant_name=BRAND,
            role="client-reviewer",
            email="tomas@lumen.example",
            inviter=NAME,
            has_account=False,
        ),
    )

    tenant_name: str
    role: Role
    email: str
    inviter: str | None
    has_account: bool = Field(description="Whether to sign in and accept, or to sign up by it.")


class InvitationSignUpIn(_In):
    """Somebody who has the mail and no account."""

    model_config = ConfigDict(
        json_schema_extra=example(
            token=SECRET, name="Tomas Reyes", password=PASSWORD, cookies=False
        )
    )

    token: Secret
    name: Name
    password: Password
    cookies: bool = Field(
        default=True,
        description="Whether the tokens go into cookies, as browsers want it, or into the answer.",
    )


class OfferIn(_In):
    """Whom the tenant is offered to."""

    model_config = ConfigDict(json_schema_extra=example(user_id=COLLEAGUE))

    user_id: UUID


class OfferOut(BaseModel):
    """An owner's offer to a member."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            from_id=USER, to_id=COLLEAGUE, created_at=SIGNED_IN, expires_at="2026-03-16T08:55:00Z"
        ),
    )

    from_id: UUID
    to_id: UUID
    created_at: datetime
    expires_at: datetime
