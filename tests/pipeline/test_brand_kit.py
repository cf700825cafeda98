"""A brand's kit, and what breaks it."""

import unicodedata
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.plan.brand_kit import BrandKit, ColourRole
from pipeline.plan.compliance import Rule, contrast, kit_breaches, text_breaches

KIT = BrandKit.model_validate(
    {
        "names": ["Lumen Coffee", "Lumen", "iBrew"],
        "glossary": [{"term": "cold brew", "translations": {"DE": "Kaltbrühkaffee"}}],
        "forbidden_words": ["cheap", "guaranteed results", "激安"],
        "colours": [
            {"role": "text", "value": "#AAAAAA"},
            {"role": "background", "value": "#ffffff"},
        ],
    }
)


@pytest.mark.parametrize(
    ("text", "rule", "found", "advice"),
    [
        ("This is CHEAP.", Rule.FORBIDDEN_WORD, "CHEAP", "say it in another way"),
        ("guaranteed \n results", Rule.FORBIDDEN_WORD, "guaranteed \n results", "never"),
        ("本日激安です", Rule.FORBIDDEN_WORD, "激安", "never"),
        ("Drink LUMEN COFFEE now", Rule.SPELLING, "LUMEN COFFEE", "'Lumen Coffee'"),
        ("an Ibrew", Rule.SPELLING, "Ibrew", "'iBrew'"),
        ("our Cold Brew", Rule.SPELLING, "Cold Brew", "'cold brew'"),
    ],
)
def test_what_breaks_the_kit_is_named_with_its_place(
    text: str, rule: Rule, found: str, advice: str
) -> None:
    (breach,) = text_breaches(KIT, text)
    assert (breach.rule, breach.found) == (rule, found)
    assert advice in breach.advice
    assert text[breach.begin : breach.end] == found
    assert breach.blocks is (rule is Rule.FORBIDDEN_WORD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Lumen  Coffee and Lumen, with iBrew: Cold brew is here. cold brew too",
        "cheaper and cheaply",  # other words
        "Cold brew at the beginning of a sentence",
    ],
)
def test_what_is_said_well_breaks_nothing(text: str) -> None:
    assert text_breaches(KIT, text) == []


def test_accents_are_the_same_however_they_are_stored() -> None:
    kit = BrandKit(names=("Café Élan",))
    for form in ("NFC", "NFD"):
        assert text_breaches(kit, unicodedata.normalize(form, "in the Café Élan")) == []
        (breach,) = text_breaches(kit, unicodedata.normalize(form, "in the café élan!"))
        assert unicodedata.normalize("NFC", breach.found) == "café élan"
    assert text_breaches(kit, "in the cafe elan") == []  # another word


@given(st.text(max_size=200), st.lists(st.text(min_size=1, max_size=10), max_size=5))
def test_any_text_is_judged_and_places_are_true(text: str, words: list[str]) -> None:
    kit = BrandKit.model_construct(forbidden_words=tuple(words), names=(), glossary=())
    last = 0
    for breach in text_breaches(kit, text):
        assert breach.begin is not None
        assert breach.end is not None
        assert last <= breach.begin < breach.end <= len(text)
        assert text[breach.begin : breach.end] == breach.found
        last = breach.end


def test_colours_that_cannot_be_read_on_each_other_are_told() -> None:
    (breach,) = kit_breaches(KIT)
    assert (breach.rule, breach.blocks) == (Rule.CONTRAST, False)
    assert "2.32" in breach.advice
    assert kit_breaches(BrandKit()) == []
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize(
    ("kit", "reason"),
    [
        ({"names": ["Lumen", "LUMEN"]}, "there twice"),
        ({"names": ["Lumen"], "forbidden_words": ["lumen"]}, "the brand's own"),
        ({"names": ["\u200b"]}, "can be seen"),
        ({"languages": ["klingon"]}, "BCP 47"),
        ({"languages": ["de", "DEU"]}, "there twice"),
        ({"colours": [{"role": "text", "value": "#12345g"}]}, "#1a2b3c"),
        ({"colours": [{"role": "text", "value": "#123456"}] * 2}, "there twice"),
        ({"call_to_action": {"text": "Go", "url": "javascript:alert(1)"}}, "https://"),
        ({"watermark": {"asset_id": str(uuid4()), "opacity": 0}}, "0.1"),
        ({"forbidden_words": ["x"] * 201}, "200"),
    ],
)
def test_a_kit_that_breaks_a_rule_is_refused_with_its_reason(
    kit: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        BrandKit.model_validate(kit)


def test_a_kit_is_kept_as_it_is_meant() -> None:
    assert KIT.glossary[0].translations == {"de": "Kaltbrühkaffee"}
    assert KIT.colour(ColourRole.TEXT) == "#aaaaaa"
    assert KIT.colour(ColourRole.ACCENT) is None
    assert BrandKit.model_validate_json(KIT.model_dump_json()) == KIT
