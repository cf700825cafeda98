"""From what a provider wrote to a transcript: put right, judged, and parted at pauses. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from ai.speech.guard import judged
from ai.speech.transcriber import UNKNOWN_LANGUAGE, Passage, Span
from pipeline.plan.transcript import Segment, Transcript, Word

# A shorter pause is a breath.
_PAUSE_SECONDS: Final = 0.6
# What is written without spaces between words.
_UNSPACED: Final = frozenset({"zh", "ja", "th", "lo", "my", "km", "bo", "yue"})


def tidied(words: Iterable[Word], language: str) -> tuple[Word, ...]:
    """Words without spaces around them, in order of time, none that ends before it begins.

    A piece that no space comes before (`-disposed`) belongs to the word before it, where words
    have spaces; so does one without any letter or digit.
    """
    found: list[Word] = []
    for word in words:
        text = word.text.strip()
        if not text:
            continue
        begin = max(word.begin, found[-1].end) if found else word.begin
        piece = word.text[0] != " " and language not in _UNSPACED
        if found and (piece or not any(each.isalnum() for each in text)):
            before = found[-1]
            found[-1] = Word(
                text=before.text + text,
                begin=before.begin,
                end=max(before.end, word.end),
                confidence=min(before.confidence, word.confidence),
            )
        else:
            found.append(
                Word(
                    text=text,
                    begin=round(begin, 3),
                    end=round(max(begin, word.end), 3),
                    confidence=round(word.confidence, 4),
                )
            )
    return tuple(found)


def written(
    passages: Iterable[Passage],
    voice: Sequence[Span] | None,
    *,
    language: str | None,
    language_confidence: float,
    seconds: float,
    provider: str,
    model: str,
) -> Transcript:
    """The transcript of what is left when what was not said is gone."""
    result = judged(passages, voice)
    return Transcript(
        language=language or UNKNOWN_LANGUAGE,
        language_confidence=round(language_confidence, 4) if language else 0.0,
        seconds=seconds,
        segments=tuple(_segments(word for each in result.passages for word in each.words)),
        doubts=result.doubts,
        provider=provider,
        model=model,
    )


def _segments(words: Iterable[Word]) -> Iterable[Segment]:
    run: list[Word] = []
    for word in words:
        if run and word.begin - run[-1].end >= _PAUSE_SECONDS:
            yield Segment(words=tuple(run))
            run = []
        run.append(word)
    if run:
        yield Segment(words=tuple(run))
