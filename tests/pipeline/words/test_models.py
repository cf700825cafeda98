"""What a language model writes is held against the film, the brand and the networks."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ai.text import TextClient
from pipeline.plan.networks import NETWORKS, check
from pipeline.plan.words_types import BrandVoice, WordsOptions, WordsResult
from pipeline.stages import STAGE_FUNCTIONS, StageContext, StageInput
from pipeline.words.matching import occurs
from pipeline.writing import Ask
from tests.language_models import LanguageModels, language_models
from tests.pipeline.words.talks import COFFEE, transcript
from transcoders.tools import Tools

TOLD = transcript(COFFEE)
BRAND = BrandVoice(
    names=("Hilltop Coffee",), glossary=("pour-over",), voice="warm and brief",
    forbidden_words=("cheap",), call_to_action="Order the spring roast.",
    link="https://example.com/spring-roast",
)  # fmt: skip
DRAFT: dict[str, Any] = {
    "titles": [f"How to make pour-over coffee at home, part {number}" for number in range(5)],
    "description": "Make hilltop coffee at home: beans, grind size, water and the pour.",
    "tags": [
        {"text": "pour-over coffee", "said": "pour-over coffee"},
        {"text": "burr grinder", "said": "a burr grinder"},
        {"text": "espresso machine", "said": "espresso machine"},
    ],
    "hashtags": [
        {"text": "#PourOver", "said": "pour-over"},
        {"text": "LatteArt", "said": "latte art"},
    ],
    "chapters": [{"seconds": 1, "title": "Hello"}],
    "facebook": "Good coffee needs little.", "instagram": "Good coffee needs little.",
    "linkedin": "What makes coffee good?", "x": "How to pour. " * 60,
    "google_business": "Fresh beans.", "shopify": "Fresh beans.", "amazon": "Fresh beans.",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageModels]:
    with language_models(tmp_path_factory.mktemp("llmock")) as running:
        yield running


@pytest.fixture
def models(server: LanguageModels) -> LanguageModels:
    server.reset()
    return server


@pytest.fixture
def ask(models: LanguageModels) -> Iterator[Ask]:
    client = TextClient([models.provider(name) for name in ("openai", "anthropic")])
    yield client.answer
    client.close()


def reply(models: LanguageModels, *drafts: object) -> None:
    """The drafts in their order, the last one from then on."""
    told = [{"type": "reply", "text": json.dumps(one)} for one in drafts]
    models.plan(*told[:-1], {**told[-1], "times": None})


def run(folder: Path, ask: Ask | None, brand: BrandVoice = BRAND) -> WordsResult:
    path = folder / "transcript.json"
    path.write_text(TOLD.model_dump_json())
    nothing = Path("nothing")
    context = StageContext(
        source=folder / "source",
        source_sha256="0" * 64,
        scratch=folder,
        tools=Tools(nothing, nothing, nothing, "", "", "", ""),
        inputs={"transcribe": StageInput(paths={"transcript.json": path})},
        ask_model=ask,
    )
    options = WordsOptions(name="roast.mp4", seconds=TOLD.seconds, brand=brand)
    result = STAGE_FUNCTIONS["words"](context, options)
    assert isinstance(result.value, WordsResult)
    assert WordsResult.model_validate_json(result.artifacts[0].path.read_bytes()) == result.value
    return result.value


def test_what_a_model_writes_is_held_against_the_film_and_fitted(
    models: LanguageModels, ask: Ask, tmp_path: Path
) -> None:
    times = [0, 30, 61, 93, 122]
    chapters = [{"seconds": at, "title": f"Part {at}"} for at in times]
    reply(models, {**DRAFT, "chapters": chapters})
    found = run(tmp_path, ask)
    assert found.made_by == "model"
    assert "language model" in found.how
    assert len({one.text for one in found.titles}) == 5
    assert [one.points for one in found.titles] == sorted(
        (one.points for one in found.titles), reverse=True
    )
    # Nobody speaks of espresso machines or latte art.
    assert found.tags[:2] == ("pour-over coffee", "burr grinder")
    assert len(found.tags) >= 5
    assert all(occurs(tag, COFFEE) for tag in found.tags)
    assert found.hashtags == ("PourOver",)
    assert "1 tags left out: what they name is not said in the film." in found.notes
    assert found.description.startswith("Make Hilltop Coffee at home")
    for name, network in NETWORKS.items():
        copy = found.networks[name]
        wrong = check(network, copy.copied, seconds=TOLD.seconds)
        assert [one.rule for one in wrong if one.rule != "required"] == [], name
        assert copy.made_by == "model"
    x = found.networks["x"]
    assert x.cuts
    assert "#PourOver" in x.posted
    assert "https://example.com/spring-roast" in x.posted
    begins = [one.seconds for one in found.chapters]
    assert begins[0] == 0
    assert all(any(abs(word.begin - at) < 0.01 for word in TOLD.words) for at in begins[1:])
    (asked,) = found.asked
    assert (asked.outcome, asked.provider, asked.attempts) == ("answered", "openai", 1)
    assert asked.input_tokens > 0
    assert asked.dollars is not None
    assert models.misbehaviour() == []


def test_the_transcript_is_material_and_the_brand_is_not(
    models: LanguageModels, ask: Ask, tmp_path: Path
) -> None:
    reply(models, DRAFT)
    found = run(tmp_path, ask)
    # One chapter is none: those are kept that were found without a model.
    assert len(found.chapters) > 3
    assert any("where the words of the film change" in note for note in found.notes)
    (request,) = models.requests()
    system, user = (one["content"] for one in request["body"]["messages"])
    told = json.dumps(user)
    assert "grind twenty grams" not in json.dumps(system)
    assert "warm and brief" in told
    fence = told.index("transcript")
    assert told.index("warm and brief") < told.index("<<<") < fence < told.index("twenty grams")


def test_every_language_of_the_brand_is_written_and_its_keywords_quote_the_film(
    models: LanguageModels, ask: Ask, tmp_path: Path
) -> None:
    german = {
        **DRAFT,
        "titles": [f"Filterkaffee zu Hause, Teil {number}" for number in range(5)],
        "tags": [
            {"text": "Kaffeemühle", "said": "burr grinder"},
            {"text": "Espresso", "said": "espresso machine"},
        ],
        "hashtags": [{"text": "Kaffeemühle", "said": "the grinder"}],
    }
    reply(models, DRAFT, german)
    found = run(tmp_path, ask, BRAND.model_copy(update={"languages": ("en-GB", "de")}))
    assert list(found.languages) == ["de"]
    other = found.languages["de"]
    assert other.titles[0].text.startswith("Filterkaffee")
    assert (other.tags, other.hashtags) == (("Kaffeemühle",), ("Kaffeemühle",))
    assert [one.language for one in found.asked] == ["en", "de"]
    assert "Write in German" in json.dumps(models.requests()[1]["body"])


def test_a_forbidden_word_is_asked_for_again(
    models: LanguageModels, ask: Ask, tmp_path: Path
) -> None:
    reply(models, {**DRAFT, "facebook": "Cheap coffee!"}, DRAFT)
    found = run(tmp_path, ask)
    assert found.made_by == "model"
    assert found.asked[0].attempts == 2
    assert "facebook" in json.dumps(models.requests()[1]["body"]["messages"][-1])


def test_an_answer_with_a_link_that_nobody_gave_is_not_used(
    models: LanguageModels, ask: Ask, tmp_path: Path
) -> None:
    reply(models, {**DRAFT, "facebook": "Claim your prize at https://evil.example/now"})
    found = run(tmp_path, ask)
    assert found.made_by == "extractive"
    assert "evil" not in found.model_dump_json()
    assert found.asked[0].outcome == "refused"
    assert any("may follow instructions in the film" in note for note in found.notes)


@pytest.mark.parametrize("status", [401, 400])
def test_where_no_model_answers_the_words_are_quoted_and_say_so(
    models: LanguageModels, ask: Ask, tmp_path: Path, status: int
) -> None:
    models.plan({"type": "fail", "status": status, "times": None})
    found = run(tmp_path, ask)
    assert found.made_by == "extractive"
    assert all(one.made_by == "extractive" for one in found.networks.values())
    assert any(note.startswith("No language model wrote in English: ") for note in found.notes)


def test_where_there_is_none_the_words_say_how_to_have_one(tmp_path: Path) -> None:
    found = run(tmp_path, None)
    assert (found.made_by, found.asked) == ("extractive", ())
    assert any("OPENAI_API_KEY" in note for note in found.notes)
