"""Exporting a tenant: a run of one stage, which ends with an archive in storage."""

from typing import Final

from pipeline.plan.types import Graph, Queue, StageSpec, Value

EXPORT: Final = "export"
"""What such a run is called where others have their recipe."""
ARCHIVE: Final = "archive"
# From one file to the next; the time that a file takes by its size comes on top.
DEADLINE_SECONDS: Final = 300.0


class ArchiveOptions(Value):
    """Nothing: an archive has all of its tenant."""


class ArchiveResult(Value):
    """What the archive took in, and what it is itself; `absent` files were removed meanwhile."""

    rows: int
    files: int
    absent: int
    bytes: int
    sha256: str


def plan_export() -> Graph:
    """The one stage."""
    return Graph(
        (StageSpec(ARCHIVE, 1, Queue.LIGHT, ArchiveOptions(), deadline_seconds=DEADLINE_SECONDS),)
    )
