"""From a model's draft to words that can be published: what does not hold falls out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from pipeline.plan.networks import (
    NETWORKS,
    YOUTUBE,
    Chapter,
    Copy,
    Network,
    compose,
    fit,
    is_hashtag,
)
from pipeline.plan.words_types import LanguageWords, NetworkCopy, Title, WordsResult
from pipeline.words.matching import folded, spelled
from pipeline.words.score import score
from pipeline.writing.draft import Draft, Keyword
from pipeline.writing.film import Film

_HOW: Final = (
    "Written by a language model from the transcript alone. Tags, hashtags and chapters were held "
    "against what is said; every text was fitted to its network's limits."
)
_MADE_OF: Final = "language model"
_FEW_HASHTAGS: Final = {"x": 2, "linkedin": 3, "facebook": 3, "youtube": 3}
_LEAST_CHAPTERS: Final = 3
_FEW_TAGS: Final = 5
_LEAST_CHAPTER_SECONDS: Final = 10.0


@dataclass(slots=True)
class Holding:
    """A draft on its way; state: what is to be told of it."""

    film: Film
    language: str
    quoted: WordsResult
    draft: Draft
    _notes: list[str] = field(default_factory=list)

    def words(self) -> LanguageWords:
        """The words in their language."""
        tags, hashtags = self._tags(), self._hashtags()
        chapters = self._chapters()
        description = self._spelled(self.draft.description.strip())
        whole = Copy(
            text=self._called(description),
            tags=tags,
            hashtags=hashtags,
            link=self.film.brand.link,
            chapters=chapters,
        )
        titles = self._titles(whole)
        whole = whole.model_copy(update={"title": titles[0].text})
        networks = {one.name: self._for(one, whole) for one in NETWORKS.values()}
        return LanguageWords(
            language=self.language,
            made_by="model",
            how=_HOW,
            titles=titles,
            description=description,
            tags=tags,
            hashtags=hashtags,
            chapters=chapters,
            networks=networks,
            score=score(
                networks["youtube"].copied,
                YOUTUBE,
                said=self._evidence(tags),
                keywords=self._keywords(),
                brand=self.film.brand,
                seconds=self.film.seconds,
            ),
            notes=tuple(self._notes),
        )

    @property
    def _is_spoken(self) -> bool:
        return self.language.partition("-")[0].lower() == self.film.language.tag

    def _keywords(self) -> tuple[str, ...]:
        return self.quoted.tags[:10] if self._is_spoken else ()

    def _evidence(self, tags: Sequence[str]) -> str:
        """What tags occur in: in another language they stand for what is said."""
        return self.film.heard if self._is_spoken else " ".join((self.film.heard, *tags))

    def _tags(self) -> tuple[str, ...]:
        held = [one for one in self.draft.tags if self._is_of_film(one)]
        self._tell(len(self.draft.tags) - len(held), "tags")
        tags = self._once([self._spelled(one.text) for one in held])
        if len(tags) >= _FEW_TAGS or not self._keywords():
            return tags
        self._notes.append("Tags: what is said most was added.")
        return self._once([*tags, *self._keywords()])

    def _hashtags(self) -> tuple[str, ...]:
        found = []
        for one in self.draft.hashtags:
            joined = "".join(one.text.split()).lstrip("#")
            real = self.film.holds_joined(joined) if self._is_spoken else self._is_of_film(one)
            if real and is_hashtag(joined):
                found.append(joined)
        self._tell(len(self.draft.hashtags) - len(found), "hashtags")
        return self._once(found)

    def _is_of_film(self, one: Keyword) -> bool:
        """What a film is found by is said in it, or what it translates is."""
        return self.film.holds(one.text if self._is_spoken else one.said)

    def _tell(self, lost: int, what: str) -> None:
        if lost:
            self._notes.append(f"{lost} {what} left out: what they name is not said in the film.")

    def _once(self, texts: Sequence[str]) -> tuple[str, ...]:
        return tuple({folded(one): " ".join(one.split()) for one in reversed(texts)}.values())[::-1]

    def _chapters(self) -> tuple[Chapter, ...]:
        found: dict[float, Chapter] = {}
        for part in self.draft.chapters:
            begin = self.film.beginning(part.seconds)
            title = " ".join(self._spelled(part.title).split())
            if begin is not None and title:
                found.setdefault(begin, Chapter(seconds=begin, title=title))
        chapters = [found[begin] for begin in sorted(found)]
        if chapters:
            chapters[0] = chapters[0].model_copy(update={"seconds": 0.0})
        times = [*(one.seconds for one in chapters), self.film.seconds]
        short = any(end - begin < _LEAST_CHAPTER_SECONDS for begin, end in pairwise(times))
        if chapters and (short or len(chapters) < _LEAST_CHAPTERS):
            self._notes.append("The chapters were too few or too short.")
            chapters = []
        if not chapters and self._is_spoken and self.quoted.chapters:
            self._notes.append("Chapters: where the words of the film change, named by them.")
            return self.quoted.chapters
        return tuple(chapters)

    def _titles(self, whole: Copy) -> tuple[Title, ...]:
        """Fitted to the network that lists them, the best by our own rules first."""
        rated = []
        for text in self.draft.titles:
            plain = " ".join(self._spelled(text).split())
            fitted = fit(YOUTUBE, whole.model_copy(update={"title": plain}))
            points = score(
                fitted.copied,
                YOUTUBE,
                said=self.film.heard,
                keywords=self._keywords(),
                brand=self.film.brand,
                seconds=self.film.seconds,
            ).points
            rated.append(Title(text=fitted.copied.title, points=points, made_of=_MADE_OF))
        return tuple(sorted(rated, key=lambda one: -one.points))

    def _for(self, network: Network, whole: Copy) -> NetworkCopy:
        text = getattr(self.draft, network.name, None)
        few = _FEW_HASHTAGS.get(network.name, len(whole.hashtags))
        values = {
            "title": whole.title,
            "text": self._called(self._spelled(text.strip())) if text else whole.text,
            "tags": whole.tags,
            "hashtags": whole.hashtags[:few],
            "link": whole.link,
            "chapters": whole.chapters,
        }
        kept = {name: value for name, value in values.items() if name in network.fields}
        fitted = fit(network, Copy.model_validate(kept), seconds=self.film.seconds)
        return NetworkCopy(
            copied=fitted.copied,
            posted=compose(network, fitted.copied),
            cuts=fitted.cuts,
            made_by="model",
        )

    def _called(self, text: str) -> str:
        """A text with the brand's own call to action behind it, once."""
        asked = self.film.brand.call_to_action
        return text if asked and asked in text else "\n\n".join(filter(None, (text, asked)))

    def _spelled(self, text: str) -> str:
        return spelled(text, (*self.film.brand.names, *self.film.brand.glossary))
