"""Holds what a model wrote against what can have been said. Pure.

Whisper learnt from captions of the web: where nobody speaks it writes what stands there often. What
was surely not said is dropped; what may have been is kept. Both are told as a `Doubt`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Final

from ai.speech.transcriber import Passage, Span
from pipeline.plan.transcript import Doubt, Word

# Detectors are this late or early; a word may begin before a voice is heard.
_TOLERANCE_SECONDS: Final = 0.5

# The fastest speakers say 6 to 7 words a second for long, English rap at its fastest about 10.
# In scripts without spaces a word is as long as it happens to be: characters are counted there.
_FAST_WORDS, _IMPOSSIBLE_WORDS = 7.0, 10.0
_FAST_CHARACTERS, _IMPOSSIBLE_CHARACTERS = 35.0, 50.0
_RATED_WORDS: Final = 5

# How often the same words may follow each other at once: (words, kept with a doubt, dropped).
_LONGEST_GRAM: Final = 12
_REPEATS_OF_ONE: Final = (5, 8)
_REPEATS_OF_TWO: Final = (4, 6)
_REPEATS_OF_MORE: Final = (3, 4)

# What Whisper's authors take for silence (openai/whisper, transcribe.py).
_NO_SPEECH, _LOG_PROBABILITY = 0.6, -1.0
_UNSURE: Final = 0.35
_SURE: Final = 0.7

# Credits of captions: short sentences, and the whole of them. The first are never said; the second
# may be, at the end of a film, and are dropped only where the model is not sure.
_CREDIT_WORDS: Final = 12
_CREDITS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(subtitles?|captions?|transcript(ion)?s?|translations?)( \w+){0,3} (by|from)\b.*",
        r"(subtitled|captioned|transcribed|translated|synced|corrected)( \w+){0,3} by\b.*",
        r".*\bamara org\b.*",
        r"(www )?(opensubtitles|otter ai|rev com|addic7ed)\b.*",
        r"untertitel(ung)?( \w+){0,4} (von|des|der|im auftrag|durch)\b.*",
        r"untertitel(ung)? (ard|zdf|swr|wdr|ndr|br|mdr|orf|srf|funk)\b.*",
        r"sous titr(es|age)( \w+){0,4} (par|réalisés?|de|st|société|mfp|fr)\b.*",
        r"subt[ií]tulos( \w+){0,4} (por|de|realizados)\b.*",
        r"legendas?( \w+){0,3} (por|pela|da comunidade)\b.*",
        r"sottotitoli( \w+){0,4} (di|a cura|creati|da)\b.*",
        r"ondertitel(d|ing|s)( \w+){0,3} (door|van|in opdracht)\b.*",
        r"napisy( \w+){0,3} (stworzone|przez|wykonane)\b.*",
        r"(редактор субтитров|субтитры (сделал|делал|создавал|подогнал|предоставлены))\b.*",
        r"(字幕由|字幕志愿者|字幕提供|中文字幕).*",
        r"(자막 ?제공|자막 by).*",
        r"(çeviri ve )?altyazı( \w+){0,3}",
    )
)
_FAREWELLS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(thank you|thanks)( \w+){0,3} for (watching|viewing|listening)( .*)?",
        r"(please )?(like and )?subscribe( to (my|our|the) channel)?( .*)?",
        r"(see you|i ll see you) (in the )?next (video|time)( .*)?",
        r"(vielen )?dank(e)? (fürs|für das|für s) (zuschauen|zusehen|zuhören)( .*)?",
        r"merci (d avoir regardé|de votre attention)( .*)?",
        r"gracias por (ver|mirar|vernos)( .*)?",
        r"(obrigad[oa]) (por assistir|por ver)( .*)?",
        r"grazie (per la visione|per aver guardato)( .*)?",
        r"(bedankt|dank) voor het kijken( .*)?",
        r"dziękuj[ęe] za (uwagę|oglądanie|obejrzenie)( .*)?",
        r"(спасибо за просмотр|продолжение следует|подписывайтесь на канал)( .*)?",
        r"izlediğiniz için teşekkür( .*)?",
        r"ご視聴ありがとうございました.*",
        r"(感谢观看|谢谢观看|請不吝點贊|请不吝点赞).*",
        r"시청해 ?주셔서 감사합니다.*",
        r"شكرا (على|ل) ?(المشاهدة|المتابعة).*",
    )
)
_ANNOTATION: Final = re.compile(r"[\[(*♪♫#].*[\])*♪♫#]|[\W_]+", re.DOTALL)
_PAUSE_SECONDS: Final = 0.6
_ENDS: Final = re.compile(r"[.!?。！？…\])][\"'”’»]*$")
_NOT_WORDS: Final = re.compile(r"[\W_]+")
_UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Judged:
    """What is left of what was written, and what is doubted, each in order."""

    passages: tuple[Passage, ...]
    doubts: tuple[Doubt, ...]


def judged(passages: Iterable[Passage], voice: Sequence[Span] | None) -> Judged:
    """`voice` is where a detector hears somebody, in order; None where none was asked."""
    doubts: list[Doubt] = []
    kept: list[Passage] = []
    for passage in passages:
        # Sentences first, while they are whole: so they are known again.
        gone = {
            id(word)
            for sentence in sentences(passage.words)
            if not _is_said(replace(passage, words=sentence), doubts)
            for word in sentence
        }
        for said in _without([passage], gone):
            kept += _without([said], set() if voice is None else _unheard(said, voice, doubts))
    spoken = _rated(_unrepeated(kept, doubts), doubts)
    return Judged(tuple(spoken), tuple(sorted(doubts, key=lambda doubt: (doubt.begin, doubt.end))))


def plain(text: str) -> str:
    """A text's words alone, in small letters, with single spaces."""
    return _NOT_WORDS.sub(" ", text.casefold()).strip()


def _unheard(passage: Passage, voice: Sequence[Span], doubts: list[Doubt]) -> set[int]:
    """Which words lie where nobody is heard."""
    gone = {id(word) for word in passage.words if not _is_within(word, voice)}
    reason = "no voice is heard there"
    doubts += [_doubt(run, reason, dropped=True) for run in _runs(passage.words, gone)]
    return gone


def _is_within(word: Word, voice: Sequence[Span]) -> bool:
    middle = (word.begin + word.end) / 2
    return any(
        span.begin - _TOLERANCE_SECONDS <= middle <= span.end + _TOLERANCE_SECONDS for span in voice
    )


def _runs(words: Sequence[Word], chosen: set[int]) -> Iterator[list[Word]]:
    run: list[Word] = []
    for word in words:
        if id(word) in chosen:
            run.append(word)
        elif run:
            yield run
            run = []
    if run:
        yield run


def sentences(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """Words parted behind each end of a sentence and at each pause."""
    run: list[Word] = []
    for word in words:
        if run and (word.begin - run[-1].end >= _PAUSE_SECONDS or _ENDS.search(run[-1].text)):
            yield tuple(run)
            run = []
        run.append(word)
    if run:
        yield tuple(run)


def _is_said(sentence: Passage, doubts: list[Doubt]) -> bool:
    """Whether a sentence stays; notes what is doubted of it."""
    found = _objection(sentence)
    if found is None:
        return True
    reason, dropped = found
    doubts.append(_doubt(sentence.words, reason, dropped=dropped))
    return not dropped


def _objection(sentence: Passage) -> tuple[str, bool] | None:
    """Why a sentence was not said, or may not have been; True where it surely was not."""
    said, sure = plain(sentence.text), fmean(word.confidence for word in sentence.words)
    silent = sentence.no_speech is not None and sentence.no_speech > _NO_SPEECH
    unlikely = sentence.log_probability is not None and sentence.log_probability < _LOG_PROBABILITY
    short = len(sentence.words) <= _CREDIT_WORDS
    if _ANNOTATION.fullmatch(sentence.text.strip()):
        return "it describes a sound, and is no speech", True
    if short and any(pattern.fullmatch(said) for pattern in _CREDITS):
        return "it is a credit from the captions that the model learnt from", True
    if silent and unlikely:
        return "the model itself holds that nobody speaks there", True
    if short and any(pattern.fullmatch(said) for pattern in _FAREWELLS):
        return "it is what the model writes where nobody speaks", silent or sure < _SURE
    if sure < _UNSURE:
        return f"the model is unsure of it ({sure:.2f})", False
    return None


def _unrepeated(passages: Sequence[Passage], doubts: list[Doubt]) -> list[Passage]:
    """Without what is said again and again at once, across passages; the first time stays."""
    words = [word for passage in passages for word in passage.words]
    said = [plain(word.text) for word in words]
    gone: set[int] = set()
    at = 0
    while at < len(words):
        found = _repetition(said, at)
        if found is None:
            at += 1
            continue
        size, times = found
        run = words[at : at + size * times]
        dropped = times >= _allowed(size)[1]
        doubts.append(
            _doubt(
                run[size:] if dropped else run,
                f"the same {size} words {times} times" if size > 1 else f"one word {times} times",
                dropped=dropped,
            )
        )
        if dropped:
            gone.update(map(id, run[size:]))
        at += size * times
    return _without(passages, gone)


def _repetition(said: Sequence[str], at: int) -> tuple[int, int] | None:
    """The shortest run of words that follows itself more often than people do: size and times."""
    for size in range(1, _LONGEST_GRAM + 1):
        gram, times = said[at : at + size], 1
        if not any(gram):
            continue
        while said[at + size * times : at + size * (times + 1)] == gram:
            times += 1
        if times >= _allowed(size)[0]:
            return size, times
    return None


def _allowed(size: int) -> tuple[int, int]:
    return {1: _REPEATS_OF_ONE, 2: _REPEATS_OF_TWO}.get(size, _REPEATS_OF_MORE)


def _rated(passages: Sequence[Passage], doubts: list[Doubt]) -> list[Passage]:
    """Without words that come faster than anybody speaks."""
    gone: set[int] = set()
    for passage in passages:
        words = passage.words
        impossible: set[int] = set()
        fast = False
        for begin in range(len(words) - _RATED_WORDS + 1):
            some = words[begin : begin + _RATED_WORDS]
            rate, unit_fast, unit_impossible = _rate(some)
            if rate > unit_impossible:
                impossible.update(map(id, some))
            fast = fast or rate > unit_fast
        reason = "faster than anybody speaks"
        doubts += [_doubt(run, reason, dropped=True) for run in _runs(words, impossible)]
        if fast and not impossible:
            doubts.append(_doubt(words, "faster than most people speak", dropped=False))
        gone |= impossible
    return _without(passages, gone)


def _rate(words: Sequence[Word]) -> tuple[float, float, float]:
    """How fast words come, a second; what is fast and what is impossible in that unit."""
    seconds = max(0.01, words[-1].end - words[0].begin)
    text = "".join(word.text for word in words)
    if _UNSPACED.search(text):
        return len(text) / seconds, _FAST_CHARACTERS, _IMPOSSIBLE_CHARACTERS
    return len(words) / seconds, _FAST_WORDS, _IMPOSSIBLE_WORDS


def _without(passages: Iterable[Passage], gone: set[int]) -> list[Passage]:
    left = (
        replace(each, words=tuple(word for word in each.words if id(word) not in gone))
        for each in passages
    )
    return [passage for passage in left if passage.words]


def _doubt(words: Sequence[Word], reason: str, *, dropped: bool) -> Doubt:
    return Doubt(
        begin=words[0].begin,
        end=words[-1].end,
        text=" ".join(word.text for word in words),
        reason=reason,
        dropped=dropped,
    )
