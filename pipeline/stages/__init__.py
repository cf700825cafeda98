"""The stages: pure functions, files and typed values in, files and typed values out."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.plan import StageResult
from pipeline.plan.caption_types import CAPTIONED, CAPTIONS, TRANSLATE
from pipeline.plan.clip_types import CLIPS
from pipeline.plan.fit_types import FIT
from pipeline.plan.image_types import IMAGE, PROBE_IMAGE
from pipeline.plan.moment_types import MOMENTS
from pipeline.plan.shots import SHOTS
from pipeline.plan.speech_types import TRANSCRIBE
from pipeline.plan.thumbnails import THUMBNAILS
from pipeline.plan.video_types import ANALYSE, AUDIO, ENCODE, PACKAGE, PICTURES, PREVIEW, PROBE
from pipeline.plan.words_types import WORDS
from pipeline.stages import (
    analyse,
    audio,
    captioned,
    captions,
    clips,
    encode,
    fit,
    image,
    moments,
    package,
    pictures,
    preview,
    probe,
    probe_image,
    shots,
    thumbnails,
    transcribe,
    translate,
    words,
)
from pipeline.stages.context import StageContext, StageInput

# Each takes the options that `pipeline.plan.STAGE_TYPES` names for it.
StageFunction = Callable[[StageContext, Any], StageResult]

STAGE_FUNCTIONS: Mapping[str, StageFunction] = {
    PROBE: probe.run,
    PREVIEW: preview.run,
    ANALYSE: analyse.run,
    AUDIO: audio.run,
    ENCODE: encode.run,
    PACKAGE: package.run,
    PICTURES: pictures.run,
    SHOTS: shots.run,
    THUMBNAILS: thumbnails.run,
    TRANSCRIBE: transcribe.run,
    CAPTIONS: captions.run,
    TRANSLATE: translate.run,
    CAPTIONED: captioned.run,
    MOMENTS: moments.run,
    CLIPS: clips.run,
    WORDS: words.run,
    FIT: fit.run,
    PROBE_IMAGE: probe_image.run,
    IMAGE: image.run,
}

__all__ = ["STAGE_FUNCTIONS", "StageContext", "StageFunction", "StageInput"]
