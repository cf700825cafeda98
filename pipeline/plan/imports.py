"""Importing a file: a run of one stage, which ends where an asset and its own run begin."""

from typing import Final
from uuid import UUID

from pipeline.plan.types import Graph, Queue, StageSpec, Value

IMPORT: Final = "import"
"""What such a run is called where others have their recipe."""
FETCH: Final = "fetch"
# Fetching gives up by itself long before; storing has further time by the size of the file.
DEADLINE_SECONDS: Final = 300.0


class FetchOptions(Value):
    """Nothing: where the file is may be secret, and stands in the import's own row alone."""


class FetchResult(Value):
    """The asset that the file became."""

    asset_id: UUID
    bytes: int
    sha256: str
    mime: str


def plan_import() -> Graph:
    """The one stage."""
    return Graph(
        (StageSpec(FETCH, 1, Queue.LIGHT, FetchOptions(), deadline_seconds=DEADLINE_SECONDS),)
    )
