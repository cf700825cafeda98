"""The networks: their limits as data, texts and files held against them, texts made to fit."""

from typing import Final

from core.errors import Rejected
from pipeline.plan.networks.amazon import AMAZON
from pipeline.plan.networks.checks import check, is_hashtag
from pipeline.plan.networks.counting import chapter_lines, clock, compose, length, posted
from pipeline.plan.networks.facebook import FACEBOOK
from pipeline.plan.networks.fitting import Fitted, fit, shorten
from pipeline.plan.networks.google_business import GOOGLE_BUSINESS
from pipeline.plan.networks.instagram import INSTAGRAM
from pipeline.plan.networks.linkedin import LINKEDIN
from pipeline.plan.networks.preflight import facts_of, media_limit, preflight
from pipeline.plan.networks.shopify import SHOPIFY
from pipeline.plan.networks.types import Chapter, Copy, MediaFacts, Network, Unit, Violation
from pipeline.plan.networks.weighted import weighted_length
from pipeline.plan.networks.x import X
from pipeline.plan.networks.youtube import YOUTUBE

NETWORKS: Final[dict[str, Network]] = {
    network.name: network
    for network in (
        YOUTUBE,
        FACEBOOK,
        INSTAGRAM,
        LINKEDIN,
        X,
        GOOGLE_BUSINESS,
        SHOPIFY,
        AMAZON,
    )
}


def network_named(name: str) -> Network:
    """A network's limits; raises Rejected where there is none of that name."""
    found = NETWORKS.get(name)
    if found is None:
        raise Rejected(f"there is no network {name!r}; there is {', '.join(sorted(NETWORKS))}")
    return found


__all__ = [
    "NETWORKS",
    "YOUTUBE",
    "Chapter",
    "Copy",
    "Fitted",
    "MediaFacts",
    "Network",
    "Unit",
    "Violation",
    "chapter_lines",
    "check",
    "clock",
    "compose",
    "facts_of",
    "fit",
    "is_hashtag",
    "length",
    "media_limit",
    "network_named",
    "posted",
    "preflight",
    "shorten",
    "weighted_length",
]
