"""Events, as the API streams them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.examples import READY, RUN, example


class EventOut(BaseModel):
    """The `data` of one event, as JSON; the stream's `event` is its kind and `id` its position."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra=example(
            kind="stage.done",
            at=READY,
            run_id=RUN,
            stage_id="019cd1d3-1f8e-7f5d-87ff-6dcd94d7161e",
            data={"name": "pictures"},
        ),
    )

    kind: str = Field(description="As in `event`; new kinds may come, so ignore unknown ones.")
    at: datetime
    run_id: UUID | None
    stage_id: UUID | None
    data: dict[str, Any] = Field(description="What there is to say, such as a stage's name.")
