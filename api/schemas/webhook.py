"""Webhooks and their deliveries, as the API takes and sends them."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from api.paging import Page
from api.schemas.examples import DELIVERY, RUN, UPLOADED, WEBHOOK, example
from core.addresses import URL_LENGTH, read
from core.errors import Rejected
from services.deliveries import State

Kind = Literal[
    "asset.updated", "asset.trashed", "asset.restored", "asset.deleted",
    "review.created", "review.updated", "review.commented", "review.decided", "review.withdrawn",
    "run.running", "run.updated", "run.done", "run.failed", "run.cancelled",
]  # fmt: skip


def _address(url: str) -> str:
    try:
        read(url)
    except Rejected as error:
        raise ValueError(str(error).removeprefix("url: ")) from None
    return url


def _once(kinds: list[Kind]) -> list[Kind]:
    if len(set(kinds)) != len(kinds):
        raise ValueError("each kind stands there once")
    return kinds


Address = Annotated[
    str,
    Field(min_length=1, max_length=URL_LENGTH, description="http or https, with no user's name."),
    AfterValidator(_address),
]
Kinds = Annotated[
    list[Kind],
    Field(min_length=1, max_length=14, description="The events to be sent."),
    AfterValidator(_once),
]
Words = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class WebhookCreate(BaseModel):
    """Where events are to be sent, and which."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            url="https://hooks.northlight.example/automator",
            kinds=["run.done", "run.failed"],
            description="tells the studio's chat",
        ),
    )

    url: Address
    kinds: Kinds
    description: Words = ""


class WebhookPatch(BaseModel):
    """What is to be changed; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra=example(kinds=["run.done"], state="enabled")
    )

    url: Address | None = None
    kinds: Kinds | None = None
    description: Words | None = None
    state: Literal["enabled", "disabled"] | None = None

    @model_validator(mode="after")
    def _nothing_is_removed(self) -> Self:
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be removed: leave it out, and it stays")
        return self


class WebhookOut(BaseModel):
    """Where events are sent to."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=WEBHOOK,
            url="https://hooks.northlight.example/automator",
            kinds=["run.done", "run.failed"],
            description="tells the studio's chat",
            state="enabled",
            reason=None,
            version=1,
            failures=0,
            failing_since=None,
            paused_until=None,
            old_until=None,
            created_at="2026-02-10T10:00:00Z",
        ),
    )

    id: UUID
    url: str
    kinds: list[str]
    description: str
    state: Literal["enabled", "disabled"]
    reason: str | None = Field(description="Why it is disabled.")
    version: int = Field(description="Counts its changes; part of the ETag.")
    failures: int = Field(description="Tries in a row that failed.")
    failing_since: datetime | None
    paused_until: datetime | None = Field(description="Until then, nothing is tried.")
    old_until: datetime | None = Field(description="Until when the replaced secret signs, too.")
    created_at: datetime


class WebhookSecretOut(BaseModel):
    """A webhook with its secret, which is never shown again."""

    model_config = ConfigDict(json_schema_extra=example(secret="whsec_shown-this-once"))

    webhook: WebhookOut
    secret: str = Field(description="`whsec_…`: what verifies signatures is told this.")


class WebhookPage(Page[WebhookOut]):
    """Webhooks, newest first."""


class DeliveryOut(BaseModel):
    """One event on its way to one webhook, with the last answer."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            id=DELIVERY,
            webhook_id=WEBHOOK,
            seq=4217,
            kind="run.done",
            body='{"type":"run.done","timestamp":"2026-03-09T09:02:11.482000Z"'
            f',"data":{{"run_id":"{RUN}"}}}}',
            state="done",
            attempts=1,
            due_at="2026-03-09T09:03:00Z",
            created_at="2026-03-09T09:03:00Z",
            tried_at="2026-03-09T09:03:00.120000Z",
            status=204,
            response="",
            seconds=0.081,
            error=None,
        ),
    )

    id: UUID = Field(description="The message's `webhook-id` is `msg_` and this, without hyphens.")
    webhook_id: UUID
    seq: int | None = Field(description="The event's number; none for a test.")
    kind: str
    body: str
    state: State
    attempts: int
    due_at: datetime = Field(description="When it is tried next, while it waits.")
    created_at: datetime
    tried_at: datetime | None
    status: int | None
    response: str | None = Field(description="The first kibibyte of the last answer.")
    seconds: float | None = Field(description="How long the last try took.")
    error: str | None


class DeliveryPage(Page[DeliveryOut]):
    """Deliveries, newest first."""


class ReplaySince(BaseModel):
    """Which failed deliveries are to be made again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=example(since=UPLOADED))

    since: AwareDatetime


class ReplayedOut(BaseModel):
    """What is made again."""

    model_config = ConfigDict(json_schema_extra=example(replayed=3))

    replayed: int
