"""Fitting an asset: a run of two stages, known whole before the film is looked at.

Its name is no recipe's: a recipe needs no more than an asset, and a fit needs a network.
"""

from typing import Final

from core.errors import Rejected
from core.media import Probe
from pipeline.plan.brief import Brief
from pipeline.plan.fit import fit_film
from pipeline.plan.fit_types import FIT, FitChoices, FitOptions
from pipeline.plan.networks import facts_of, media_limit, network_named
from pipeline.plan.types import Graph, Queue, StageSpec
from pipeline.plan.video import plan_video
from pipeline.plan.video_types import PROBE

FILMS: Final = ("video", "reel")
"""The placements that take a film; a network's own comes first in this order."""


def fit_options(name: str, placement: str | None, choices: FitChoices) -> FitOptions:
    """The options of a fit; raises Rejected for a network or a placement that is not there."""
    network = network_named(name)
    kinds = {limit.kind for limit in network.media}
    kind = placement or next((film for film in FILMS if film in kinds), FILMS[0])
    if kind not in FILMS:
        raise Rejected(f"{kind} is no placement for a film: those are {' and '.join(FILMS)}")
    return FitOptions(network=name, kind=media_limit(network, kind).kind, choices=choices)


def plan_probe() -> Graph:
    """The stage that every film begins with."""
    return plan_video(None, Brief())


def plan_fit(options: FitOptions) -> Graph:
    """The probe and the fit, whose name has the placement: each placement has its own file."""
    name = f"{FIT}.{options.network}-{options.kind}"
    fit = StageSpec(name, 1, Queue.MEDIA, options, (PROBE,), deadline_seconds=600)
    return Graph((*plan_probe().stages, fit))


def refuse_unmendable(probe: Probe, options: FitOptions) -> None:
    """Raise Rejected, with a line for each reason, where no file would come out."""
    plan = fit_film(probe, facts_of(probe), options)
    if plan.blocked:
        raise Rejected("; ".join(each.line for each in plan.blocked))
