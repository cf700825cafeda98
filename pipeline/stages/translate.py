"""Stage `translate`: captions in the brand's other languages, by a language model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from pipeline.plan.caption_types import (
    CaptionRendition,
    Translated,
    TranslateOptions,
    TranslateResult,
)
from pipeline.plan.speech_types import TRANSCRIBE, TRANSCRIPT_NAME
from pipeline.stages.context import StageContext
from pipeline.writing import REMEDY, Ask, Unavailable
from pipeline.writing.translating import spoken_in, translated
from transcoders.captions import Cue, srt, ttml, vtt

_NO_MODEL: Final = "there is no language model to translate"


@dataclass(frozen=True, slots=True)
class _Made:
    """What became of one language."""

    told: Translated
    rendition: CaptionRendition | None = None
    files: tuple[ArtifactFile, ...] = ()


def run(context: StageContext, options: TranslateOptions) -> StageResult:
    """Files `captions/<language>.vtt`, `.srt`, `.ttml` and a rendition in each language.

    A language in which a part has no usable answer has no captions, and says why.
    """
    path = context.inputs[TRANSCRIBE].paths.get(TRANSCRIPT_NAME)
    if path is None:
        return _skipped("there is no transcript")
    transcript = transcript_at(path)
    heard = languages.tag(transcript.language)
    if heard is None or not transcript.words:
        return _skipped("nothing was said, or in no language that is known")
    wanted = [one for one in options.languages if one.partition("-")[0] != heard.partition("-")[0]]
    if not wanted:
        return _skipped("the brand has no language but the one that is spoken")
    if context.ask_model is None:
        return _skipped(_NO_MODEL, REMEDY)
    shots = context.cuts()
    own = profile_of(heard, options)
    cues = made_of(words_of(transcript), heard, own, options, shots).cues
    made = []
    for number, language in enumerate(wanted):
        progress = context.part(number / len(wanted), (number + 1) / len(wanted))
        made.append(_in(language, cues, context.ask_model, context, options, shots, progress))
    value = TranslateResult(
        translations=tuple(one.told for one in made),
        renditions=tuple(one.rendition for one in made if one.rendition is not None),
    )
    return StageResult(value, tuple(file for one in made for file in one.files))


def _in(
    language: str,
    cues: Sequence[Cue],
    ask: Ask,
    context: StageContext,
    options: TranslateOptions,
    shots: Sequence[float],
    progress: Callable[[float], None],
) -> _Made:
    """Captions in one language, set by the rules for it."""
    profile = profile_of(language, options)
    spoken = spoken_in(cues, profile)
    try:
        words, asked = translated(ask, spoken, language, options.glossary, progress)
    except Unavailable as why:
        return _Made(Translated(language=language, asked=why.asked, reason=why.reason))
    made = made_of(words, language, profile, options, shots)
    texts = {
        "vtt": vtt.written(made.cues),
        "srt": srt.written(made.cues),
        "ttml": ttml.written(made.cues, language),
    }
    files = files_of(texts, language, context.scratch)
    offered = rendition(
        made.cues, language, files[0], options.seconds, context.scratch, spoken=False
    )
    told = Translated(
        language=language, cues=len(made.cues), violations=dict(made.violations), asked=asked
    )
    return _Made(told, offered.told, (*files, *offered.files))


def _skipped(reason: str, remedy: str | None = None) -> StageResult:
    return StageResult(TranslateResult(skipped=reason, remedy=remedy), skipped=True)
