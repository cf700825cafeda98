"""Stage `captioned`: the package offers its captions. It played before, and plays meanwhile."""

import posixpath
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.caption_types import (
    CaptionedOptions,
    CaptionedResult,
    CaptionRendition,
)
from pipeline.plan.video_types import PACKAGE
from pipeline.stages.context import StageContext
from transcoders import dash, hls

_FOLDER: Final = "stream"
_MASTER: Final = f"{_FOLDER}/master.m3u8"
_MANIFEST: Final = f"{_FOLDER}/manifest.mpd"
_HLS: Final = "application/vnd.apple.mpegurl"
_DASH: Final = "application/dash+xml"


def run(context: StageContext, options: CaptionedOptions) -> StageResult:
    """Files `stream/master.m3u8` and `stream/manifest.mpd`, to take the place of the package's.

    Both are written from those that the package began with, so that a second time adds nothing.
    """
    offered = _offered(context, options.sources)
    if not _offered(context, options.sources[-1:]):
        # What the others gave is offered already.
        return StageResult(CaptionedResult(languages=tuple(one.language for one in offered)))
    master = context.path(PACKAGE, _MASTER).read_text("utf-8")
    manifest = context.path(PACKAGE, _MANIFEST).read_text("utf-8")
    texts = {
        _MASTER: hls.with_captions(master, [_for_hls(one) for one in offered]),
        _MANIFEST: dash.with_captions(manifest, [_for_dash(one) for one in offered]),
    }
    paths = {name: context.scratch / name for name in texts}
    (context.scratch / _FOLDER).mkdir()
    for name, text in texts.items():
        paths[name].write_text(text, encoding="utf-8", newline="")
    leads = Attributes(role="master", duration=options.seconds)
    told = leads.model_copy(update={"role": "manifest"})
    files = (
        ArtifactFile("hls", _MASTER, paths[_MASTER], _HLS, leads),
        ArtifactFile("dash", _MANIFEST, paths[_MANIFEST], _DASH, told),
    )
    return StageResult(CaptionedResult(languages=tuple(one.language for one in offered)), files)


def _offered(context: StageContext, sources: Sequence[str]) -> list[CaptionRendition]:
    """Every language once: as it was heard rather than as it was translated."""
    found: dict[str, CaptionRendition] = {}
    for source in sources:
        for one in getattr(context.inputs[source].value, "renditions", ()):
            found.setdefault(one.language, one)
    return list(found.values())


def _for_hls(one: CaptionRendition) -> hls.Captions:
    return hls.Captions(_beside(one.playlist), one.name, one.language, spoken=one.spoken)


def _for_dash(one: CaptionRendition) -> dash.Captions:
    return dash.Captions(
        _beside(one.file), one.name, one.language, one.bandwidth, spoken=one.spoken
    )


def _beside(name: str) -> str:
    """A file of the run as the package's playlists refer to it."""
    return posixpath.relpath(PurePosixPath(name), _FOLDER)
