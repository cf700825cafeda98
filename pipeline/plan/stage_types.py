"""What each stage takes and gives, by name: enough to read its options and results from JSON."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from core.images import ImageProbe
from core.media import Probe
from pipeline.plan.caption_types import (
    CAPTIONED,
    CAPTIONS,
    TRANSLATE,
    CaptionedOptions,
    CaptionedResult,
    CaptionsOptions,
    CaptionsResult,
    TranslateOptions,
    TranslateResult,
)
from pipeline.plan.clip_types import CLIPS, ClipsOptions, ClipsResult
from pipeline.plan.fit_types import FIT, FitOptions, FitResult
from pipeline.plan.image_types import (
    IMAGE,
    PROBE_IMAGE,
    ImageOptions,
    ImageResult,
    ProbeImageOptions,
)
from pipeline.plan.moment_types import MOMENTS, MomentsOptions, MomentsResult
from pipeline.plan.shots import SHOTS, ShotsOptions, ShotsResult
from pipeline.plan.speech_types import TRANSCRIBE, TranscribeOptions, TranscribeResult
from pipeline.plan.thumbnails import THUMBNAILS, ThumbnailsOptions, ThumbnailsResult
from pipeline.plan.video_types import (
    ANALYSE,
    AUDIO,
    ENCODE,
    PACKAGE,
    PICTURES,
    PREVIEW,
    PROBE,
    AnalyseOptions,
    AnalyseResult,
    AudioOptions,
    AudioResult,
    EncodeOptions,
    EncodeResult,
    PackageOptions,
    PackageResult,
    PicturesOptions,
    PicturesResult,
    PreviewOptions,
    PreviewResult,
    ProbeOptions,
)
from pipeline.plan.words_types import WORDS, WordsOptions, WordsResult

WORK: Final = "work"
"""The kind of files that only later stages need: they are no result of a run."""


@dataclass(frozen=True, slots=True)
class StageType:
    """The models of one stage's options and result, and the stages whose files it replaces.

    It `replaces` all files of some, and `amends` those files of others that it makes anew under
    their names.
    """

    options: type[BaseModel]
    result: type[BaseModel] | None
    replaces: tuple[str, ...] = ()
    amends: tuple[str, ...] = ()


STAGE_TYPES: Final[dict[str, StageType]] = {
    PROBE: StageType(ProbeOptions, Probe),
    PREVIEW: StageType(PreviewOptions, PreviewResult),
    ANALYSE: StageType(AnalyseOptions, AnalyseResult),
    AUDIO: StageType(AudioOptions, AudioResult),
    ENCODE: StageType(EncodeOptions, EncodeResult),
    # The ladder takes the preview's place in the transaction that records it.
    PACKAGE: StageType(PackageOptions, PackageResult, replaces=(PREVIEW,)),
    PICTURES: StageType(PicturesOptions, PicturesResult),
    SHOTS: StageType(ShotsOptions, ShotsResult),
    THUMBNAILS: StageType(ThumbnailsOptions, ThumbnailsResult),
    MOMENTS: StageType(MomentsOptions, MomentsResult),
    CLIPS: StageType(ClipsOptions, ClipsResult),
    WORDS: StageType(WordsOptions, WordsResult),
    CAPTIONS: StageType(CaptionsOptions, CaptionsResult),
    TRANSLATE: StageType(TranslateOptions, TranslateResult),
    # The film plays before its captions are there; then another master leads the same media.
    CAPTIONED: StageType(CaptionedOptions, CaptionedResult, amends=(PACKAGE, CAPTIONED)),
    TRANSCRIBE: StageType(TranscribeOptions, TranscribeResult),
    FIT: StageType(FitOptions, FitResult),
    PROBE_IMAGE: StageType(ProbeImageOptions, ImageProbe),
    IMAGE: StageType(ImageOptions, ImageResult),
}

PROBES: Final = frozenset({PROBE, PROBE_IMAGE})
"""The stages from whose values the rest of a graph is planned; they are the asset's media."""


def kind_of(stage: str) -> str:
    """What a stage is one of: `encode.3` is an `encode`."""
    return stage.partition(".")[0]


def amended_by(stage: str) -> tuple[str, ...]:
    """The kinds of stages some of whose files a stage makes anew under their names."""
    found = STAGE_TYPES.get(kind_of(stage))
    return found.amends if found else ()


def amenders_of(stage: str) -> tuple[str, ...]:
    """The kinds of stages that make some of a stage's files anew."""
    kind = kind_of(stage)
    return tuple(name for name, found in STAGE_TYPES.items() if kind in found.amends)


def replaced_by(done: Iterable[str]) -> frozenset[str]:
    """The kinds of stages whose files are no longer a run's once those stages are done."""
    types = (STAGE_TYPES.get(kind_of(name)) for name in done)
    return frozenset(name for found in types if found for name in found.replaces)
