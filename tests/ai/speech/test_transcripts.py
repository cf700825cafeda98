"""Words as transcripts have them: whole, in order, and with the voices that say them."""

import pytest

from ai.speech.child import padded
from ai.speech.transcriber import Passage, Span
from ai.speech.transcripts import fitted, tidied, written
from pipeline.plan.transcript import Word


def word(text: str, begin: float, end: float, confidence: float = 0.9) -> Word:
    return Word(text=text, begin=begin, end=end, confidence=confidence)


def test_pieces_of_words_become_words_where_words_have_spaces() -> None:
    pieces = [
        word(" ill", 0, 1),
        word("-disposed", 1, 2, 0.5),
        word(" man", 2, 3),
        word(" .", 3, 4),
    ]
    assert tidied(pieces, "en") == (word("ill-disposed", 0, 2, 0.5), word("man.", 2, 4))
    assert len(tidied([word("春", 0, 1), word("天", 1, 2)], "zh")) == 2
    assert tidied([word("  ", 0, 1)], "en") == ()


def test_words_never_go_back_in_time() -> None:
    found = tidied([word(" a", 0, 2), word(" b", 1, 1.5), word(" c", 3, 2)], "en")
    assert [(each.begin, each.end) for each in found] == [(0, 2), (2, 2), (3, 3)]


def test_words_begin_and_end_with_the_voice_that_says_them() -> None:
    words = [word("He", 1.4, 1.9), word("was.", 3.6, 4.1), word("Yes", 5.0, 6.0)]
    found = fitted(words, [Span(1.8, 4.4), Span(5.6, 6.02)])
    assert [(each.begin, each.end) for each in found] == [(1.7, 1.9), (3.6, 4.4), (5.5, 6.02)]


@pytest.mark.parametrize(
    "voice",
    [
        [Span(5.0, 9.0)],  # hears what they say much later
        [Span(0.0, 2.0)],  # ends long after them
        [Span(0.0, 0.5), Span(0.5, 1.0)],  # is cut between them
    ],
)
def test_where_a_voice_says_little_of_words_they_stay(voice: list[Span]) -> None:
    words = [word("a", 0.0, 0.5), word("b", 0.5, 1.0)]
    assert fitted(words, voice) == words


def test_a_pause_parts_what_is_said() -> None:
    said = Passage((word("One.", 0.0, 0.4), word("Two", 0.6, 1.0), word("three.", 1.7, 2.1)))
    transcript = written(
        [said], [Span(0.1, 1.0), Span(1.8, 2.1)], language="en", language_confidence=0.98765,
        seconds=3.0, provider="whisper", model="base",
    )  # fmt: skip
    assert [segment.text for segment in transcript.segments] == ["One. Two", "three."]
    assert transcript.language_confidence == 0.9877
    assert transcript.doubts == ()


def test_voices_get_room_and_share_what_is_between_them() -> None:
    voices = [
        {"start": 1_000, "end": 20_000},
        {"start": 22_000, "end": 50_000},
        {"start": 90_000, "end": 99_000},
    ]
    assert padded(voices, 100_000) == [
        {"start": 0, "end": 21_000},
        {"start": 21_000, "end": 56_400},
        {"start": 83_600, "end": 100_000},
    ]
    assert padded([], 10) == []
