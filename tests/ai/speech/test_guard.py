"""What a model writes and nobody said goes; what people say stays."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.speech.guard import Judged, judged, sentences
from ai.speech.transcriber import Passage, Span
from pipeline.plan.transcript import Word

EVERYWHERE = (Span(0.0, 3600.0),)


def words(text: str, begin: float = 0.0, each: float = 0.3, confidence: float = 0.9) -> list[Word]:
    return [
        Word(text=word, begin=begin + n * each, end=begin + (n + 1) * each, confidence=confidence)
        for n, word in enumerate(text.split())
    ]


def passage(text: str, begin: float = 0.0, **more: float) -> Passage:
    return Passage(tuple(words(text, begin, **more)))


def text_of(result: Judged) -> str:
    return " ".join(each.text for each in result.passages)


def reasons(result: Judged) -> list[tuple[str, bool]]:
    return [(doubt.reason, doubt.dropped) for doubt in result.doubts]


def test_plain_speech_stays_as_it_is() -> None:
    said = passage("He was not an ill-disposed young man, unless to be rather cold-hearted.")
    assert judged([said], EVERYWHERE) == Judged((said,), ())


@pytest.mark.parametrize(
    "credit",
    [
        "Subtitles by the Amara.org community",
        "Captions by CaptionSync",
        "Transcribed by https://otter.ai",
        "Untertitel der Amara.org-Community",
        "Untertitel im Auftrag des ZDF für funk, 2017",
        "Sous-titres réalisés par la communauté d'Amara.org",
        "Sous-titrage ST' 501",
        "Subtítulos realizados por la comunidad de Amara.org",
        "Legendas pela comunidade Amara.org",
        "Sottotitoli creati dalla comunità Amara.org",
        "Napisy stworzone przez społeczność Amara.org",
        "Редактор субтитров А.Синецкая Корректор А.Егорова",
        "Субтитры сделал DimaTorzok",
        "字幕由 Amara.org 社区提供",
        "Altyazı M.K.",
    ],
)
def test_credits_of_captions_are_dropped_and_what_was_said_before_stays(credit: str) -> None:
    before = "That is all that we know."
    result = judged([Passage((*words(before), *words(credit, begin=10.0)))], EVERYWHERE)
    assert text_of(result) == before
    assert {dropped for _, dropped in reasons(result)} == {True}
    assert all("credit" in reason for reason, _ in reasons(result))


@pytest.mark.parametrize(
    "said",
    [
        "Subtitles by default are switched off, so open the settings and turn them on again.",
        "This book was translated by my sister.",
        "Thanks for the coffee.",
        "We subscribe to the view that beans want rest.",
    ],
)
def test_what_only_sounds_like_a_credit_stays(said: str) -> None:
    assert judged([passage(said)], EVERYWHERE) == Judged((passage(said),), ())


@pytest.mark.parametrize(
    "farewell",
    [
        "Thanks for watching!",
        "Thank you so much for watching.",
        "Please subscribe to my channel.",
        "Vielen Dank fürs Zuschauen.",
        "Gracias por ver el video.",
        "Merci d'avoir regardé cette vidéo.",
        "Продолжение следует...",
        "ご視聴ありがとうございました",
        "시청해주셔서 감사합니다",
    ],
)
def test_a_farewell_stays_where_the_model_is_sure_of_it_and_is_flagged(farewell: str) -> None:
    (sure,) = judged([passage(farewell, confidence=0.95)], EVERYWHERE).doubts
    assert not sure.dropped
    unsure = judged([passage(farewell, confidence=0.5)], EVERYWHERE)
    assert (unsure.passages, [doubt.dropped for doubt in unsure.doubts]) == ((), [True])


def test_words_where_no_voice_is_heard_are_dropped_and_those_around_stay() -> None:
    said = passage("One two three four five six.", each=1.0)
    result = judged([said], [Span(0.0, 1.9), Span(4.1, 6.0)])
    assert text_of(result) == "One two five six."
    assert [(d.text, d.begin, d.end, d.dropped) for d in result.doubts] == [
        ("three four", 2.0, 4.0, True)
    ]
    assert judged([said], ()).passages == ()
    assert judged([said], None).passages == (said,)


@pytest.mark.parametrize(
    "text", ["[Music]", "(upbeat music)", "♪ ♪", "♪ la la la ♪", "...", "*sighs*"]
)
def test_descriptions_of_sound_are_no_speech(text: str) -> None:
    assert judged([passage(text)], EVERYWHERE).passages == ()


@pytest.mark.parametrize(
    ("text", "left", "dropped"),
    [
        ("so " * 20, "so", True),
        ("you know " * 8, "you know", True),
        ("and that is why we are here " * 4, "and that is why we are here", True),
        ("we are here " * 3, "we are here we are here we are here", False),
        ("no no no no no", "no no no no no", False),
    ],
)
def test_what_is_said_over_and_over_is_said_once(text: str, left: str, dropped: bool) -> None:
    result = judged([passage(text)], EVERYWHERE)
    assert text_of(result) == left
    assert [doubt.dropped for doubt in result.doubts] == [dropped]


def test_loops_are_seen_across_passages() -> None:
    loop = [passage("I'm going to go.", begin=10.0 * n) for n in range(6)]
    assert text_of(judged(loop, EVERYWHERE)) == "I'm going to go."


@pytest.mark.parametrize(
    "said", ["No, no, no.", "Very very very good.", "Knock knock, knock knock, who is there?"]
)
def test_what_people_repeat_stays(said: str) -> None:
    assert judged([passage(said)], EVERYWHERE) == Judged((passage(said),), ())


def test_words_faster_than_anybody_speaks_are_dropped_and_fast_ones_flagged() -> None:
    text = "one two three four five six seven eight"
    assert judged([passage(text, each=0.05)], EVERYWHERE).passages == ()
    fast = judged([passage(text, each=0.12)], EVERYWHERE)
    assert (text_of(fast), [doubt.dropped for doubt in fast.doubts]) == (text, [False])
    assert judged([passage(text, each=0.2)], EVERYWHERE).doubts == ()


def test_scripts_without_spaces_are_counted_in_characters() -> None:
    text = "春天的咖啡 已经烘焙好了 我们今天 一起来品尝 这杯咖啡"
    assert judged([passage(text, each=0.8)], EVERYWHERE).doubts == ()
    assert judged([passage(text, each=0.05)], EVERYWHERE).passages == ()


def test_what_the_model_itself_takes_for_silence_goes() -> None:
    said = tuple(words("I am a ghost."))
    assert judged([Passage(said, 0.9, -1.4)], EVERYWHERE).passages == ()
    assert judged([Passage(said, 0.9, -0.2)], EVERYWHERE).passages == (Passage(said, 0.9, -0.2),)


def test_a_guess_is_flagged() -> None:
    result = judged([passage("Mumble mumble.", confidence=0.2)], EVERYWHERE)
    assert reasons(result) == [("the model is unsure of it (0.20)", False)]


@given(
    st.lists(
        st.tuples(
            st.text(alphabet="ab .?[]♪字", min_size=1, max_size=6),
            st.floats(0, 50),
            st.floats(0, 2),
            st.floats(0, 1),
        ),
        max_size=60,
    ),
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 20)), max_size=5),
)
def test_whatever_comes_each_word_stays_or_is_told_of(
    given_words: Sequence[tuple[str, float, float, float]], spans: Sequence[tuple[float, float]]
) -> None:
    said = tuple(
        Word(text=text, begin=begin, end=begin + length, confidence=confidence)
        for text, begin, length, confidence in given_words
    )
    result = judged([Passage(said)] if said else [], [Span(b, b + n) for b, n in spans])
    kept = [id(word) for each in result.passages for word in each.words]
    assert kept == [id(word) for word in said if id(word) in set(kept)]
    told = sum(len(doubt.text) for doubt in result.doubts if doubt.dropped)
    assert all(doubt.reason for doubt in result.doubts)
    assert (len(kept) == len(said)) == (told == 0)
    assert [word for run in sentences(said) for word in run] == list(said)
