"""Brands, as the API takes and sends them."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.paging import Page
from api.schemas.examples import BRAND, BRAND_ID, JOINED, example
from core.errors import Rejected
from services import brands
from services.brands import NAME_LENGTH


def _checked(name: str) -> str:
    try:
        return brands.checked_name(name)
    except Rejected as error:
        raise ValueError(str(error)) from None


Name = Annotated[
    str,
    Field(
        min_length=1,
        max_length=NAME_LENGTH,
        description="The tenant's only one, in capitals or not.",
        examples=["Acme"],
    ),
    AfterValidator(_checked),
]


class BrandCreate(BaseModel):
    """Another brand."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(name="Lumen Cold Brew"))

    name: Name


class BrandPatch(BaseModel):
    """What is to be changed (RFC 7396); what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=example(name="Lumen Cold Brew", is_default=True)
    )

    name: Name | None = None
    is_default: Literal[True] | None = Field(
        default=None, description="Makes it the default, in the place of the one that was."
    )

    @model_validator(mode="after")
    def _nothing_is_removed(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be removed: leave it out, and it stays")
        return self


class BrandOut(BaseModel):
    """A brand of the tenant's, to which assets belong."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=BRAND_ID, name=BRAND, is_default=True, version=1, created_at=JOINED
        ),
    )

    id: UUID
    name: str
    is_default: bool = Field(description="Whether assets belong to it for which none is named.")
    version: int = Field(description="Counts its changes; part of the ETag.")
    created_at: datetime


class BrandPage(Page[BrandOut]):
    """Brands, in the order in which they were made."""
