"""From a transcript to cues that keep the rules, and to their files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from core.errors import Rejected
from pipeline.plan import ArtifactFile, Attributes
from pipeline.plan.caption_types import CAPTIONS, CaptionsOptions
from pipeline.plan.transcript import Transcript
from transcoders.captions import Cue, Profile, Word, captioned, profile_for, violations

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


@dataclass(frozen=True, slots=True)
class Made:
    """Cues, and how often they break which rule."""

    cues: tuple[Cue, ...]
    violations: Mapping[str, int]


def made_of(
    words: Sequence[Word],
    language: str,
    profile: Profile,
    options: CaptionsOptions,
    shots: Sequence[float],
) -> Made:
    """The best cues of those words, checked."""
    glossary = options.glossary
    cues = captioned(
        words, language, profile, glossary=glossary, shots=shots, seconds=options.seconds
    )
    return Made(cues, violations(cues, words, language, profile, glossary=glossary, shots=shots))


def transcript_at(path: Path) -> Transcript:
    """A transcript's file; raises Rejected for what is none."""
    if path.stat().st_size > _MAX_BYTES:
        raise Rejected("the transcript is too long to be captioned")
    try:
        return Transcript.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise Rejected("the transcript cannot be read", detail=str(error)[:2000]) from error


def words_of(transcript: Transcript) -> list[Word]:
    """Its words; raises Rejected where no film has so many, or such ones."""
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


def profile_of(language: str, options: CaptionsOptions) -> Profile:
    """The rules for a language in this film."""
    usual = profile_for(language, Fraction(options.rate))
    return replace(
        usual, columns=options.columns or usual.columns, lines=options.lines or usual.lines
    )


def files_of(texts: Mapping[str, str], language: str, folder: Path) -> tuple[ArtifactFile, ...]:
    """Texts by their files' endings, written below `folder`."""
    (folder / CAPTIONS).mkdir(exist_ok=True)
    files = []
    for ending, text in texts.items():
        name = f"{CAPTIONS}/{language}.{ending}"
        path = folder / name
        path.write_text(text, encoding="utf-8", newline="")
        role = "karaoke" if ending.startswith("karaoke") else ending
        facts = Attributes(language=language, role=role)
        files.append(ArtifactFile(CAPTIONS, name, path, _MIMES[ending], facts))
    return tuple(files)
