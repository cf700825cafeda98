"""Stage `words`: titles, description, tags, chapters and copy, by a language model where one is.

Where none is, or none answers, they are quoted from what is said, and say so.
"""

from pathlib import PurePath
from typing import Final

from pydantic import ValidationError

from core import languages
from core.errors import Rejected
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.speech_types import TRANSCRIBE, TRANSCRIPT_NAME
from pipeline.plan.transcript import Transcript
from pipeline.plan.words_types import (
    MAX_TRANSCRIPT_BYTES,
    METADATA_FILE,
    Asked,
    LanguageWords,
    WordsOptions,
    WordsResult,
)
from pipeline.stages.context import StageContext
from pipeline.words import write
from pipeline.writing import REMEDY, Ask, Film, Unavailable, written

_MIME: Final = "application/json"


def run(context: StageContext, options: WordsOptions) -> StageResult:
    """File `metadata.json`. A transcript that is not there leaves the name to write of."""
    transcript = _transcript(context)
    shots = context.cuts()
    result = write(
        transcript,
        name=options.name,
        seconds=options.seconds,
        brand=options.brand,
        shots=shots,
    )
    if transcript is not None and transcript.words:
        name = PurePath(options.name).stem
        film = Film(transcript, name, options.seconds, options.brand, shots)
        result = _with_models(context, film, result)
    path = context.scratch / METADATA_FILE
    path.write_text(result.model_dump_json(indent=2), "utf-8")
    facts = Attributes(language=result.language, duration=options.seconds)
    return StageResult(result, (ArtifactFile("metadata", METADATA_FILE, path, _MIME, facts),))


def _with_models(context: StageContext, film: Film, quoted: WordsResult) -> WordsResult:
    """What models write in each language, in the place of what could only be quoted."""
    ask = context.ask_model
    if ask is None:
        return quoted.model_copy(update={"notes": (*quoted.notes, REMEDY)})
    wanted = _languages(film)
    made: dict[str, LanguageWords] = {}
    asked: list[Asked] = []
    failed: list[str] = []
    for number, language in enumerate(wanted, 1):
        found = _written(ask, film, language, quoted, failed, asked)
        if found is not None:
            made[language] = found
        context.progress(number / len(wanted))
    own = made.pop(wanted[0], None)
    changed: dict[str, object] = {"languages": made, "asked": tuple(asked)}
    if own is not None:
        changed |= {name: getattr(own, name) for name in _SHARED}
        changed["notes"] = (*own.notes, *failed)
    else:
        changed["notes"] = (*quoted.notes, *failed)
    return quoted.model_copy(update=changed)


def _written(
    ask: Ask,
    film: Film,
    language: str,
    quoted: WordsResult,
    failed: list[str],
    asked: list[Asked],
) -> LanguageWords | None:
    try:
        found = written(ask, film, language, quoted)
    except Unavailable as why:
        asked.extend(why.asked)
        failed.append(f"No language model wrote in {languages.name(language)}: {why.reason}.")
        return None
    if found.asked is not None:
        asked.append(found.asked)
    return found


_SHARED: Final = tuple(
    name for name in LanguageWords.model_fields if name not in ("language", "notes", "asked")
)


def _languages(film: Film) -> list[str]:
    """The language that is spoken, then the brand's others."""
    spoken = languages.tag(film.transcript.language) or "und"
    known = [languages.tag(one) for one in film.brand.languages]
    others = [one for one in known if one and one.partition("-")[0] != spoken.partition("-")[0]]
    return list(dict.fromkeys((spoken, *others)))


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
