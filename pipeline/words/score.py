"""How good a video's words are, by rules that are shown. Pure: the same words, the same points."""

from collections.abc import Iterator, Sequence
from typing import Final

from pipeline.plan.networks import Copy, Network, check
from pipeline.plan.networks.counting import characters
from pipeline.plan.words_types import BrandVoice, Rule, Score
from pipeline.words.matching import occurs

_TITLE: Final = (30, 70)
_EARLY: Final = 40
_DESCRIPTION: Final = 150
_TAGS: Final = 5
_HASHTAGS: Final = (1, 5)
# Shorter films are watched in one go.
_CHAPTERS_FROM_SECONDS: Final = 120.0


def score(
    copy: Copy,
    network: Network,
    *,
    said: str,
    keywords: Sequence[str],
    brand: BrandVoice,
    seconds: float,
) -> Score:
    """Points of 100. `said` is the transcript's text and the asset's name."""
    rules = (
        *_title(copy, network, keywords),
        *_text(copy, network, keywords),
        *_lists(copy, network, said),
        *_brand(copy, network, brand),
        *_whole(copy, network, seconds),
    )
    of = sum(rule.of for rule in rules)
    return Score(points=round(100 * sum(rule.points for rule in rules) / of), rules=rules)


def _rule(name: str, of: int, good: str, *, ill: str | None, part: float = 0.0) -> Rule:
    """`ill` says what to do; then there is only a part of the points."""
    points = of if ill is None else round(of * part)
    return Rule(name=name, points=points, of=of, line=good if ill is None else ill)


def _title(copy: Copy, network: Network, keywords: Sequence[str]) -> Iterator[Rule]:
    if "title" not in network.fields:
        return
    size = characters(copy.title)
    least, most = _TITLE
    ill = None
    if size < least:
        ill = f"the title has {size} characters: {least} to {most} say more"
    elif size > most:
        ill = f"the title has {size} characters: lists cut it off at about {most}"
    yield _rule("title-length", 12, f"the title has {size} characters", ill=ill, part=0.5)
    if keywords:
        early = [word for word in keywords[:5] if occurs(word, copy.title[:_EARLY])]
        later = [word for word in keywords[:5] if occurs(word, copy.title)]
        ill = None
        if not early:
            ill = f"put a key phrase into the title's first {_EARLY} characters: {keywords[0]!r}"
        good = f"the title says {early[0]!r} early" if early else ""
        yield _rule("keyword-early", 15, good, ill=ill, part=0.5 if later else 0.0)
    letters = [one for one in copy.title if one.isalpha()]
    loud = len(letters) > 5 and sum(one.isupper() for one in letters) > 0.6 * len(letters)
    shouts = loud or "!!" in copy.title or "??" in copy.title
    yield _rule(
        "no-shouting", 5, "the title does not shout",
        ill="write the title without capitals and rows of marks" if shouts else None,
    )  # fmt: skip


def _text(copy: Copy, network: Network, keywords: Sequence[str]) -> Iterator[Rule]:
    if "text" not in network.fields:
        return
    size = characters(copy.text)
    wanted = min(_DESCRIPTION, max(20, network_room(network) // 3))
    ill = f"the text has {size} characters: write at least {wanted}" if size < wanted else None
    yield _rule("text-length", 10, f"the text has {size} characters", ill=ill, part=size / wanted)
    if keywords:
        here = [word for word in keywords[:5] if occurs(word, copy.text[:_DESCRIPTION])]
        ill = None if here else f"say {keywords[0]!r} in the text's first {_DESCRIPTION} characters"
        good = f"the text begins with {here[0]!r}" if here else ""
        yield _rule("keyword-in-text", 10, good, ill=ill)


def network_room(network: Network) -> int:
    """How long a text may be there, in the network's own unit."""
    limit = network.text_limit("text")
    return limit.most if limit else _DESCRIPTION


def _lists(copy: Copy, network: Network, said: str) -> Iterator[Rule]:
    if "tags" in network.fields:
        absent = [tag for tag in copy.tags if not occurs(tag, said)]
        ill = None
        if absent:
            ill = f"take out tags of what is not in the film: {', '.join(absent[:5])}"
        elif len(copy.tags) < _TAGS:
            ill = f"tags: {len(copy.tags)}; {_TAGS} or more help to be found"
        part = 0.0 if absent else len(copy.tags) / _TAGS
        good = f"tags: {len(copy.tags)}, each of something in the film"
        yield _rule("tags-occur", 12, good, ill=ill, part=part)
    if "hashtags" in network.fields:
        least, most = _HASHTAGS
        count = len(copy.hashtags)
        ill = None
        if count < least:
            ill = "add a hashtag or a few"
        elif count > most and network.name != "instagram":
            ill = f"hashtags: {count}; more than {most} look like spam"
        yield _rule("hashtags", 5, f"hashtags: {count}", ill=ill)


def _brand(copy: Copy, network: Network, brand: BrandVoice) -> Iterator[Rule]:
    text = " ".join((copy.title, copy.text, *copy.tags, *copy.hashtags))
    if brand.call_to_action or brand.link:
        asked = bool(brand.call_to_action) and brand.call_to_action in copy.text
        linked = bool(brand.link) and brand.link == copy.link
        ill = None
        if not (asked or linked):
            ill = f"ask for something: {brand.call_to_action or brand.link!r}"
        yield _rule("call-to-action", 8, "it says what to do next", ill=ill)
    read = f"{copy.title} {copy.text}"
    wrong = [name for name in brand.names if occurs(name, read) and name not in read]
    if brand.names:
        ill = f"write {wrong[0]!r} as the brand does" if wrong else None
        yield _rule("names", 5, "the brand's names are written as it writes them", ill=ill)
    if brand.forbidden_words:
        bad = [word for word in brand.forbidden_words if occurs(word, text)]
        ill = f"take out what the brand forbids: {', '.join(bad[:5])}" if bad else None
        yield _rule("forbidden-words", 10, "no forbidden words", ill=ill)


def _whole(copy: Copy, network: Network, seconds: float) -> Iterator[Rule]:
    if "chapters" in network.fields and seconds >= _CHAPTERS_FROM_SECONDS:
        ill = None if copy.chapters else "add chapters: at least three, the first at 0:00"
        yield _rule("chapters", 8, f"chapters: {len(copy.chapters)}", ill=ill)
    found = check(network, copy, seconds=seconds)
    ill = found[0].line if found else None
    yield _rule("within-limits", 15, f"{network.title} takes it as it is", ill=ill)
