"""Stage `transcribe`: what is said in the main track, as words with their times."""

from pathlib import Path
from typing import Final

from ai.speech.providers import find_transcriber
from ai.speech.transcriber import UNKNOWN_LANGUAGE, Heard, SpeechOptions, Surroundings, Unavailable
from core.errors import Misconfigured
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.speech_types import (
    TRANSCRIPT,
    TRANSCRIPT_NAME,
    TranscribeOptions,
    TranscribeResult,
)
from pipeline.stages.context import StageContext
from transcoders import audio
from transcoders.ffmpeg import Bounds, execute

_SPEECH: Final = "speech.flac"
_SOUND: Final = "speech.wav"
_WALL_SECONDS: Final = 3600.0
_MEMORY_BYTES: Final = 2 << 30
# Of the bar; the rest is listening.
_DECODED: Final = 0.03
_MEND: Final = "mend what it names, and process the file again: docs/settings.md"


def run(context: StageContext, options: TranscribeOptions) -> StageResult:
    """File `transcript.json`, also where nobody speaks; none where it is skipped."""
    if options.audio is None:
        return _skipped("there is no sound in this file", None)
    try:
        heard = _heard(context, options, options.audio)
    except Unavailable as error:
        return _skipped(str(error), error.remedy)
    except Misconfigured as error:
        # A key that is refused, weights that are damaged: the film is none the worse for it.
        return _skipped(str(error), _MEND)
    context.progress(1.0)
    return _result(heard, _written(context, heard))


def _heard(context: StageContext, options: TranscribeOptions, audio_stage: str) -> Heard:
    transcriber = find_transcriber(context.settings)
    sound = _decoded(context, context.path(audio_stage, _SPEECH))
    context.progress(_DECODED)
    heard = transcriber.transcribe(
        sound,
        SpeechOptions(options.language, options.glossary),
        Surroundings(context.scratch, context.part(_DECODED, 1.0), context.cancel),
    )
    sound.unlink()
    return heard


def _skipped(reason: str, remedy: str | None) -> StageResult:
    return StageResult(TranscribeResult(skipped=reason, remedy=remedy), skipped=True)


def _decoded(context: StageContext, speech: Path) -> Path:
    """The speech as plain samples: so a model's child decodes nothing."""
    target = context.scratch / _SOUND
    execute(
        audio.samples_of_speech(context.tools, speech, target),
        bounds=Bounds(
            wall_seconds=_WALL_SECONDS,
            memory_bytes=_MEMORY_BYTES,
            scratch_bytes=context.scratch_bytes,
        ),
        scratch=context.scratch,
        cancel=context.cancel,
    )
    return target


def _written(context: StageContext, heard: Heard) -> ArtifactFile:
    transcript, target = heard.transcript, context.scratch / TRANSCRIPT_NAME
    target.write_text(transcript.model_dump_json())
    known = transcript.language != UNKNOWN_LANGUAGE
    facts = Attributes(duration=transcript.seconds, language=transcript.language if known else None)
    return ArtifactFile(TRANSCRIPT, TRANSCRIPT_NAME, target, "application/json", facts)


def _result(heard: Heard, file: ArtifactFile) -> StageResult:
    transcript = heard.transcript
    words, doubts = transcript.words, transcript.doubts
    dropped = sum(doubt.dropped for doubt in doubts)
    value = TranscribeResult(
        language=transcript.language if transcript.language != UNKNOWN_LANGUAGE else None,
        language_confidence=transcript.language_confidence,
        words=len(words),
        segments=len(transcript.segments),
        speech_seconds=round(
            sum(each.words[-1].end - each.words[0].begin for each in transcript.segments), 3
        ),
        dropped=dropped,
        flagged=len(doubts) - dropped,
        provider=transcript.provider,
        model=transcript.model,
        maker=heard.maker,
        device=heard.device,
        note=None if words else "nobody speaks in this film",
        seconds=round(heard.seconds, 3),
        cpu_seconds=round(heard.cpu_seconds, 3),
        peak_bytes=heard.peak_bytes,
    )
    return StageResult(value, (file,), encoder=heard.maker)
