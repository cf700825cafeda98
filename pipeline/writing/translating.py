"""Captions in another language: asked cue by cue, in the time that each cue has."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Annotated, Final

from pydantic import BaseModel, Field, model_validator

from ai.text import FlagKind, Request, Untrusted, ask
from ai.text.errors import Unanswered
from core import languages
from core.errors import Misconfigured
from pipeline.plan.words_types import Asked
from pipeline.words.languages import UNSPACED
from pipeline.words.matching import occurs, spelled
from pipeline.writing.asking import Ask, Unavailable, asked_of, tried
from transcoders.captions import Cue, Profile, Word

_AT_ONCE: Final = 60
_SECONDS: Final = 120.0
_MOST_TOKENS: Final = 8000
_SYSTEM: Final = """\
You translate a film's captions into {language}. The material has a line for each caption: its
number, the most characters that can be read while it stands, and its text.
- Answer with each number once and its translation, in the same order. Never join captions, split
  them or leave one out.
- Translate what is said, as people say it; shorten rather than exceed the characters.
- Add nothing: no explanation, speaker, markup or line break.
- These stay exactly as they are: {kept}.
"""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one speaker says in one cue; seconds. `room` is how many characters can be read."""

    text: str
    begin: float
    end: float
    room: int
    speaker: str | None = None


class Line(BaseModel):
    """One caption's translation."""

    number: int
    text: Annotated[str, Field(min_length=1, max_length=600)]


class Lines(BaseModel):
    """All captions that were given, in their order."""

    lines: list[Line]


def spoken_in(cues: Sequence[Cue], profile: Profile) -> list[Spoken]:
    """What is to be translated together: of a cue in which two speak, what each says."""
    found = []
    for cue in cues:
        for speaker, lines in groupby(cue.lines, key=lambda line: line.speaker):
            said = list(lines)
            pieces = [piece for line in said for piece in line.pieces]
            part = len(said) / len(cue.lines)
            room = int((cue.end - cue.begin) * profile.speed * part)
            text = " ".join(line.text for line in said)
            found.append(Spoken(text, pieces[0].begin, pieces[-1].end, max(8, room), speaker))
    return found


def translated(
    ask_model: Ask,
    spoken: Sequence[Spoken],
    language: str,
    terms: Sequence[str],
    progress: Callable[[float], None],
) -> tuple[list[Word], tuple[Asked, ...]]:
    """Words in another language, each in the time of the cue that it translates.

    `terms` are kept as they are. Raises Unavailable where any part has no usable answer.
    """
    words: list[Word] = []
    asked: list[Asked] = []
    for first in range(0, len(spoken), _AT_ONCE):
        part = spoken[first : first + _AT_ONCE]
        try:
            texts, took = _asked_for(ask_model, part, language, terms)
        except Unavailable as why:
            # What came before was paid for, too.
            raise Unavailable(why.reason, *asked, *why.asked) from why
        asked.append(took)
        for one, text in zip(part, texts, strict=True):
            words += _timed(one, spelled(text, tuple(terms)), language)
        progress(min(1.0, (first + len(part)) / len(spoken)))
    return words, tuple(asked)


def _asked_for(
    ask_model: Ask, part: Sequence[Spoken], language: str, terms: Sequence[str]
) -> tuple[list[str], Asked]:
    request = _request(part, language, terms)
    try:
        answer = ask_model(request)
    except (Unanswered, Misconfigured) as error:
        took = tried(language, getattr(error, "attempts", ()), "failed")
        raise Unavailable(str(error), took) from error
    took = asked_of(language, answer)
    if any(flag.kind is FlagKind.LINK_FROM_NOWHERE for flag in answer.flags):
        reason = "the answer was not used, since it has a link that nobody says"
        raise Unavailable(reason, took.model_copy(update={"outcome": "refused"}))
    assert isinstance(answer.value, Lines)
    return [" ".join(line.text.split()) for line in answer.value.lines], took


def _request(part: Sequence[Spoken], language: str, terms: Sequence[str]) -> Request:
    material = "\n".join(f"{number} ({one.room}) {one.text}" for number, one in enumerate(part, 1))
    kept = ", ".join(term for term in terms if occurs(term, material))
    request = ask(
        _SYSTEM.format(language=languages.name(language), kept=kept or "names"),
        Untrusted(material, "captions"),
        shape=_held(part, terms),
        seconds=_SECONDS,
    )
    return replace(request, most_tokens=_MOST_TOKENS)


def _held(part: Sequence[Spoken], terms: Sequence[str]) -> type[Lines]:
    """Lines that answer these captions and keep the terms that are in them."""

    class Held(Lines):
        __doc__ = Lines.__doc__

        @model_validator(mode="after")
        def _held(self) -> "Held":
            broken = list(_broken(self.lines, part, terms))
            if broken:
                raise ValueError("; ".join(broken[:8]))
            return self

    Held.__name__ = "Lines"
    return Held


def _broken(lines: Sequence[Line], part: Sequence[Spoken], terms: Sequence[str]) -> Iterator[str]:
    if [line.number for line in lines] != list(range(1, len(part) + 1)):
        yield f"lines: each number from 1 to {len(part)} once, in order"
        return
    for line, one in zip(lines, part, strict=True):
        if not line.text.strip():
            yield f"caption {line.number}: translate it"
        if any(occurs(term, one.text) and not occurs(term, line.text) for term in terms):
            yield f"caption {line.number}: keep the names and terms as they are"


def _timed(one: Spoken, text: str, language: str) -> Iterator[Word]:
    """A translation's words, over the time in which the original is said, by their length."""
    bare = language.partition("-")[0].lower() in UNSPACED
    parts = [text] if bare else text.split()
    total, done = sum(map(len, parts)), 0
    for part in parts:
        begin = one.begin + (one.end - one.begin) * done / total
        done += len(part)
        end = one.begin + (one.end - one.begin) * done / total
        yield Word(part, begin, end, one.speaker)
