"""Stage `captions`: cues of what was said, in every usual format and as a rendition to stream."""

import time
from dataclasses import replace
from typing import Final

from core import languages
from pipeline.captioning import (
    files_of,
    made_of,
    profile_of,
    rendition,
    transcript_at,
    words_of,
)
from pipeline.plan import ArtifactFile, StageResult
from pipeline.plan.caption_types import CaptionsOptions, CaptionsResult
from pipeline.plan.speech_types import TRANSCRIBE, TRANSCRIPT_NAME
from pipeline.stages.context import StageContext
from transcoders.captions import ass, srt, ttml, vtt

_NO_TRANSCRIPT: Final = "there is no transcript"
_UNKNOWN: Final = "und"


def run(context: StageContext, options: CaptionsOptions) -> StageResult:
    """Files `captions/<language>.vtt`, `.srt`, `.ttml`, `.ass` and `.karaoke.ass`, or none.

    Beside the package's media there are a playlist and its segments for HLS; the stage `captioned`
    has players told of them. What is to be burned into a narrow picture has shorter lines, and cues
    of its own.
    """
    began = time.monotonic()
    path = context.inputs[TRANSCRIBE].paths.get(TRANSCRIPT_NAME)
    if path is None:
        return StageResult(CaptionsResult(skipped=_NO_TRANSCRIPT), skipped=True)
    transcript = transcript_at(path)
    shots = context.cuts()
    language = languages.tag(transcript.language) or _UNKNOWN
    words = words_of(transcript)
    look = replace(ass.look_for(options.width, options.height), **options.look.model_dump())
    profile = profile_of(language, options)
    made = made_of(words, language, profile, options, shots)
    context.progress(0.4)
    narrow = replace(profile, columns=min(profile.columns, look.columns))
    drawn = made if narrow == profile else made_of(words, language, narrow, options, shots)
    context.progress(0.8)
    value = CaptionsResult(
        language=language,
        words=len(words),
        cues=len(made.cues),
        violations=dict(made.violations),
        drawn_cues=len(drawn.cues),
        drawn_violations=dict(drawn.violations),
        speakers=len({word.speaker for word in words if word.speaker}),
        reason=None if made.cues else "nothing was said",
    )
    files: tuple[ArtifactFile, ...] = ()
    if made.cues:
        texts = {
            "vtt": vtt.written(made.cues),
            "srt": srt.written(made.cues),
            "ttml": ttml.written(made.cues, language),
            "ass": ass.written(drawn.cues, look),
            "karaoke.ass": ass.karaoke(drawn.cues, look),
        }
        files = files_of(texts, language, context.scratch)
        offered = rendition(made.cues, language, files[0], options.seconds, context.scratch)
        files += offered.files
        value = value.model_copy(update={"renditions": (offered.told,)})
    context.progress(1.0)
    took = round(time.monotonic() - began, 3)
    return StageResult(value.model_copy(update={"seconds": took}), files)
