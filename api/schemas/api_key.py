"""API keys, as the API takes and sends them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.paging import Page
from api.schemas.examples import KEY, NAME, USER, example
from core.key_text import PATTERN
from services.permissions import Action

Name = Annotated[str, Field(min_length=1, max_length=200, examples=["the shop's importer"])]


class ApiKeyIn(BaseModel):
    """A key that is wanted."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            name="the shop's importer",
            scopes=["assets:read", "uploads:write"],
            expires_at="2027-02-10T00:00:00Z",
        ),
    )

    name: Name
    scopes: list[Action] = Field(
        min_length=1,
        max_length=len(Action),
        description="What it may do: some of what you may do yourself.",
        examples=[["assets:read", "uploads:write"]],
    )
    expires_at: AwareDatetime | None = Field(default=None, description="Null for never.")


class ApiKeyPatch(BaseModel):
    """What can be changed of a key: for another scope, make another key."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(name="the shop's importer"))

    name: Name


class MakerOut(BaseModel):
    """Who has made a key."""

    model_config = ConfigDict(json_schema_extra=example(id=USER, name=NAME, role="owner"))

    id: UUID
    name: str
    role: str | None = Field(description="What they are to the tenant now; null for who has left.")


class ApiKeyOut(BaseModel):
    """A key of the tenant's, without its secret."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=KEY,
            prefix="bak_1CXzCYbthBDq7wDTczdrRN",
            name="the shop's importer",
            scopes=["assets:read", "uploads:write"],
            created_at="2026-02-10T10:05:00Z",
            created_by={"id": USER, "name": NAME, "role": "owner"},
            expires_at="2027-02-10T00:00:00Z",
            last_used_at="2026-03-09T09:00:00Z",
        )
    )

    id: UUID
    prefix: str = Field(description="What the key begins with.", examples=["bak_1CmX…"])
    name: str
    scopes: list[str]
    created_at: datetime
    created_by: MakerOut | None = Field(description="Null where the account is gone.")
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute; null for never.")


class ApiKeyPage(Page[ApiKeyOut]):
    """Some of the tenant's keys."""


class ApiKeyMade(BaseModel):
    """A new key. This is the only time that it is shown."""

    key: str = Field(
        pattern=f"^{PATTERN}$", examples=["bak_1CXzCYbthBDq7wDTczdrRN_" + "EXAMPLE" * 7 + "E"]
    )
    details: ApiKeyOut
