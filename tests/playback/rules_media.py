"""What must hold of the media files themselves: CMAF tracks (ISO/IEC 23000-19) in single files."""

from collections.abc import Iterator
from itertools import pairwise

from tests.playback.reading import Media, Package

_IDR = {"avc1": frozenset({5}), "avc3": frozenset({5})}
_RANDOM_ACCESS = frozenset(range(16, 22))  # HEVC: BLA, IDR and CRA pictures


def violations(package: Package) -> Iterator[tuple[str, str]]:
    """Pairs of a file and what is wrong with it."""
    for name, media in package.media.items():
        for what in (*_structure(media), *_timeline(media), *_index(media)):
            yield name, what


def _structure(media: Media) -> Iterator[str]:
    if media.tracks != 1:
        yield f"holds {media.tracks} tracks, where CMAF wants one"
    if not {"cmfc", "cmf2"} & set(media.brands):
        yield f"is not marked as CMAF, only as {', '.join(media.brands)}"
    types = [box.type for box in media.boxes]
    if types[:2] != ["ftyp", "moov"]:
        yield f"begins with {types[:2]}, not with its header"
    for before, after in pairwise(media.boxes):
        if before.end != after.begin:
            yield f"has a gap between {before.type} and {after.type} at byte {before.end}"
    if media.boxes[-1].end != media.bytes:
        yield f"ends at byte {media.bytes}, its last box at {media.boxes[-1].end}"


def _timeline(media: Media) -> Iterator[str]:
    idr = _IDR.get(media.codec.partition(".")[0], _RANDOM_ACCESS)
    for number, fragment in enumerate(media.fragments):
        if not fragment.starts_with_key:
            yield f"fragment {number} does not begin with a sample marked as a keyframe"
        if fragment.first_units and not idr & set(fragment.first_units):
            yield f"fragment {number} begins with units {fragment.first_units}, none a keyframe"
        if not fragment.stays_inside:
            yield f"samples of fragment {number} lie outside of it"
    for number, (before, after) in enumerate(pairwise(media.fragments), 1):
        gap = after.decode_time - before.decode_time - before.duration
        if gap:
            word = "a gap" if gap > 0 else "an overlap"
            yield f"{word} of {abs(gap) / media.timescale:.3f} s before fragment {number}"


def _index(media: Media) -> Iterator[str]:
    """The `sidx`: DASH players find all segments by it."""
    if not media.index:
        yield "has no segment index"
        return
    at = next(box.end for box in media.boxes if box.type == "sidx")
    starts = {fragment.begin: fragment for fragment in media.fragments}
    decode = media.fragments[0].presented
    for number, reference in enumerate(media.index):
        if at not in starts:
            yield f"the index says that segment {number} begins at byte {at}, where no moof does"
            return
        if not reference.sap:
            yield f"the index says that segment {number} does not begin with an access point"
        shown = starts[at].presented
        if abs(shown - decode) > media.timescale / media.rate:
            yield f"the index puts segment {number} at {decode}, the media at {shown}"
        at, decode = at + reference.bytes, decode + reference.duration
    if at != media.bytes:
        yield f"the index ends at byte {at} of {media.bytes}"
