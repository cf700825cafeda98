"""What each stage takes and gives, by name: enough to read its options and results from JSON."""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from core.media import Probe
from pipeline.plan.video import (
    PACKAGE,
    POSTER,
    PROBE,
    PackageOptions,
    PackageResult,
    PosterOptions,
    PosterResult,
    ProbeOptions,
)


@dataclass(frozen=True, slots=True)
class StageType:
    """The models of one stage's options and result."""

    options: type[BaseModel]
    result: type[BaseModel] | None


STAGE_TYPES: Final[dict[str, StageType]] = {
    PROBE: StageType(ProbeOptions, Probe),
    PACKAGE: StageType(PackageOptions, PackageResult),
    POSTER: StageType(PosterOptions, PosterResult),
}
