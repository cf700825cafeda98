"""Who people are elsewhere, as the API takes and sends it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.paging import Page
from api.schemas.examples import EMAIL, IDENTITY, PASSWORD, SIGNED_IN, example
from api.schemas.factor import ProofIn


class ProvidersOut(BaseModel):
    """With whom people sign in here."""

    model_config = ConfigDict(json_schema_extra=example(items=["google", "linkedin"]))

    items: list[str]


class LinkIn(ProofIn):
    """Proof that it is the account's owner, and the page to come back to."""

    model_config = ConfigDict(
        json_schema_extra=example(password=PASSWORD, return_to="/settings/identities")
    )

    return_to: str = Field(default="/", min_length=1, max_length=1000)


class LinkOut(BaseModel):
    """Where the browser goes now."""

    model_config = ConfigDict(
        json_schema_extra=example(
            location="https://accounts.google.com/o/oauth2/v2/auth?client_id=yours&state=of-this-browser"
        )
    )

    location: str


class IdentityOut(BaseModel):
    """Who somebody is elsewhere."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=IDENTITY,
            provider="google",
            email=EMAIL,
            created_at="2026-02-21T08:50:00Z",
            used_at=SIGNED_IN,
        ),
    )

    id: UUID
    provider: str
    email: str | None = Field(description="As it was when it was linked.")
    created_at: datetime
    used_at: datetime | None


class IdentityPage(Page[IdentityOut]):
    """A person's, the oldest first."""
