"""A package as hls-parser, mp4box.js and an XML parser read it: none of the programs that made it.

Byte ranges are [begin, end). Times of media are in units of its timescale, from the beginning of
what is presented, that is after the edit list.
"""

import json
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from tests.playback.programs import HERE, node

MASTER: Final = "master.m3u8"
MANIFEST: Final = "manifest.mpd"


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Read):
    """Bytes of a file."""

    uri: str
    offset: int
    length: int

    @property
    def end(self) -> int:
        """The byte behind the last."""
        return self.offset + self.length


class Segment(_Read):
    """One segment of a media playlist, and its initialisation section."""

    seconds: float
    media: Range
    init: Range


class MediaPlaylist(_Read):
    """A media playlist; `vod` and `ended` say that nothing will be added to it."""

    kind: Literal["media"]
    target: int
    ended: bool
    vod: bool
    iframes: bool
    segments: tuple[Segment, ...]


class AudioRendition(_Read):
    """An EXT-X-MEDIA tag of type AUDIO."""

    uri: str
    language: str
    name: str
    default: bool
    group: str


class Variant(_Read):
    """An EXT-X-STREAM-INF tag, or with `iframes` an EXT-X-I-FRAME-STREAM-INF tag."""

    uri: str
    iframes: bool
    codecs: str
    width: int
    height: int
    frame_rate: float
    bandwidth: int
    average_bandwidth: int
    audio: tuple[AudioRendition, ...]


class MasterPlaylist(_Read):
    """The multivariant playlist."""

    kind: Literal["master"]
    independent: bool
    variants: tuple[Variant, ...]


class Box(_Read):
    """An outermost box of a file."""

    type: str
    begin: int
    end: int


class Key(_Read):
    """A sample marked as one to begin with: the end of its bytes, and when it is presented."""

    end: int
    presented: int


class Fragment(_Read):
    """A `moof` and its `mdat`: times, and what it begins with."""

    begin: int
    end: int
    decode_time: int
    duration: int
    presented: int
    presented_end: int
    samples: int
    starts_with_key: bool
    first_units: tuple[int, ...]
    keys: tuple[Key, ...]
    stays_inside: bool


class Reference(_Read):
    """One entry of the segment index (`sidx`)."""

    bytes: int
    duration: int
    sap: bool


class Media(_Read):
    """A CMAF track file. `width` and `height` are 0 for sound."""

    bytes: int
    brands: tuple[str, ...]
    boxes: tuple[Box, ...]
    tracks: int
    codec: str
    timescale: int
    width: int
    height: int
    fragments: tuple[Fragment, ...]
    index: tuple[Reference, ...]

    @property
    def samples(self) -> int:
        """Frames, or packets of sound."""
        return sum(fragment.samples for fragment in self.fragments)

    @property
    def seconds(self) -> float:
        """How long what is presented lasts."""
        return max(fragment.presented_end for fragment in self.fragments) / self.timescale

    @property
    def rate(self) -> float:
        """Samples a second."""
        return self.samples * self.timescale / sum(one.duration for one in self.fragments)


class Fault(_Read):
    """What one of the parsers would not take."""

    by: str
    file: str
    words: str


class Representation(_Read):
    """A Representation of the MPD with what its AdaptationSet says for it; None is not stated."""

    kind: str
    file: str
    codecs: str
    bandwidth: int
    width: int
    height: int
    frame_rate: str
    language: str
    index: tuple[int, int] | None
    init: tuple[int, int] | None
    aligned: bool


class Manifest(_Read):
    """The MPD."""

    type: str
    profiles: str
    duration: str
    min_buffer: str
    representations: tuple[Representation, ...]


class Package(_Read):
    """All of it, and where it lies."""

    folder: Path
    playlists: dict[str, MasterPlaylist | MediaPlaylist]
    media: dict[str, Media]
    faults: tuple[Fault, ...]
    manifest: Manifest | None

    @property
    def master(self) -> MasterPlaylist | None:
        """The multivariant playlist, if it could be read."""
        found = self.playlists.get(MASTER)
        return found if isinstance(found, MasterPlaylist) else None

    @property
    def variants(self) -> tuple[Variant, ...]:
        """What the multivariant playlist offers; nothing where it could not be read."""
        return self.master.variants if self.master else ()

    def of(self, uri: str) -> tuple[MediaPlaylist, Media] | None:
        """A media playlist and the one file that it cuts up, if both could be read."""
        playlist = self.playlists.get(uri)
        if not isinstance(playlist, MediaPlaylist) or not playlist.segments:
            return None
        media = self.media.get(playlist.segments[0].media.uri)
        return (playlist, media) if media else None


def read(folder: Path) -> Package:
    """Read every playlist, the MPD and every media file of a folder."""
    done = subprocess.run(
        [node(), str(HERE / "read.mjs"), str(folder)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    package = Package.model_validate(
        {"folder": folder, "manifest": None, **json.loads(done.stdout)}
    )
    path = folder / MANIFEST
    try:
        manifest = _manifest(ET.parse(path)) if path.exists() else None
    except (ET.ParseError, ValueError) as error:
        fault = Fault(by="ElementTree", file=MANIFEST, words=str(error))
        return package.model_copy(update={"faults": (*package.faults, fault)})
    return package.model_copy(update={"manifest": manifest})


_DASH: Final = {"": "urn:mpeg:dash:schema:mpd:2011"}


def _manifest(tree: "ET.ElementTree[ET.Element[str]]") -> Manifest:
    root = tree.getroot()
    return Manifest(
        type=root.get("type", "static"),
        profiles=root.get("profiles", ""),
        duration=root.get("mediaPresentationDuration", ""),
        min_buffer=root.get("minBufferTime", ""),
        representations=tuple(_representations(root)),
    )


def _representations(root: "ET.Element[str]") -> Iterator[Representation]:
    for group in root.iterfind("Period/AdaptationSet", _DASH):
        for one in group.iterfind("Representation", _DASH):
            base = one.find("SegmentBase", _DASH)
            init = one.find("SegmentBase/Initialization", _DASH)

            def said(
                name: str, element: "ET.Element[str]" = one, of: "ET.Element[str]" = group
            ) -> str:
                return element.get(name) or of.get(name) or ""

            yield Representation(
                kind=group.get("contentType") or said("mimeType").partition("/")[0],
                file=one.findtext("BaseURL", "", _DASH),
                codecs=said("codecs"),
                bandwidth=int(said("bandwidth")),
                width=int(said("width") or 0),
                height=int(said("height") or 0),
                frame_rate=said("frameRate"),
                language=group.get("lang", ""),
                index=_range(base, "indexRange"),
                init=_range(init, "range"),
                aligned=group.get("subsegmentAlignment") == "true",
            )


def _range(element: "ET.Element[str] | None", name: str) -> tuple[int, int] | None:
    text = element.get(name) if element is not None else None
    if not text:
        return None
    begin, _, last = text.partition("-")
    return int(begin), int(last) + 1
