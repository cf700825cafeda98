"""What a language model is told of a film, and what its words are held against."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pipeline.plan.transcript import Transcript
from pipeline.plan.words_types import BrandVoice
from pipeline.words.languages import Language, language_of
from pipeline.words.matching import folded, occurs
from pipeline.words.sentences import Sentence, bare, sentences

# About two hours of talk, and some 20,000 tokens.
_MOST_CHARACTERS: Final = 80_000
_LONGEST_HASHTAG: Final = 5
# A model may name a second that lies this far from where a sentence begins.
_NEAR_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Film:
    """A film that somebody speaks in. `shots` are when its picture changes; seconds."""

    transcript: Transcript
    name: str
    seconds: float
    brand: BrandVoice
    shots: Sequence[float] = ()

    @cached_property
    def language(self) -> Language:
        """The one that is spoken."""
        return language_of(self.transcript.language)

    @cached_property
    def said(self) -> tuple[Sentence, ...]:
        """Every sentence."""
        return sentences(self.transcript, self.language)

    @cached_property
    def heard(self) -> str:
        """All that keywords may be of: what is said, and the film's name."""
        return " ".join((self.name, *(one.text for one in self.said)))

    @cached_property
    def told(self) -> tuple[Sentence, ...]:
        """The sentences that a model is shown: all, or evenly chosen ones of a very long film."""
        total = sum(len(one.text) + 10 for one in self.said)
        step = -(-total // _MOST_CHARACTERS) or 1
        return self.said[::step]

    @property
    def material(self) -> str:
        """The transcript as it is shown: a line a sentence, with the second at which it begins."""
        return "\n".join(f"[{one.begin:.0f}] {one.text}" for one in self.told)

    @cached_property
    def _joined(self) -> frozenset[str]:
        """What hashtags may be: words that are said one after another, written as one."""
        words = [bare(word) for word in folded(self.heard).split()]
        plain = ["".join(one for one in word if one.isalnum()) for word in words]
        return frozenset(
            "".join(plain[at : at + count])
            for at in range(len(plain))
            for count in range(1, _LONGEST_HASHTAG + 1)
        )

    def holds(self, words: str) -> bool:
        """Whether these words are said, one after another, or stand in the film's name."""
        return bool(words.strip()) and occurs(words, self.heard)

    def holds_joined(self, hashtag: str) -> bool:
        """Whether a hashtag is made of words that are said one after another."""
        return "".join(one for one in folded(hashtag) if one.isalnum()) in self._joined

    def beginning(self, seconds: float) -> float | None:
        """Where the sentence near that second begins, or the cut in the pause before it."""
        begins = [one.begin for one in self.said]
        at = bisect_right(begins, seconds)
        near = min(
            (number for number in (at - 1, at) if 0 <= number < len(begins)),
            key=lambda number: abs(begins[number] - seconds),
            default=None,
        )
        if near is None or abs(begins[near] - seconds) > _NEAR_SECONDS:
            return None
        if near == 0:
            return 0.0
        pause = self.said[near - 1].end
        cuts = [cut for cut in self.shots if pause <= cut <= begins[near]]
        return round(cuts[-1] if cuts else begins[near], 3)
