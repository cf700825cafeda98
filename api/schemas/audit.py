"""Entries of the audit log, as the API sends them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.paging import Page
from api.schemas.examples import ASSET, ENTRY, NAME, REQUEST, USER, example


class EntryOut(BaseModel):
    """Something that was done: who, what, when and from where."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=ENTRY,
            at="2026-03-09T09:00:01Z",
            subject=f"user:{USER}",
            shown=NAME,
            action="assets:write",
            method="PATCH",
            route="/v1/assets/{asset_id}",
            targets={"asset_id": ASSET},
            status=200,
            request_id=REQUEST,
            address="203.0.113.7",
            agent="Mozilla/5.0",
        ),
    )

    id: UUID
    at: datetime
    subject: str = Field(
        description="`user:` or `key:` and an id, or `installation`; `anybody` has not signed in,"
        " and `elsewhere` is whoever it was where an imported tenant was before.",
        examples=["user:0198c5d2-7a6e-7b3a-9a53-1f5d1c7a2b90"],
    )
    shown: str = Field(description="What they were called then.")
    action: str = Field(examples=["assets:write", "session.started"])
    method: str
    route: str = Field(examples=["/v1/assets/{asset_id}"])
    targets: dict[str, str] = Field(
        description="Ids in the path, by their names there; `created` is what was made.",
    )
    status: int
    request_id: str | None = Field(description="Stands in the log, too.")
    address: str | None
    agent: str | None


class EntryPage(Page[EntryOut]):
    """Some entries, the newest first."""


Format = Literal["ndjson", "csv"]
