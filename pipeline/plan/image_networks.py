"""What networks take of pictures, as data, and which of the files that were made fits where.

The figures are those of November 2026. Sources: YouTube's, LinkedIn's, X's, Shopify's and Google's
own documentation where they tell; Meta's as it is quoted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pipeline.plan.image_types import Fit
from pipeline.plan.types import Attributes


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere in a network where a picture is shown; bytes and pixels, None is no limit.

    `shape` is the crop that is meant for it.
    """

    network: str
    name: str
    shape: str
    most_bytes: int | None = None
    least_bytes: int | None = None
    least_width: int | None = None
    least_height: int | None = None
    most_width: int | None = None


_MB: Final = 1_000_000
PLACES: Final = (
    Place("youtube", "thumbnail", "16:9", most_bytes=2 * _MB, least_width=640),
    Place("instagram", "post", "4:5", 8 * _MB, least_width=320, most_width=1440),
    Place("instagram", "square", "1:1", 8 * _MB, least_width=320, most_width=1440),
    Place("instagram", "wide", "1.91:1", 8 * _MB, least_width=320, most_width=1440),
    Place("instagram", "story", "9:16", 8 * _MB, least_width=320, most_width=1440),
    Place("facebook", "link", "1.91:1", 8 * _MB, least_width=200),
    Place("linkedin", "post", "1.91:1", 8 * _MB, least_width=200),
    Place("x", "post", "16:9", 5 * _MB),
    Place("google_business", "post", "4:3", 5 * _MB, 10_000, least_width=250, least_height=250),
    Place("shopify", "product", "1:1", 20 * _MB),
)


def fits(files: Iterable[tuple[str, int, Attributes]]) -> tuple[Fit, ...]:
    """For each place the file that it takes; `files` are a path, bytes and attributes each."""
    crops = {facts.rendition: (path, size, facts) for path, size, facts in files
             if facts.role == "crop"}  # fmt: skip
    return tuple(_fit(place, crops.get(place.shape)) for place in PLACES)


def _fit(place: Place, crop: tuple[str, int, Attributes] | None) -> Fit:
    if crop is None:
        reason = f"no crop of {place.shape} was made"
        return Fit(network=place.network, place=place.name, reason=reason)
    path, size, facts = crop
    obstacle = _obstacle(place, size, facts.width or 0, facts.height or 0)
    if obstacle is not None:
        return Fit(network=place.network, place=place.name, reason=obstacle)
    return Fit(network=place.network, place=place.name, path=path)


def _obstacle(place: Place, size: int, width: int, height: int) -> str | None:
    """The first reason why a place would not take a file; None where it does."""
    least_width, least_height = place.least_width or 0, place.least_height or 0
    least_bytes = place.least_bytes or 0
    most_width, most_bytes = place.most_width or width, place.most_bytes or size
    small = "the least: the picture is too small"
    unfit = (
        (width < least_width, f"{width} pixels wide, and {least_width} are {small}"),
        (height < least_height, f"{height} pixels high, and {least_height} are {small}"),
        (width > most_width, f"{width} pixels wide, and {most_width} are the most"),
        (size < least_bytes, f"{size} bytes, and {least_bytes} are the least"),
        (size > most_bytes, f"{size} bytes, and {most_bytes} are the most"),
    )
    return next((reason for holds, reason in unfit if holds), None)
