"""Captions in one language as a rendition: what lies beside a package's media, and its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

from core import languages
from pipeline.plan import ArtifactFile, Attributes
from pipeline.plan.caption_types import CAPTIONS, CaptionRendition
from transcoders.captions import Cue
from transcoders.captions.streaming import segmented

_STREAM: Final = "stream"
_UNNAMED: Final = "Captions"
_HLS: Final = "application/vnd.apple.mpegurl"
_VTT: Final = "text/vtt"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What players are told, and the files for HLS; DASH takes the whole WebVTT file."""

    told: CaptionRendition
    files: tuple[ArtifactFile, ...]


def rendition(
    cues: Sequence[Cue],
    language: str,
    whole: ArtifactFile,
    seconds: float | None,
    folder: Path,
    *,
    spoken: bool = True,
) -> Rendered:
    """Cues of a film of `seconds` as a playlist and its segments, written below `folder`.

    `whole` is the WebVTT file of the same cues.
    """
    length = seconds if seconds is not None else max((cue.end for cue in cues), default=0.0)
    stem = f"{CAPTIONS}-{language}"
    made = segmented(cues, length, prefix=f"{stem}-")
    (folder / _STREAM).mkdir(exist_ok=True)
    texts = {f"{stem}.m3u8": made.playlist, **made.segments}
    files = []
    for name, text in texts.items():
        path = folder / _STREAM / name
        path.write_text(text, encoding="utf-8", newline="")
        role, mime = ("playlist", _HLS) if name.endswith(".m3u8") else ("segment", _VTT)
        facts = Attributes(language=language, role=role)
        files.append(ArtifactFile(CAPTIONS, f"{_STREAM}/{name}", path, mime, facts))
    name = languages.name(language)
    told = CaptionRendition(
        language=language,
        name=_UNNAMED if name == language else name,
        playlist=files[0].name,
        file=whole.name,
        bandwidth=ceil(whole.path.stat().st_size * 8 / max(length, 1.0)),
        spoken=spoken,
    )
    return Rendered(told, tuple(files))
