"""Stage names bound to functions: `encode.0` and `encode.1` are two stages of one, `encode`.

`AUTOMATOR_STAGES=module:attribute` names a further mapping of names to `Binding`s: an extension
brings stages of its own with it, and tests bring theirs.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from core.errors import Misconfigured
from pipeline.plan.brief import Brief
from pipeline.plan.exports import ARCHIVE
from pipeline.plan.imports import FETCH
from pipeline.plan.types import Graph
from workers.errands import Errand

# A run's graph once a stage's value is known: (recipe, value, brief) → graph.
Expansion = Callable[[str, Any, Brief], Graph]


@dataclass(frozen=True, slots=True)
class Binding:
    """One stage: its function, the models of its options and its value, and what it unfolds."""

    run: Callable[[Any, Any], Any]
    options: type[BaseModel]
    result: type[BaseModel] | None = None
    expand: Expansion | None = None


class UnknownStage(Misconfigured):
    """Another worker, of another release, may know it: the stage waits for that one."""


class Registry:
    """The stages that this process can run; the product's own are imported at the first use."""

    def __init__(self, extension: str | None = None) -> None:
        """`extension` is module:attribute."""
        self._extra = _load(extension) if extension else {}
        self._own: Mapping[str, Binding] | None = None

    def get(self, name: str) -> Binding | Errand:
        """The binding of a stage; UnknownStage when this release has none."""
        kind = name.partition(".")[0]
        found = self._extra.get(kind) or _errand(kind) or self._product().get(kind)
        if found is None:
            raise UnknownStage(f"this worker knows no stage {name!r}: is it of an older release?")
        return found

    def load(self) -> None:
        """Import the product's own stages now."""
        self._product()

    def _product(self) -> Mapping[str, Binding]:
        if self._own is None:
            from pipeline.plan import STAGE_TYPES, plan
            from pipeline.plan.stage_types import PROBES
            from pipeline.stages import STAGE_FUNCTIONS

            self._own = {
                name: Binding(
                    function,
                    STAGE_TYPES[name].options,
                    STAGE_TYPES[name].result,
                    plan if name in PROBES else None,
                )
                for name, function in STAGE_FUNCTIONS.items()
            }
        return self._own


def _errand(kind: str) -> Errand | None:
    if kind == FETCH:
        from workers import imports

        return imports.ERRAND
    if kind == ARCHIVE:
        from workers import exports

        return exports.ERRAND
    return None


def _load(where: str) -> Mapping[str, Binding]:
    module, _, attribute = where.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise Misconfigured(f"AUTOMATOR_STAGES={where} cannot be loaded: {error}") from error
    assert isinstance(found, Mapping)
    return found
