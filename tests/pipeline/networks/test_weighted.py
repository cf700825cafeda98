"""X's counting: every example follows from the published rules, and says which."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.plan.networks import weighted_length
from pipeline.plan.networks.weighted import V3, addresses

COUNTED = [
    ("", 0),
    ("Plain words.", 12),
    ("naïve café", 10),
    ("e\u0301", 1),  # NFC makes one letter of an e and its accent
    ("日本語", 6),
    ("한국", 4),
    ("Привет", 6),
    ("“so” – …", 9),  # quotes and dashes weigh one, the ellipsis (U+2026) is in no range
    ("👍", 2),
    ("👍🏽", 2),
    ("👨‍👩‍👧", 2),
    ("🇩🇪", 2),
    ("1️⃣", 2),
    ("https://example.com", 23),
    ("https://example.com/" + "a" * 500, 23),
    ("example.com", 23),
    ("www.example.co.uk/path?q=1#top", 23),
    ("See https://example.com.", 4 + 23 + 1),
    ("(https://example.com/a_(b))", 1 + 23 + 1),
    ("http://example.nosuchdomain", 27),
    ("node.js", 7),
    ("3.14", 4),
    ("me@example.com", 14),
    ("@name #tag", 10),
    ("https://a_b.com/", 16),  # no domain has an underscore
    ("日本example.com", 4 + 23),
    ("https://例え.jp/", 23),
    ("https://t.co/abc!", 24),
]


@pytest.mark.parametrize(("text", "weight"), COUNTED)
def test_a_text_is_counted_as_the_rules_say(text: str, weight: int) -> None:
    assert weighted_length(text) == weight


@given(st.text(max_size=60))
def test_the_form_of_accents_changes_nothing(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert weighted_length(decomposed) == weighted_length(unicodedata.normalize("NFC", text))


@given(st.text(alphabet=st.characters(max_codepoint=0x10FF, exclude_characters=".©®"), max_size=80))
def test_what_has_neither_addresses_nor_emoji_weighs_one_each(text: str) -> None:
    plain = unicodedata.normalize("NFC", text)
    if all(ord(one) <= V3.ranges[0][1] for one in plain):
        assert weighted_length(text) == len(plain)


@given(st.lists(st.sampled_from(["https://example.com/a", "example.org", "words"]), max_size=9))
def test_addresses_count_the_same_however_many_there_are(parts: list[str]) -> None:
    text = " ".join(parts)
    named = sum(part != "words" for part in parts)
    spaces = max(0, len(parts) - 1)
    assert weighted_length(text) == named * 23 + (len(parts) - named) * 5 + spaces
    assert len(list(addresses(text))) == named


@pytest.mark.parametrize(
    "hostile",
    ["(" * 100_000, "a." * 50_000, "http://a.com/" + "(a" * 40_000 + ")" * 40_000,
     "http://" * 14_000, "@" * 100_000, "👍" * 20_000],
)  # fmt: skip
def test_no_text_takes_long_to_count(hostile: str) -> None:
    began = time.process_time()
    weighted_length(hostile)
    assert time.process_time() - began < 2
