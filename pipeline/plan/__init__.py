"""What is to be done, decided purely: recipes, stage names, option and result types."""

from pipeline.plan.recipes import RECIPES, Recipe, plan
from pipeline.plan.stage_types import STAGE_TYPES, WORK, StageType, kind_of, replaced_by
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
    "WORK",
    "ArtifactFile",
    "Attributes",
    "Graph",
    "Queue",
    "Recipe",
    "StageResult",
    "StageSpec",
    "StageType",
    "Value",
    "kind_of",
    "plan",
    "replaced_by",
    "stage_digest",
]
