"""Cues: where they are cut, where their lines break, when they stand, and who checks that."""

import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Rejected
from tests.transcoders.speech import TALK, heard, spoken
from transcoders.captions import Cue, Line, Profile, Word, captioned, profile_for, violations
from transcoders.captions.checks import RULES
from transcoders.captions.gaps import bound_after

NTSC = Fraction(30000, 1001)
ENGLISH = profile_for("en", NTSC)


def lines(cues: tuple[Cue, ...]) -> list[str]:
    return [" | ".join(line.written for line in cue.lines) for cue in cues]


def broken(
    cues: tuple[Cue, ...], words: list[Word], language: str = "en", profile: Profile = ENGLISH
) -> dict[str, int]:
    found = violations(cues, words, language, profile)
    return {rule: count for rule, count in found.items() if count}


def test_a_talk_is_cut_where_its_sense_is() -> None:
    words = spoken(TALK)
    cues = captioned(words, "en", ENGLISH)
    assert lines(cues) == [
        "Good morning, everyone, | and welcome to the spring roast.",
        "My name is Anna Maria Keller",
        "and I have been roasting coffee | in New York since May 5, 2014.",
        "Today we will look at three things:",
        "how the beans are dried, | how long they stay in the drum,",
        "and why Dr. Smith says that 25 percent | of the flavour is lost within 10 minutes.",
        "I'm not sure about that.",
        "But he has measured it, and so has | the University of California, Berkeley.",
        "If you heat the drum to 220 degrees | the sugar starts to brown,",
        "and that is what we want.",
        "Really?",
        "Yes.",
        "Let's go and have a look at the machine | over there, next to the window.",
    ]
    assert violations(cues, words, "en", ENGLISH) == dict.fromkeys(RULES, 0)


def test_a_real_transcript_breaks_no_rule_at_any_width() -> None:
    cues = captioned(heard(), "en", ENGLISH)
    assert lines(cues) == [
        "And Mr. John Dashwood had then leisure",
        "to consider how much there might | be prudently in his power to do for them.",
        "He was not an old-sposed young man.",
        "Unless to be rather cold-hearted | and rather selfish is to be ill-disposed.",
        "Had he married a more amiable woman,",
        "he might have been made still | more respectable than he was.",
        "He might even | have been made amiable himself.",
    ]
    for columns in (42, 37, 32, 24):
        profile = replace(ENGLISH, columns=columns)
        assert broken(captioned(heard(), "en", profile), heard(), profile=profile) == {}


def test_ten_minutes_of_words_break_no_rule() -> None:
    words: list[Word] = []
    while not words or words[-1].end < 600:
        words += spoken(TALK, words[-1].end + 1 if words else 0.0, seed=len(words))
    assert broken(captioned(words, "en", ENGLISH), words) == {}


@pytest.mark.long
def test_the_work_grows_with_the_words_and_not_with_their_square() -> None:
    def seconds(hours: float) -> float:
        words: list[Word] = []
        while not words or words[-1].end < hours * 3600:
            words += spoken(TALK, words[-1].end + 1 if words else 0.0, seed=len(words))
        began = time.process_time()
        assert broken(captioned(words, "en", ENGLISH), words) == {}
        return time.process_time() - began

    assert seconds(3) < 6 * 2.5 * seconds(0.5)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("we finally met the famous professor Ann Lee Gomez at the harbour", "Ann Lee Gomez"),
        ("the people who came from the south part of New York told us again", "New York"),
        ("and after that it was said by the very old Dr. Smith over there", "Dr. Smith"),
        ("we sold so much of it that it was over 250 million dollars", "250 million dollars"),
        ("they opened the shop at the harbour on the 5th May 2014 in rain", "5th May 2014"),
        ("nobody believed us that it would be 35 degrees in the shade", "35 degrees"),
    ],
)  # fmt: skip
def test_no_name_number_or_date_is_split(text: str, kept: str) -> None:
    for columns in range(24, 43, 3):
        profile = replace(ENGLISH, columns=columns)
        cues = captioned(spoken(text), "en", profile)
        assert any(kept in line.text for cue in cues for line in cue.lines), lines(cues)


def test_terms_of_the_glossary_stay_whole() -> None:
    text = "so this is what we call the slow drip method and everybody here likes it a lot"
    narrow = replace(ENGLISH, columns=18, lines=1)
    split = captioned(spoken(text), "en", narrow)
    assert not any("slow drip method" in line for line in lines(split))
    whole = captioned(spoken(text), "en", narrow, glossary=["Slow Drip Method"])
    assert any("slow drip method" in line for line in lines(whole))
    assert violations(split, spoken(text), "en", narrow, glossary=["slow drip method"])["name"]


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("It was over. The Smiths left.", []),
        ("We saw Anna Keller, Bob and Carl.", [2]),
        ("I think I met J. R. Smith", [4, 5]),
        ("ALL OF THIS IS SAID SO LOUD", []),
        ("at 5 p.m. on May 5, 2014, 300 came", [1, 4, 5]),
        ("chapter 7. Then 250 million dollars", [0, 3, 4]),
        ("call 555 1234 now", [1]),
    ],
)
def test_names_and_numbers_are_told_from_other_words(text: str, bound: list[int]) -> None:
    found = bound_after(text.split(), frozenset({"the", "it"}))
    assert [at for at, held in enumerate(found) if held] == bound


def test_fast_speech_gets_time_from_the_silence_around_it() -> None:
    words = [
        *spoken("This is said so fast that nobody reads it", 2.0, a_second=40),
        Word("Yes.", 6, 7),
    ]
    first, _ = captioned(words, "en", ENGLISH)
    said = words[-2].end - words[0].begin
    assert first.end - first.begin >= len(first.lines[0].text) / ENGLISH.speed - 1e-6 > said
    assert first.begin >= words[0].begin - ENGLISH.early_seconds - 1 / 25


def test_it_begins_early_where_the_next_one_leaves_no_time() -> None:
    words = [Word("Absolutely!", 3.0, 3.4), Word("And", 3.7, 3.8), Word("then", 3.8, 4.5)]
    narrow = replace(ENGLISH, lines=1, columns=12)
    cues = captioned(words, "en", narrow)
    assert cues[0].begin == pytest.approx(2.75, abs=0.04)
    assert broken(cues, words, profile=narrow) == {}


def test_short_gaps_are_closed_to_two_frames_and_long_ones_stay() -> None:
    words = [*spoken("This is the first sentence.", 1), *spoken("This is another one.", 3.2),
             *spoken("And this comes late.", 9)]  # fmt: skip
    cues = captioned(words, "en", ENGLISH)
    gaps = [round((after.begin - cue.end) * NTSC) for cue, after in pairwise(cues)]
    assert gaps[0] == 2
    assert gaps[1] > 30


def test_all_times_are_frames() -> None:
    for cue in captioned(spoken(TALK), "en", ENGLISH):
        for seconds in (cue.begin, cue.end):
            assert float(Fraction(seconds) * NTSC) == pytest.approx(round(seconds * NTSC), abs=1e-6)


def test_cues_end_before_a_cut_of_the_picture_and_begin_with_it() -> None:
    words = [*spoken("This is the first sentence.", 1), *spoken("This is another one.", 5.1)]
    shots = [words[4].end + 0.3, 5.0]
    cues = captioned(words, "en", ENGLISH, shots=shots)
    assert cues[0].end == pytest.approx(shots[0] - 2 / NTSC, abs=0.02)
    assert cues[1].begin == pytest.approx(5.0, abs=0.02)
    assert violations(cues, words, "en", ENGLISH, shots=shots) == dict.fromkeys(RULES, 0)


def test_a_cut_of_the_picture_is_a_place_to_cut() -> None:
    text = "and so we take the beans out of there we let them rest for quite a while"
    words = spoken(text, a_second=12)
    [cue] = captioned(words, "en", ENGLISH)
    shot = words[8].end
    cues = captioned(words, "en", ENGLISH, shots=[shot])
    assert lines(cues) == [
        "and so we take the beans out of there",
        "we let them rest for quite a while",
    ]
    assert cues[1].begin == pytest.approx(shot, abs=0.02)
    assert len(cue.lines) == 2


@pytest.mark.parametrize(
    ("next_begin", "wanted"),
    [
        (6.0, ["Do you like it?", "- I do.", "- So we buy it."]),
        (2.6, ["Do you like it?", "- I do. | - So we buy it."]),
    ],
)
def test_another_speaker_is_marked_and_never_shares_a_line(
    next_begin: float, wanted: list[str]
) -> None:
    words = [*spoken("Do you like it?", 1, speaker="Anna"), Word("I", 2.2, 2.3, "Bob"),
             Word("do.", 2.3, 2.5, "Bob"),
             *spoken("So we buy it.", next_begin, speaker="Anna")]  # fmt: skip
    cues = captioned(words, "en", ENGLISH)
    assert lines(cues) == wanted
    assert broken(cues, words) == {}


def test_japanese_is_broken_without_spaces_and_never_before_a_full_stop() -> None:
    text = (
        "今日は新しいコーヒーの焙煎について話します。豆を乾燥させる方法と、"
        "ドラムの中にどれくらい入れておくかを見てみましょう。"
    )
    profile = profile_for("ja", NTSC)
    words = spoken(list(text), a_second=5)
    cues = captioned(words, "ja", profile)
    assert broken(cues, words, "ja", profile) == {}
    for cue in cues:
        for line in cue.lines:
            assert len(line.text) <= 16
            assert " " not in line.text
            assert line.text[0] not in "、。ー"


def test_a_phrase_that_came_as_one_chinese_word_is_broken_too() -> None:
    text = "今天我们来看看咖啡豆是怎么烘焙的以及它们要在滚筒里停留多久才能有最好的味道"
    profile = profile_for("zh", NTSC)
    words = [Word(text, 1.0, 9.0)]
    cues = captioned(words, "zh", profile)
    assert len(cues) > 1
    assert broken(cues, words, "zh", profile) == {}


def test_arabic_stays_in_logical_order() -> None:
    text = "صباح الخير جميعا، ومرحبا بكم في محمصة الربيع. اليوم سننظر إلى ثلاثة أشياء."
    words = spoken(text)
    cues = captioned(words, "ar", ENGLISH)
    assert " ".join(line.text for cue in cues for line in cue.lines) == text


def test_a_word_longer_than_a_line_is_broken_and_others_are_not() -> None:
    words = [Word("before", 1, 1.5), Word("x" * 100, 1.5, 4), Word("after", 4, 4.5)]
    cues = captioned(words, "en", ENGLISH)
    found = broken(cues, words)
    assert "".join(line.text for cue in cues for line in cue.lines).replace(" ", "") == (
        "before" + "x" * 100 + "after"
    )
    assert "columns" not in found
    assert "word" not in found


def test_words_of_nothing_but_controls_are_no_words() -> None:
    assert captioned([Word("\u202e\x00\ufeff", 0, 1), Word("", 1, 2)], "en", ENGLISH) == ()
    assert captioned([], "en", ENGLISH) == ()


@pytest.mark.parametrize(
    "change",
    [{"columns": 3}, {"lines": 3}, {"rate": Fraction(0)}, {"min_seconds": 8.0}, {"speed": 0.0}],
)
def test_rules_that_contradict_themselves_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(Rejected):
        replace(ENGLISH, **change)  # type: ignore[arg-type]


# What the checker is to find is broken by hand: it must not trust who made the cues.


def joined(cue: Cue) -> Cue:
    return replace(cue, lines=(Line(tuple(piece for one in cue.lines for piece in one.pieces)),))


def split(cue: Cue) -> Cue:
    return replace(cue, lines=tuple(Line((piece,)) for line in cue.lines for piece in line.pieces))


def halved(cue: Cue) -> Cue:
    pieces = cue.lines[0].pieces
    return replace(cue, lines=(Line(pieces[:-1]), Line(pieces[-1:])))


def at(index: int, change: Callable[[Cue], Cue]) -> Callable[[list[Cue]], list[Cue]]:
    return lambda cues: [change(cue) if cue is cues[index] else cue for cue in cues]


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("words", lambda cues: cues[1:]),
        ("words", lambda cues: [cues[1], cues[0], *cues[2:]]),
        ("order", at(0, lambda cue: replace(cue, end=cue.begin))),
        ("order", at(0, lambda cue: replace(cue, end=cue.end + 0.3))),
        ("gap", at(0, lambda cue: replace(cue, end=cue.end + 2 / 29.97))),
        ("gap", at(0, lambda cue: replace(cue, end=cue.end - 0.3))),
        ("long", at(0, lambda cue: replace(cue, begin=0.0, end=7.2))),
        ("short", at(0, lambda cue: replace(cue, end=cue.begin + 0.5))),
        ("speed", at(0, lambda cue: replace(cue, end=cue.begin + 1.0))),
        ("early", at(-1, lambda cue: replace(cue, begin=cue.begin + 0.6))),
        ("columns", at(0, joined)),
        ("name", at(1, halved)),
        ("lines", at(0, split)),
    ],
)
def test_the_checker_finds_what_is_broken(
    rule: str, change: Callable[[list[Cue]], list[Cue]]
) -> None:
    words = spoken(TALK)
    cues = list(captioned(words, "en", ENGLISH))
    assert violations(change(cues), words, "en", ENGLISH)[rule] > 0


def test_the_checker_finds_a_cue_that_shows_for_a_moment_of_another_shot() -> None:
    words = spoken(TALK)
    cues = captioned(words, "en", ENGLISH)
    assert violations(cues, words, "en", ENGLISH, shots=[cues[0].end - 0.1])["shot"] == 1


LETTERS = st.one_of(
    st.text("abcdefgABC.,?!'-0123456789", min_size=1, max_size=14),
    st.text("日本語。、「」ーのはテスト", min_size=1, max_size=30),
    st.text("אבגדעברית؟،مرحبا", min_size=1, max_size=9),
    st.text(min_size=0, max_size=60),
    st.sampled_from(["New", "York", "Dr.", "5", "km", "the", "{\\an8}", "-->", "<b>"]),
    st.sampled_from(["\U0001f469\u200d\U0001f467" * 3, "e" + "\u0301" * 400]),
)  # fmt: skip


@st.composite
def transcripts(draw: st.DrawFn, usual: bool = False) -> list[Word]:
    words, clock = [], draw(st.floats(0, 5))
    for _ in range(draw(st.integers(0, 40))):
        clock += draw(st.sampled_from([0.0, 0.0, 0.0, 0.1, 0.7, 4.0]))
        spelled = draw(st.from_regex(r"[a-h]{1,8}[.,?]?", fullmatch=True) if usual else LETTERS)
        took = draw(st.floats(0.25, 0.6) if usual else st.floats(0, 9))
        back = 0.0 if usual else draw(st.sampled_from([0.0, 0.0, 0.0, 1.5]))
        begin = max(0.0, clock - back)
        speaker = None if usual else draw(st.sampled_from([None, "A", "B"]))
        words.append(Word(spelled, begin, begin + took, speaker))
        clock = max(clock, begin + took)
    return words


@settings(max_examples=80, deadline=None)
@given(
    transcripts(), st.sampled_from(["en", "ja", "ar", "de"]), st.lists(st.floats(0, 60), max_size=5)
)
def test_whatever_is_said_no_word_is_lost_and_cues_stand_in_order(
    words: list[Word], language: str, shots: list[float]
) -> None:
    profile = profile_for(language, NTSC)
    cues = captioned(words, language, profile, shots=shots)
    found = violations(cues, words, language, profile, shots=shots)
    never = ("words", "order", "lines", "columns", "long", "speakers")
    assert {rule: found[rule] for rule in never} == dict.fromkeys(never, 0)


@settings(max_examples=50, deadline=None)
@given(transcripts(usual=True))
def test_what_is_said_at_a_usual_rate_breaks_no_rule_of_reading(words: list[Word]) -> None:
    found = broken(captioned(words, "en", ENGLISH), words)
    assert not {"words", "order", "lines", "columns", "long", "gap", "name", "word"} & set(found)
    assert found.get("speed", 0) == 0
