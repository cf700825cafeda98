"""People and sessions, as the API takes and sends them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.schemas.examples import (
    AGENCY,
    BRAND,
    EMAIL,
    NAME,
    ORGANISATION,
    PASSWORD,
    SECRET,
    SESSION,
    SIGNED_IN,
    TENANT,
    UPLOADED,
    USER,
    example,
)

Email = Annotated[str, Field(min_length=3, max_length=254, examples=[EMAIL])]
Password = Annotated[
    SecretStr,
    Field(
        max_length=1024,
        description="12 to 256 characters, and none of the passwords that are tried first.",
        examples=[PASSWORD],
    ),
]
Secret = Annotated[
    SecretStr,
    Field(
        min_length=20,
        max_length=100,
        description="What stands behind # in the mailed link.",
        examples=[SECRET],
    ),
]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class In(BaseModel):
    """What clients send; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class EmailIn(In):
    """An address, of which nothing else is known."""

    email: Email


class TicketIn(In):
    """What a mailed link proves."""

    token: Secret


class Keeping(In):
    """Who gets tokens says where they go."""

    cookies: bool = Field(
        default=True,
        description="Whether the tokens go into cookies, as browsers want it, or into the answer.",
    )


class SignUpIn(Keeping):
    """Somebody who has followed the link, and comes."""

    model_config = ConfigDict(
        json_schema_extra=example(
            token=SECRET, name=NAME, password=PASSWORD, tenant_name=BRAND, cookies=False
        )
    )

    token: Secret
    name: Name
    password: Password
    tenant_name: Name = Field(description="The brand's or the agency's name.")


class SignInIn(Keeping):
    """Who wants to sign in."""

    model_config = ConfigDict(
        json_schema_extra=example(email=EMAIL, password=PASSWORD, cookies=False)
    )

    email: Email
    password: Password


class RefreshIn(In):
    """The token that goes on with a session; a browser has it in its cookie."""

    model_config = ConfigDict(
        json_schema_extra=example(refresh_token="the-refresh-token-of-the-answer-before")
    )

    refresh_token: SecretStr | None = Field(default=None, min_length=20, max_length=100)


class ChooseIn(In):
    """The tenant that the session's tokens are for, from now on."""

    model_config = ConfigDict(json_schema_extra=example(tenant_id=TENANT))

    tenant_id: UUID


class ResetIn(In):
    """Another password, for who has the mail."""

    model_config = ConfigDict(json_schema_extra=example(token=SECRET, password=PASSWORD))

    token: Secret
    password: Password


class PasswordIn(In):
    """Another password, for who knows the present one."""

    model_config = ConfigDict(
        json_schema_extra=example(current=PASSWORD, password="ten lanterns over the harbour")
    )

    current: Password
    password: Password


class AddressIn(In):
    """Another address, for who knows the password, or has none and has just signed in."""

    model_config = ConfigDict(
        json_schema_extra=example(email="ada.okafor@northlight.example", password=PASSWORD)
    )

    email: Email
    password: Password | None = None


class DeleteIn(In):
    """Proof that it is the account's owner who wants it gone; see `AddressIn`."""

    password: Password | None = None


class MeIn(In):
    """What people change of themselves."""

    model_config = ConfigDict(json_schema_extra=example(name=NAME))

    name: Name


class MembershipOut(BaseModel):
    """A tenant of the person's."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            tenant_id=TENANT,
            slug="lumen-coffee",
            name=BRAND,
            role="owner",
            state="active",
            suspended=False,
            purge_after=None,
            organisation_id=ORGANISATION,
            organisation=AGENCY,
        ),
    )

    tenant_id: UUID
    slug: str
    name: str
    role: str
    state: str = Field(description="creating for a moment, then active; suspended, purging.")
    suspended: bool = Field(description="Whether this person is kept out of it for now.")
    purge_after: datetime | None = Field(
        description="When it is deleted for good; until then an owner restores it."
    )
    organisation_id: UUID | None
    organisation: str | None = Field(description="The name of the one that groups it.")


class SecondFactorOut(BaseModel):
    """A second factor that is asked for."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(confirmed_at="2026-02-20T08:45:00Z", recovery_codes_left=9),
    )

    confirmed_at: datetime
    recovery_codes_left: int


class MeOut(BaseModel):
    """Who has signed in, and where they are a member."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=USER,
            email=EMAIL,
            name=NAME,
            has_password=True,
            session_id=SESSION,
            tenant_id=TENANT,
        )
    )

    id: UUID
    email: str
    name: str
    has_password: bool
    second_factor: SecondFactorOut | None = Field(description="Null where no code is asked for.")
    session_id: UUID
    tenant_id: UUID | None = Field(description="The tenant that this session's tokens are for.")
    memberships: list[MembershipOut] = Field(
        description="The first 200, by name; `GET /v1/tenants` has them all."
    )


class TokensOut(BaseModel):
    """What a program keeps; in a browser these are cookies, and null here."""

    access_token: str | None
    token_type: str = "Bearer"
    expires_in: int = Field(description="Seconds until the access token ends.")
    refresh_token: str | None
    refresh_expires_at: datetime


class SignedInOut(TokensOut):
    """A session that has begun or goes on."""

    model_config = ConfigDict(
        json_schema_extra=example(
            access_token="the-access-token",
            token_type="Bearer",
            expires_in=600,
            refresh_token="the-refresh-token",
            refresh_expires_at="2026-03-23T08:55:00Z",
            session_id=SESSION,
            user_id=USER,
            tenant_id=TENANT,
            role="owner",
        )
    )

    session_id: UUID
    user_id: UUID
    tenant_id: UUID | None
    role: str | None


class SessionOut(BaseModel):
    """Where somebody has signed in."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=SESSION,
            method="password",
            address="203.0.113.7",
            agent="Mozilla/5.0",
            created_at=SIGNED_IN,
            seen_at=UPLOADED,
            expires_at="2026-03-23T08:55:00Z",
            current=True,
        ),
    )

    id: UUID
    method: str
    address: str | None
    agent: str | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool = False


class SessionsOut(BaseModel):
    """Every session that goes on, the newest first."""

    items: list[SessionOut]


class InvitedOut(BaseModel):
    """Whose link it is."""

    model_config = ConfigDict(json_schema_extra=example(email=EMAIL))

    email: str


class JwksOut(BaseModel):
    """The keys that access tokens are signed with (RFC 7517)."""

    model_config = ConfigDict(
        json_schema_extra=example(
            keys=[
                {
                    "kty": "RSA",
                    "kid": "2026-03-a",
                    "use": "sig",
                    "alg": "RS256",
                    "n": "the-modulus-in-base64url",
                    "e": "AQAB",
                }
            ]
        )
    )

    keys: list[dict[str, str]]
