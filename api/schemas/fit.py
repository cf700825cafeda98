"""A film made into a file that a network takes."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.examples import example
from api.schemas.run import Priority


class FitCreate(BaseModel):
    """Where a film is to go, and what may be done to it for that."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            network="instagram", placement="reel", shape="crop", focus_x=0.4, trim=True
        ),
    )

    network: str = Field(max_length=64, description="Such as `youtube`, `instagram` or `x`.")
    placement: Literal["video", "reel"] | None = Field(
        default=None, description="`video` if left out; `reel` where a network takes no other."
    )
    shape: Literal["pad", "crop"] = Field(
        default="pad",
        description="How it gets another shape: bars around it, or what is outside cut off.",
    )
    trim: bool = Field(
        default=False, description="Cut off the end of a film that is too long; else a 422."
    )
    focus_x: float = Field(default=0.5, ge=0, le=1, description="Where a crop looks, of the width.")
    focus_y: float = Field(default=0.5, ge=0, le=1, description="The same, of the height.")
    background: str = Field(
        default="#000000", pattern=r"^#[0-9a-fA-F]{6}$", description="The colour of bars."
    )
    priority: Priority = "interactive"
