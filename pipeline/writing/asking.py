"""A language model is asked for all words of a film in one language; what it says is held on."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from ai.text import Answer, Attempt, FlagKind, Request, Untrusted, ask
from ai.text.errors import Unanswered
from core import languages
from core.errors import Misconfigured
from pipeline.plan.networks import NETWORKS
from pipeline.plan.words_types import Asked, LanguageWords, WordsResult
from pipeline.writing.draft import Draft, held
from pipeline.writing.film import Film
from pipeline.writing.holding import Holding

Ask = Callable[[Request], Answer]
"""Who answers: bound to a tenant, its budget and its cancellation."""

REMEDY: Final = (
    "A language model would write in the brand's voice and languages: set OPENAI_API_KEY,"
    " ANTHROPIC_API_KEY or GEMINI_API_KEY, or LOCAL_TEXT_URL with TEXT_MODELS."
)
"""What to do where nobody can be asked."""

_SECONDS: Final = 90.0
_MOST_TOKENS: Final = 8000
# Instructions in a transcript are no reason to distrust an answer that did not follow them.
_REFUSED: Final = frozenset(FlagKind) - {FlagKind.INSTRUCTION_IN_MATERIAL}
_SYSTEM: Final = """\
You write what a brand publishes with a video, from the video's transcript alone.
- Write in {language}, whatever language the transcript is in.
- Say nothing that the transcript does not say: no fact, figure, price, name, quotation or promise.
- Titles: five that differ, the best first, 30 to 70 characters, what viewers search for early, no
  shouting and no clickbait that the video does not keep.
- Description: two to four short paragraphs; the first 150 characters say what the video is about.
- Tags and hashtags: what the video really speaks of. `said` copies the transcript's own words.
- Chapters: where the subject changes, each at least 15 seconds; the first at 0. Fewer than three
  subjects make no chapters.
- The copy for each network is as people write there, at most so long:
{limits}
- No links, no addresses, no @names, no hashtags inside texts, no markup: those are added later.
"""


class Unavailable(Exception):
    """There is no answer that can be used, and why; `asked` is what was tried."""

    def __init__(self, reason: str, *asked: Asked) -> None:
        """The reason is for people."""
        super().__init__(reason)
        self.reason, self.asked = reason, asked


def written(ask_model: Ask, film: Film, language: str, quoted: WordsResult) -> LanguageWords:
    """The film's words in a language; raises Unavailable, and what cancels the call.

    `quoted` is what was written without a model, in the language that is spoken.
    """
    request = replace(_request(film, language), most_tokens=_MOST_TOKENS)
    try:
        answer = ask_model(request)
    except (Unanswered, Misconfigured) as error:
        took = tried(language, getattr(error, "attempts", ()), "failed")
        raise Unavailable(str(error), took) from error
    asked = asked_of(language, answer)
    refused = sorted({flag.kind for flag in answer.flags if flag.kind in _REFUSED})
    if refused:
        told = ", ".join(kind.replace("_", " ") for kind in refused)
        reason = f"the answer was not used, since it may follow instructions in the film: {told}"
        raise Unavailable(reason, asked.model_copy(update={"outcome": "refused"}))
    assert isinstance(answer.value, Draft)
    made = Holding(film, language, quoted, answer.value).words()
    notes = list(made.notes)
    if any(flag.kind is FlagKind.INSTRUCTION_IN_MATERIAL for flag in answer.flags):
        notes.append("What is said in the film reads like instructions to a model: look at this.")
    if len(film.told) < len(film.said):
        notes.append(f"Of {len(film.said)} sentences, {len(film.told)} were read.")
    return made.model_copy(update={"asked": asked, "notes": tuple(notes)})


def _request(film: Film, language: str) -> Request:
    brand = film.brand
    told = [f"The video lasts {film.seconds:.0f} seconds."]
    if brand.names:
        told.append(f"The brand is called {', '.join(brand.names)}: write it exactly so.")
    if brand.glossary:
        told.append(f"Keep these terms as they are: {', '.join(brand.glossary)}.")
    if brand.voice:
        told.append(f"The brand's voice: {brand.voice}")
    if brand.forbidden_words:
        told.append(f"Never use: {', '.join(brand.forbidden_words)}.")
    if brand.call_to_action:
        told.append(f"After each text stands, without you: {brand.call_to_action}")
    request = ask(
        _SYSTEM.format(language=languages.name(language), limits=_limits()),
        "\n".join(told),
        Untrusted(film.name or "-", "file name"),
        Untrusted(film.material, "transcript"),
        shape=held(brand),
        seconds=_SECONDS,
    )
    return replace(request, known_links=tuple(filter(None, (brand.link,))))


def _limits() -> str:
    lines = []
    for network in NETWORKS.values():
        limit = network.text_limit("text")
        if limit is not None and network.name in Draft.model_fields:
            lines.append(f"  {network.name}: {min(limit.most * 3 // 4, 1200)} {limit.unit}")
    return "\n".join(lines)


def asked_of(language: str, answer: Answer) -> Asked:
    """What an answer took; one that was remembered took nothing."""
    asked = tried(language, answer.attempts, "remembered" if answer.remembered else "answered")
    named = {"provider": answer.provider, "model": answer.model}
    return asked.model_copy(update=named)


def tried(language: str, attempts: Sequence[Attempt], outcome: str) -> Asked:
    """What attempts took, whatever came of them."""
    costs = [each.cost for each in attempts]
    known = [cost for cost in costs if cost is not None]
    last = attempts[-1] if attempts else None
    return Asked(
        language=language,
        provider=last.provider if last else "",
        model=last.model if last else "",
        outcome=outcome,
        attempts=len(attempts),
        input_tokens=sum(each.usage.input for each in attempts),
        output_tokens=sum(each.usage.output for each in attempts),
        dollars=str(sum(known, Decimal(0))) if len(known) == len(costs) else None,
        seconds=round(sum(each.seconds for each in attempts), 3),
    )
