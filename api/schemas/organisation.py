"""Organisations, as the API takes and sends them."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.paging import Page
from api.schemas.examples import AGENCY, COLLEAGUE, ORGANISATION, example
from api.schemas.person import Name
from services.roles import OrganisationRole


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrganisationIn(_In):
    """An organisation's name."""

    model_config = ConfigDict(json_schema_extra=example(name=AGENCY))

    name: Name


class OrganisationOut(BaseModel):
    """An organisation, and what the person is to it."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(id=ORGANISATION, name=AGENCY, role="owner", version=1),
    )

    id: UUID
    name: str
    role: OrganisationRole = Field(description="owner and admin are admins of its tenants.")
    version: int


class OrganisationPage(Page[OrganisationOut]):
    """The person's organisations, by name."""


class ColleagueIn(_In):
    """What somebody is to be to the organisation."""

    model_config = ConfigDict(json_schema_extra=example(role="member"))

    role: OrganisationRole


class ColleagueOut(BaseModel):
    """A member of the organisation."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            user_id=COLLEAGUE,
            name="Grace Lindqvist",
            email="grace@northlight.example",
            role="member",
        ),
    )

    user_id: UUID
    name: str
    email: str
    role: OrganisationRole


class ColleaguePage(Page[ColleagueOut]):
    """Members of the organisation, in the order of their accounts."""
