"""Sentences of what was said, with their times."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.plan.transcript import Transcript, Word
from pipeline.words.languages import Language

_END: Final = re.compile(r"[.!?…。！？][\"'”’»)\]]*\Z")
_NO_END: Final = re.compile(
    r"\A\W*(?:\w|\d+|mr|mrs|ms|dr|prof|st|jr|sr|sra|vs|etc|ca|nr|z\.b|d\.h|e\.g|i\.e|bzw|usw|"
    r"mme|mlle|dott|sig|inc|ltd|co)\.\Z",
    re.IGNORECASE,
)
_EDGES: Final = re.compile(r"\A[^\w]+|[^\w]+\Z")
_PAUSE_SECONDS: Final = 1.0
_LONG_PAUSE_SECONDS: Final = 2.5
_MOST_WORDS: Final = 60
# What is longer is no word, and what is more no talk: some thirty hours.
_LONGEST_WORD, _MOST_SPOKEN = 100, 300_000
# With fewer ends than this a word, whoever wrote the transcript wrote no punctuation.
_PUNCTUATED: Final = 1 / 60


@dataclass(frozen=True, slots=True)
class Sentence:
    """What was said in one sentence; times in seconds."""

    words: tuple[str, ...]
    begin: float
    end: float
    gap: str = " "

    @property
    def text(self) -> str:
        """As it is written."""
        return self.gap.join(self.words)


def bare(word: str) -> str:
    """A word without what stands around it."""
    return _EDGES.sub("", word)


def sentences(transcript: Transcript, language: Language) -> tuple[Sentence, ...]:
    """All that was said, cut at full stops; at pauses where nobody wrote any."""
    spoken = [
        word.model_copy(update={"text": " ".join(word.text[:_LONGEST_WORD].split())})
        for word in transcript.words[:_MOST_SPOKEN]
        if word.text[:_LONGEST_WORD].strip()
    ]
    ends = sum(bool(_END.search(word.text)) for word in spoken)
    punctuated = ends >= max(1.0, len(spoken) * _PUNCTUATED)
    cuts = set() if punctuated else set(_segment_ends(transcript))
    return tuple(_cut(spoken, cuts, language, punctuated=punctuated))


def _segment_ends(transcript: Transcript) -> Iterator[int]:
    at = 0
    for segment in transcript.segments:
        at += sum(bool(word.text[:_LONGEST_WORD].strip()) for word in segment.words)
        yield at


def _cut(
    spoken: Sequence[Word], cuts: set[int], language: Language, *, punctuated: bool
) -> Iterator[Sentence]:
    begin = 0
    for at, word in enumerate(spoken, 1):
        following = spoken[at] if at < len(spoken) else None
        pause = following.begin - word.end if following else 0.0
        if (
            following is None
            or at in cuts
            or _ends(word.text, following.text)
            or pause > (_LONG_PAUSE_SECONDS if punctuated else _PAUSE_SECONDS)
            or (at - begin >= _MOST_WORDS)
        ):
            part = spoken[begin:at]
            texts = tuple(each.text for each in part)
            if any(map(bare, texts)):
                yield Sentence(texts, part[0].begin, part[-1].end, language.gap)
            begin = at


def _ends(word: str, following: str) -> bool:
    if not _END.search(word):
        return False
    return not (_NO_END.search(word) and word[-1] == ".") and not bare(following)[:1].islower()
