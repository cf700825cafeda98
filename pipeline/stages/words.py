"""Stage `words`: titles, description, tags, chapters and copy, without a language model."""

from typing import Final

from pydantic import ValidationError

from core.errors import Rejected
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.speech_types import TRANSCRIBE, TRANSCRIPT_NAME
from pipeline.plan.transcript import Transcript
from pipeline.plan.words_types import (
    MAX_TRANSCRIPT_BYTES,
    METADATA_FILE,
    WordsOptions,
)
from pipeline.stages.context import StageContext
from pipeline.words import write

_MIME: Final = "application/json"


def run(context: StageContext, options: WordsOptions) -> StageResult:
    """File `metadata.json`. A transcript that is not there leaves the name to write of."""
    result = write(
        _transcript(context),
        name=options.name,
        seconds=options.seconds,
        brand=options.brand,
        shots=context.cuts(),
    )
    path = context.scratch / METADATA_FILE
    path.write_text(result.model_dump_json(indent=2), "utf-8")
    facts = Attributes(language=result.language, duration=options.seconds)
    return StageResult(result, (ArtifactFile("metadata", METADATA_FILE, path, _MIME, facts),))


def _transcript(context: StageContext) -> Transcript | None:
    """What the stage `transcribe` wrote; None where it was left out or has nothing to say."""
    found = context.inputs.get(TRANSCRIBE)
    path = found.paths.get(TRANSCRIPT_NAME) if found else None
    if path is None:
        return None
    if path.stat().st_size > MAX_TRANSCRIPT_BYTES:
        raise Rejected(f"the transcript has more than {MAX_TRANSCRIPT_BYTES >> 20} MiB")
    try:
        return Transcript.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise Rejected("the transcript cannot be read", detail=str(error)) from error
