"""The extractive writer: a video's words made of what is said in it, its name and its brand's kit.

Nothing is invented: every sentence and every key phrase was said, or is the asset's name, or the
brand's own call to action.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Final

from pipeline.plan.networks import NETWORKS, Chapter, Copy, Network, compose, fit, shorten
from pipeline.plan.networks.counting import characters
from pipeline.plan.transcript import Transcript
from pipeline.plan.words_types import BrandVoice, NetworkCopy, Title, WordsResult
from pipeline.words.languages import Language, language_of
from pipeline.words.matching import occurs, occurs_any, spelled
from pipeline.words.phrases import Phrase, key_phrases, stems_of
from pipeline.words.score import score
from pipeline.words.sentences import Sentence, bare, sentences
from pipeline.words.titles import name_as_title, titles
from pipeline.words.topics import chapters

_HOW: Final = (
    "Taken from what is said, without a language model: key phrases by frequency and length, "
    "sentences as they were spoken, chapters where the words change."
)
_HOW_SILENT: Final = "Made of the file's name and the brand's kit: nothing is said in this film."
_MOST_TAGS, _MOST_HASHTAGS = 15, 5
_DESCRIPTION: Final = 600
_TEASER: Final = 220
_SENTENCES: Final = 5
_FEW_WORDS, _ENOUGH = 6, 3
# Above whatever key phrases bring together.
_ANNOUNCED: Final = 2.0
# Who tells what a film shows does so in this part of it.
_BEGINNING: Final = 0.2
_FEW_TAGS: Final = 8
# A single word is a tag when it is said so often.
_OFTEN: Final = 3
_MOST_HASHTAG: Final = 30
_FEW_HASHTAGS: Final = {"x": 2, "linkedin": 3, "facebook": 3, "youtube": 3}
# Some thirty hours of talk.
_MOST_SENTENCES: Final = 20_000


@dataclass(frozen=True)
class _Material:
    """What there is to write of: `said` is without what the brand forbids, `spoken` is all."""

    said: tuple[Sentence, ...]
    spoken: tuple[Sentence, ...]
    phrases: tuple[Phrase, ...]
    language: Language
    name: str | None
    brand: BrandVoice
    seconds: float

    @cached_property
    def ranked(self) -> tuple[int, ...]:
        """The numbers of sentences, those that say most first; very short ones are left out."""
        every = [-minus for _worth, minus in sorted(_worths(self), reverse=True)]
        whole = [one for one in every if len(self.said[one].words) >= _FEW_WORDS]
        return tuple(whole if len(whole) >= _ENOUGH else every)


def write(
    transcript: Transcript | None,
    *,
    name: str,
    seconds: float,
    brand: BrandVoice | None = None,
    shots: Sequence[float] = (),
) -> WordsResult:
    """Titles, description, tags, hashtags, chapters and copy for every network, with a score.

    `shots` are the seconds at which pictures change. Without a transcript, or with an empty one,
    the words are few and say so.
    """
    brand = brand or BrandVoice()
    material, notes = _material(transcript, name, seconds, brand)
    made = titles(
        material.said,
        material.phrases,
        material.language,
        name=material.name,
        brand=_usable(brand, brand.names[:1]),
    )
    made = tuple(each for each in made if not _forbidden(each.text, brand))
    if not made:
        made = (Title(text=" ".join(name.split()) or "Film", points=0, made_of="file name"),)
        notes.append("There is nothing to make a title of: give the asset a name.")
    elif len(made) < 5 and material.said:
        notes.append(f"Too little is said for more than {len(made)} titles that differ.")
    parts = chapters(
        material.spoken, material.phrases, material.language, seconds=seconds, shots=shots
    )
    tags = _tags(material)
    hashtags = _hashtags(tags)
    description = _description(material, _DESCRIPTION)
    everything = Copy(
        title=made[0].text,
        text=_with_call(description, brand),
        tags=tags,
        hashtags=hashtags,
        link=brand.link,
        chapters=parts,
    )
    networks = {each.name: _for(each, everything, material) for each in NETWORKS.values()}
    return WordsResult(
        language=material.language.tag or None,
        made_by="extractive",
        how=_HOW if material.said else _HOW_SILENT,
        titles=made,
        description=description,
        tags=tags,
        hashtags=hashtags,
        chapters=parts,
        networks=networks,
        score=score(
            networks["youtube"].copied,
            NETWORKS["youtube"],
            said=_heard(material),
            keywords=[phrase.text for phrase in material.phrases[:10]],
            brand=brand,
            seconds=seconds,
        ),
        notes=tuple(notes),
    )


def _material(
    transcript: Transcript | None, name: str, seconds: float, brand: BrandVoice
) -> tuple[_Material, list[str]]:
    language = language_of(transcript.language if transcript else None)
    notes: list[str] = []
    spoken: tuple[Sentence, ...] = ()
    if transcript is not None:
        heard = sentences(transcript, language)[:_MOST_SENTENCES]
        spoken = tuple(_spelled(each, brand) for each in heard)
    said = tuple(each for each in spoken if not _forbidden(each.text, brand))
    own = (*brand.names, *brand.glossary)
    phrases = tuple(
        phrase for phrase in key_phrases(said, language, own) if not _forbidden(phrase.text, brand)
    )
    if not said:
        notes.append("Nothing is said in this film, so its words come from its name alone.")
        if name_as_title(name) is None:
            notes.append("Its name says nothing, either: give the asset one.")
    elif not language.stop_words:
        notes.append(
            f"Key phrases are not known for the language {language.tag!r}: there are no tags but "
            "the brand's, and no chapters."
        )
    if brand.voice:
        notes.append("The brand's voice is not imitated: that needs a language model.")
    others = [tag for tag in brand.languages if tag.partition("-")[0].lower() != language.tag]
    if others and said:
        notes.append(f"Not translated into {', '.join(others)}: that needs a language model.")
    title = name_as_title(name)
    if title is not None:
        title = spelled(title, brand.glossary)
        title = spelled(title[:1].upper() + title[1:], brand.names)
        title = None if _forbidden(title, brand) else title
    return _Material(said, spoken, phrases, language, title, brand, seconds), notes


def _spelled(sentence: Sentence, brand: BrandVoice) -> Sentence:
    """A sentence in which the brand's words are written as the brand does."""
    text = spelled(sentence.text, (*brand.names, *brand.glossary))
    if text == sentence.text or sentence.gap != " ":
        return sentence
    return Sentence(tuple(text.split()), sentence.begin, sentence.end, sentence.gap)


def _forbidden(text: str, brand: BrandVoice) -> bool:
    return occurs_any(brand.forbidden_words, text)


def _usable(brand: BrandVoice, names: Sequence[str]) -> str | None:
    return next((name for name in names if name.strip() and not _forbidden(name, brand)), None)


def _heard(material: _Material) -> str:
    """All that tags may be made of."""
    return " ".join((material.name or "", *(sentence.text for sentence in material.said)))


def _tags(material: _Material) -> tuple[str, ...]:
    """The brand's names where they are heard or in the name, then key phrases; none in another."""
    heard = _heard(material)
    own = (*material.brand.names, *material.brand.glossary)
    found = [name for name in own if occurs(name, heard)]
    often = [phrase for phrase in material.phrases if _often(phrase)]
    once = [p for p in material.phrases if not _often(p) and len(p.stems) > 1]
    twice = [p for p in material.phrases if not _often(p) and len(p.stems) == 1 < len(p.times)]
    for phrases, most in ((often, _MOST_TAGS), (once, _FEW_TAGS), (twice, _FEW_TAGS)):
        for phrase in phrases:
            known = any(occurs(phrase.text, each) or occurs(each, phrase.text) for each in found)
            if not known and len(found) < most and occurs(phrase.text, heard):
                found.append(phrase.text)
    if not found and material.name:
        found = [material.name.lower()]
    return tuple(found[:_MOST_TAGS])


def _often(phrase: Phrase) -> bool:
    """A name, or what is said often enough for its length."""
    return phrase.name or len(phrase.times) >= (_OFTEN if len(phrase.stems) == 1 else 2)


def _hashtags(tags: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for tag in tags:
        words = "".join(one if one.isalnum() else " " for one in tag).split()
        joined = (
            "".join(word[:1].upper() + word[1:] for word in words)
            if len(words) > 1
            else "".join(words)
        )
        usable = any(one.isalpha() for one in joined) and characters(joined) <= _MOST_HASHTAG
        if usable and len(words) <= 3 and joined.casefold() not in map(str.casefold, found):
            found.append(joined)
    return tuple(found[:_MOST_HASHTAGS])


def _description(material: _Material, most: int) -> str:
    """The sentences that say most, in the order in which they were said."""
    if not material.said:
        return material.name or ""
    leaning = [_leans(sentence, material.language) for sentence in material.said]
    ranked = material.ranked
    chosen: set[int] = set()
    room = most
    # The second time round, what leans on a sentence may follow it.
    for number in (*ranked, *ranked):
        size = characters(_written(material.said[number], material.language)) + 1
        alone = leaning[number] and number - 1 not in chosen
        if number not in chosen and size <= room and not alone and len(chosen) < _SENTENCES:
            chosen.add(number)
            room -= size
    if not chosen:
        best = next((number for number in ranked if not leaning[number]), ranked[0])
        whole = _written(material.said[best], material.language)
        return shorten(whole, lambda part: characters(part) <= most)
    gap = material.language.gap
    return gap.join(_written(material.said[each], material.language) for each in sorted(chosen))


def _leans(sentence: Sentence, language: Language) -> bool:
    """Whether it is understood only after the sentence before it."""
    words = [bare(word).casefold() for word in sentence.words]
    first = next((word for word in words if word not in language.openers), "")
    return first in language.leaning


def _worths(material: _Material) -> Iterator[tuple[float, int]]:
    """How much each sentence says; its number is negative so that the earlier wins."""
    last = max(1, len(material.said) - 1)
    top = material.phrases[0].weight if material.phrases else 1.0
    weights = {phrase.stems: phrase.weight for phrase in material.phrases[:60]}
    for number, sentence in enumerate(material.said):
        stems = stems_of(sentence.text, material.language)
        held = sum(
            weights.get(stems[at : at + size], 0.0)
            for size in range(1, 5)
            for at in range(len(stems) - size + 1)
        )
        words = len(sentence.words)
        worth = held / top / sqrt(max(6, words))
        worth += 0.3 * (1 - number / last)
        plain = sentence.text.casefold()
        told = any(f" {marker} " in plain for marker in material.language.telling)
        worth += _ANNOUNCED if told and number <= last * _BEGINNING else 0.0
        yield worth, -number


def _written(sentence: Sentence, language: Language) -> str:
    """A sentence as it is written: without fillers, a capital first, a full stop last."""
    words = list(sentence.words)
    while len(words) > 3 and words[0].casefold().strip(",.") in language.openers:
        words = words[1:]
    text = sentence.gap.join(words).rstrip(" ,;:–—-")
    text = text[:1].upper() + text[1:]
    return text if not text[-1:].isalnum() or sentence.gap == "" else text + "."


def _with_call(text: str, brand: BrandVoice) -> str:
    return "\n\n".join(filter(None, (text, brand.call_to_action)))


def _headed(title: str, text: str, brand: BrandVoice) -> str:
    """A text below its title, where it does not begin with that."""
    first = "" if text.casefold().startswith(title.casefold()) else title
    return _with_call("\n\n".join(filter(None, (first, text))), brand)


def _for(network: Network, everything: Copy, material: _Material) -> NetworkCopy:
    """The copy for one network: as long as people read there, then cut to what is taken."""
    brand = material.brand
    few = _FEW_HASHTAGS.get(network.name, _MOST_HASHTAGS)
    text = everything.text
    if network.name == "x":
        text = _with_call(everything.title, brand)
    elif network.name == "facebook":
        text = _with_call(_description(material, _TEASER), brand)
    elif network.name in ("instagram", "google_business"):
        text = _headed(everything.title, _description(material, _TEASER), brand)
    elif network.name == "linkedin":
        text = _headed(everything.title, _description(material, 2 * _TEASER), brand)
    values = everything.model_dump()
    values |= {"text": text, "hashtags": everything.hashtags[:few]}
    kept = {name: value for name, value in values.items() if name in network.fields}
    if "chapters" in kept:
        kept["chapters"] = tuple(Chapter.model_validate(each) for each in kept["chapters"])
    fitted = fit(network, Copy.model_validate(kept), seconds=material.seconds)
    return NetworkCopy(
        copied=fitted.copied, posted=compose(network, fitted.copied), cuts=fitted.cuts
    )
