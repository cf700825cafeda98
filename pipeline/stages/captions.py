"""Stage `captions`: cues of what was said, in every usual format."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from core import languages
from core.errors import Rejected
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.caption_types import CAPTIONS, CaptionsOptions, CaptionsResult
from pipeline.plan.speech_types import TRANSCRIBE, TRANSCRIPT_NAME
from pipeline.plan.transcript import Transcript
from pipeline.stages.context import StageContext
from transcoders.captions import (
    Cue,
    Profile,
    Word,
    ass,
    captioned,
    profile_for,
    srt,
    ttml,
    violations,
    vtt,
)

_NO_TRANSCRIPT: Final = "there is no transcript"
_MAX_BYTES: Final = 256 << 20
# Two days of somebody who never stops; a phrase where words are written without spaces.
_MAX_WORDS: Final = 1_000_000
_MAX_CHARACTERS: Final = 2_000
_MAX_SECONDS: Final = 7 * 86_400.0
_MIMES: Final = {
    "vtt": "text/vtt",
    "srt": "application/x-subrip",
    "ttml": "application/ttml+xml",
    "ass": "text/x-ssa",
    "karaoke.ass": "text/x-ssa",
}
_UNKNOWN: Final = "und"


@dataclass(frozen=True, slots=True)
class _Made:
    """Cues, and how often they break which rule."""

    cues: tuple[Cue, ...]
    violations: Mapping[str, int]


def run(context: StageContext, options: CaptionsOptions) -> StageResult:
    """Files `captions/<language>.vtt`, `.srt`, `.ttml`, `.ass` and `.karaoke.ass`, or none.

    What is to be burned into a narrow picture has shorter lines, and cues of its own.
    """
    began = time.monotonic()
    path = context.inputs[TRANSCRIBE].paths.get(TRANSCRIPT_NAME)
    if path is None:
        return StageResult(CaptionsResult(skipped=_NO_TRANSCRIPT), skipped=True)
    transcript = _transcript(path)
    shots = context.cuts()
    language = languages.tag(transcript.language) or _UNKNOWN
    words = _words(transcript)
    look = replace(ass.look_for(options.width, options.height), **options.look.model_dump())
    profile = _profile(language, options)
    made = _made(words, language, profile, options, shots)
    context.progress(0.4)
    narrow = replace(profile, columns=min(profile.columns, look.columns))
    drawn = made if narrow == profile else _made(words, language, narrow, options, shots)
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
        files = _files(context, language, texts)
    context.progress(1.0)
    took = round(time.monotonic() - began, 3)
    return StageResult(value.model_copy(update={"seconds": took}), files)


def _made(
    words: Sequence[Word],
    language: str,
    profile: Profile,
    options: CaptionsOptions,
    shots: Sequence[float],
) -> _Made:
    glossary = options.glossary
    cues = captioned(
        words, language, profile, glossary=glossary, shots=shots, seconds=options.seconds
    )
    return _Made(cues, violations(cues, words, language, profile, glossary=glossary, shots=shots))


def _transcript(path: Path) -> Transcript:
    if path.stat().st_size > _MAX_BYTES:
        raise Rejected("the transcript is too long to be captioned")
    try:
        return Transcript.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise Rejected("the transcript cannot be read", detail=str(error)[:2000]) from error


def _words(transcript: Transcript) -> list[Word]:
    words = [
        Word(word.text, word.begin, word.end, segment.speaker)
        for segment in transcript.segments
        for word in segment.words
    ]
    times = max((max(word.begin, word.end) for word in words), default=0.0)
    longest = max((len(word.text) for word in words), default=0)
    if len(words) > _MAX_WORDS or longest > _MAX_CHARACTERS or times > _MAX_SECONDS:
        raise Rejected("the transcript has more, or longer, words than a film can have")
    return words


def _profile(language: str, options: CaptionsOptions) -> Profile:
    usual = profile_for(language, Fraction(options.rate))
    return replace(
        usual, columns=options.columns or usual.columns, lines=options.lines or usual.lines
    )


def _files(
    context: StageContext, language: str, texts: Mapping[str, str]
) -> tuple[ArtifactFile, ...]:
    (context.scratch / CAPTIONS).mkdir()
    files = []
    for ending, text in texts.items():
        name = f"{CAPTIONS}/{language}.{ending}"
        path = context.scratch / name
        path.write_text(text, encoding="utf-8", newline="")
        role = "karaoke" if ending.startswith("karaoke") else ending
        facts = Attributes(language=language, role=role)
        files.append(ArtifactFile(CAPTIONS, name, path, _MIMES[ending], facts))
    return tuple(files)
