"""What must hold between the MPD and the media (ISO/IEC 23009-1, profile on-demand)."""

import re
from collections.abc import Iterator
from fractions import Fraction

from tests.playback.reading import MANIFEST, Media, Package, Representation

_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?\Z")
_ON_DEMAND = "urn:mpeg:dash:profile:isoff-on-demand:2011"


def violations(package: Package) -> Iterator[tuple[str, str]]:
    """Pairs of the MPD's name and what is wrong with it."""
    for what in _manifest(package):
        yield MANIFEST, what


def _manifest(package: Package) -> Iterator[str]:
    manifest = package.manifest
    if manifest is None:
        yield "is missing or cannot be read"
        return
    if manifest.type != "static":
        yield f"is of type {manifest.type}"
    if _ON_DEMAND not in manifest.profiles.split(","):
        yield f"has the profiles {manifest.profiles}"
    if _seconds(manifest.min_buffer) is None:
        yield "states no minBufferTime"
    longest = max((media.seconds for media in package.media.values()), default=0.0)
    stated = _seconds(manifest.duration)
    if stated is None or abs(stated - longest) > 0.05:
        yield f"lasts {manifest.duration}, the media {longest:.3f} s"
    if not any(one.kind == "video" for one in manifest.representations):
        yield "offers no picture"
    unused = package.media.keys() - {one.file for one in manifest.representations}
    if unused:
        yield f"does not offer {', '.join(sorted(unused))}"
    for one in manifest.representations:
        media = package.media.get(one.file)
        if media is None:
            yield f"{one.file} is missing or cannot be read"
        else:
            for what in _representation(one, media):
                yield f"{one.file}: {what}"


def _representation(one: Representation, media: Media) -> Iterator[str]:
    boxes = {box.type: (box.begin, box.end) for box in media.boxes}
    if one.index != boxes.get("sidx"):
        yield f"indexRange is {one.index}, where the index is {boxes.get('sidx')}"
    if one.init != (0, boxes.get("moov", (0, 0))[1]):
        yield f"Initialization is {one.init}, where the header ends at {boxes.get('moov')}"
    if one.codecs != media.codec:
        yield f"codecs is {one.codecs}, where the media is {media.codec}"
    if (one.width, one.height) != (media.width, media.height):
        yield f"is {one.width}x{one.height}, where the picture is {media.width}x{media.height}"
    if media.width and abs(float(Fraction(one.frame_rate or "0")) - media.rate) > 0.005:
        yield f"frameRate is {one.frame_rate}, where the picture has {media.rate:.3f}"
    average = sum(reference.bytes for reference in media.index) * 8 / media.seconds
    if one.bandwidth < average * 0.999:
        yield f"bandwidth is {one.bandwidth}, where the media needs {average:.0f} on average"
    if not one.aligned:
        yield "is not said to be aligned"


def _seconds(duration: str) -> float | None:
    found = _DURATION.match(duration)
    if not found or not any(found.groups()):
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds
