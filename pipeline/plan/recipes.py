"""The recipes by name, and the one question that is asked of them."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from core.errors import Rejected
from core.images import ImageProbe
from core.media import Probe
from pipeline.plan.brief import Brief
from pipeline.plan.fit_run import plan_probe
from pipeline.plan.fit_types import FIT
from pipeline.plan.image import plan_image
from pipeline.plan.types import Graph
from pipeline.plan.video import plan_video

Recipe = Callable[[Any, Brief], Graph]
"""Takes what its own first stage found, or None before it has; and what is known beside it."""

RECIPES: Final[dict[str, Recipe]] = {
    "image": plan_image,
    "video": plan_video,
    "video-hevc": partial(plan_video, codecs=("h264", "hevc")),
    "video-av1": partial(plan_video, codecs=("h264", "av1")),
}


def plan(recipe: str, probe: Probe | ImageProbe | None, brief: Brief | None = None) -> Graph:
    """The graph of a recipe; without a probe only the stages that need none.

    The graph with a probe begins with the graph without one. Raises Rejected for unknown recipes.
    """
    if recipe == FIT:
        # Its run knows all of its stages from the beginning.
        return plan_probe()
    found = RECIPES.get(recipe)
    if found is None:
        raise Rejected(f"there is no recipe {recipe!r}; there is {', '.join(sorted(RECIPES))}")
    return found(probe, brief or Brief())
