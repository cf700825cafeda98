"""Events, as the API streams them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class EventOut(BaseModel):
    """The `data` of one event, as JSON; the stream's `event` is its kind and `id` its position."""

    model_config = ConfigDict(from_attributes=True)

    kind: str = Field(description="As in `event`; new kinds may come, so ignore unknown ones.")
    at: datetime
    run_id: UUID | None
    stage_id: UUID | None
    data: dict[str, Any] = Field(description="What there is to say, such as a stage's name.")
