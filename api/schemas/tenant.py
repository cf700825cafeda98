"""Tenants, as the API takes and sends them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.paging import Page
from api.schemas.examples import BRAND, JOINED, ORGANISATION, PASSWORD, TENANT, example
from api.schemas.person import MembershipOut, Name, Password


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TenantIn(_In):
    """Another tenant, of which whoever asks is the owner."""

    model_config = ConfigDict(json_schema_extra=example(name=BRAND))

    name: Name = Field(description="The brand's or the client's name.")


class TenantPatch(_In):
    """What is to change of a tenant (RFC 7396)."""

    model_config = ConfigDict(json_schema_extra=example(name=BRAND))

    name: Name


class TenantDeleteIn(_In):
    """Proof that an owner means it."""

    model_config = ConfigDict(json_schema_extra=example(slug="lumen-coffee", password=PASSWORD))

    slug: Annotated[str, Field(max_length=63, description="The tenant's slug, typed by hand.")]
    password: Password | None = Field(
        default=None, description="Left out by who has signed in within the last ten minutes."
    )


class TenantOut(BaseModel):
    """A tenant."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=TENANT,
            slug="lumen-coffee",
            name=BRAND,
            state="active",
            purge_after=None,
            organisation_id=ORGANISATION,
            created_at=JOINED,
            version=2,
        ),
    )

    id: UUID
    slug: str
    name: str
    state: str = Field(description="creating for a moment, then active; suspended, purging.")
    purge_after: datetime | None = Field(
        description="When it is deleted for good; until then an owner restores it."
    )
    organisation_id: UUID | None = Field(description="Who leads it is an admin here.")
    created_at: datetime
    version: int


class TenantPage(Page[MembershipOut]):
    """The person's tenants, by name."""
