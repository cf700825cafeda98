"""The stages: pure functions, files and typed values in, files and typed values out."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.plan import StageResult
from pipeline.plan.video_types import ANALYSE, AUDIO, ENCODE, PACKAGE, PICTURES, PREVIEW, PROBE
from pipeline.stages.context import StageContext, StageInput

# Each takes the options that `pipeline.plan.STAGE_TYPES` names for it.
StageFunction = Callable[[StageContext, Any], StageResult]


def _lazy(name):
    return lambda c, o: importlib.import_module("pipeline.stages." + name).run(c, o)


STAGE_FUNCTIONS: Mapping[str, StageFunction] = {
    name: _lazy(name) for name in (PROBE, PREVIEW, ANALYSE, AUDIO, ENCODE, PACKAGE, PICTURES)
}

__all__ = ["STAGE_FUNCTIONS", "StageContext", "StageFunction", "StageInput"]
