"""What is to be done, decided purely: recipes, stage names, option and result types."""

from pipeline.plan.recipes import RECIPES, Recipe, plan
from pipeline.plan.stage_types import STAGE_TYPES, StageType
from pipeline.plan.types import (
    ArtifactFile,
    Attributes,
    Graph,
    Queue,
    StageResult,
    StageSpec,
    Value,
    stage_digest,
)

__all__ = [
    "RECIPES",
    "STAGE_TYPES",
    "ArtifactFile",
    "Attributes",
    "Graph",
    "Queue",
    "Recipe",
    "StageResult",
    "StageSpec",
    "StageType",
    "Value",
    "plan",
    "stage_digest",
]
