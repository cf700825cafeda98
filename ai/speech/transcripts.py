"""From what a provider wrote to a transcript: put right, judged, and parted at pauses. Pure."""

from collections.abc import Iterable, Sequence
from math import inf
from typing import Final

from ai.speech.guard import judged
from ai.speech.transcriber import UNKNOWN_LANGUAGE, Passage, Span
from pipeline.plan.transcript import Segment, Transcript, Word

# A shorter pause is a breath.
_PAUSE_SECONDS: Final = 0.6
_LATE_SECONDS: Final = 0.1
_EARLY_SECONDS: Final = 0.45
_LEAST_SECONDS: Final = 0.05
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


def fitted(words: Sequence[Word], voice: Sequence[Span]) -> list[Word]:
    """Words that begin and end with the voices they lie in.

    Whisper's own times are 0.1 to 0.4 s early at pauses; detectors hear a voice a moment late.
    """
    found = list(words)
    at = 0
    for number, span in enumerate(voice):
        limit = (span.end + voice[number + 1].begin) / 2 if number + 1 < len(voice) else inf
        first = at
        while at < len(found) and (found[at].begin + found[at].end) / 2 < limit:
            at += 1
        if first == at:
            continue
        begin = span.begin - _LATE_SECONDS
        if found[first].begin < begin < found[first].end - _LEAST_SECONDS:
            found[first] = found[first].model_copy(update={"begin": round(begin, 3)})
        last = found[at - 1]
        if abs(last.end - span.end) <= _EARLY_SECONDS and last.begin + _LEAST_SECONDS < span.end:
            end = min(span.end, found[at].begin) if at < len(found) else span.end
            found[at - 1] = last.model_copy(update={"end": round(max(last.begin, end), 3)})
    return found


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
    words = [word for each in result.passages for word in each.words]
    return Transcript(
        language=language or UNKNOWN_LANGUAGE,
        language_confidence=round(language_confidence, 4) if language else 0.0,
        seconds=seconds,
        segments=tuple(_segments(fitted(words, voice) if voice else words)),
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
