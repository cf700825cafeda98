"""Moments: where they begin and end, that they lie apart, and that their points say why."""

import random
from collections.abc import Sequence
from itertools import combinations, pairwise

import pytest

from pipeline.moments import Choice, Curve, Material, choose
from pipeline.moments.edges import beginnings, endings
from pipeline.plan.moment_types import LEAST_SECONDS, MOST_SECONDS, Moment
from pipeline.words.languages import language_of
from pipeline.words.sentences import Sentence

ENGLISH = language_of("en")


def said(text: str, begin: float, end: float) -> Sentence:
    return Sentence(tuple(text.split()), begin, end)


def film(
    seconds: float = 300.0,
    sentences: Sequence[Sentence] = (),
    cuts: Sequence[float] = (),
    loudness: Curve | None = None,
    motion: Curve | None = None,
) -> Material:
    return Material(
        seconds, ENGLISH, sentences, cuts, loudness or Curve(), motion or Curve(), ()
    )  # fmt: skip


def talk(seed: int, seconds: float = 300.0) -> Material:
    """A film with sentences, pauses and cuts at random, some of them in the middle of a word."""
    dice = random.Random(seed)
    at, sentences = dice.uniform(0, 3), []
    words = "coffee water grinder brewing number machine why how people they it and so"
    while at < seconds - 8:
        length = dice.uniform(0.4, 7)
        text = " ".join(dice.choices(words.split(), k=max(1, int(length * 2.5)))) + dice.choice(
            ".?!"
        )
        sentences.append(said(text, at, at + length))
        at += length + dice.choice([0.05, 0.3, 1.5, 4.0])
    cuts = sorted(dice.uniform(0, seconds) for _ in range(dice.randrange(40)))
    times = tuple(range(int(seconds)))
    noise = Curve(times, tuple(dice.uniform(-30, -12) for _ in times))
    return film(seconds, sentences, cuts, noise, noise)


@pytest.mark.parametrize("seed", range(8))
def test_moments_are_15_to_90_s_long_in_the_film_and_never_overlap(seed: int) -> None:
    material = talk(seed)
    found = choose(material, 10).moments
    assert found
    for one in found:
        assert LEAST_SECONDS - 0.002 <= one.seconds <= MOST_SECONDS + 0.002
        assert 0 <= one.begin < one.end <= material.seconds
    for one, other in combinations(found, 2):
        assert one.end <= other.begin or other.end <= one.begin
    points = [one.score.points for one in found]
    assert points == sorted(points, reverse=True)


@pytest.mark.parametrize("seed", range(8))
def test_no_moment_begins_or_ends_while_somebody_speaks(seed: int) -> None:
    material = talk(seed)
    for one in choose(material, 10).moments:
        for at in (one.begin, one.end):
            assert not [s for s in material.sentences if s.begin + 0.001 < at < s.end - 0.001]


def test_a_cut_in_the_silence_beside_a_sentence_is_where_a_moment_begins() -> None:
    sentences = [said("First.", 1, 5), said("Second.", 7, 12), said("Third.", 12.5, 20)]
    cuts = [3.0, 6.4, 12.2, 20.7, 29.0]
    material = film(40, sentences, cuts)
    begins = [(mark.at, mark.edge) for mark in beginnings(material)]
    assert begins == [
        (0.8, "sentence"), (6.4, "sentence and shot"), (12.2, "sentence and shot"),
    ]  # fmt: skip
    ends = [(mark.at, mark.edge) for mark in endings(material)]
    assert ends == [
        (5.4, "sentence"), (12.2, "sentence and shot"), (20.7, "sentence and shot"),
    ]  # fmt: skip


def rules(moment: Moment) -> dict[str, tuple[int, str]]:
    return {rule.name: (rule.points, rule.line) for rule in moment.score.rules}


def filler(begin: float, count: int, gap: float = 0.2) -> list[Sentence]:
    return [
        said("And that is what they did about it there.", begin + n * 4, begin + n * 4 + 4 - gap)
        for n in range(count)
    ]


def test_a_question_and_its_answer_are_found_among_filler_and_say_why() -> None:
    planted = [
        said("Why does grinding coffee late keep its flavour?", 80, 84),
        said("Ground coffee loses half its aroma compounds within 15 minutes.", 84.2, 90),
        said("Coffee beans keep aroma compounds for weeks in a closed jar.", 90.2, 97),
    ]
    material = film(200, [*filler(0, 20), *planted, *filler(100, 20)])
    best = choose(material, 3).moments[0]
    assert best.begin == pytest.approx(79.9, abs=0.2)
    assert best.end == pytest.approx(97.4, abs=0.2)
    why = rules(best)
    points, line = why["opening"]
    assert points == 19
    assert line.endswith("“Why does grinding coffee late keep its flavour?”")
    assert why["stands-alone"][0] == 15
    assert why["substance"][1] == "more of the film's key phrases than is usual in this film"
    assert best.score.points == pytest.approx(
        100 * sum(r.points for r in best.score.rules) / sum(r.of for r in best.score.rules), abs=3
    )


def test_a_loud_and_lively_part_is_best_where_nobody_speaks() -> None:
    times = tuple(float(n) for n in range(120))
    loud = Curve(times, tuple(-12.0 if 60 <= t < 80 else -30.0 for t in times))
    moves = Curve(times, tuple(20.0 if 60 <= t < 80 else 2.0 for t in times))
    choice = choose(film(120, (), [20.0, 40.0, 60.0, 80.0, 100.0], loud, moves), 3)
    assert choice.how.startswith("nobody speaks for long enough")
    best = choice.moments[0]
    assert (best.begin, best.end, best.begins_with, best.ends_with) == (60, 80, "shot", "shot")
    assert rules(best)["loudness"][1] == "more loudness than is usual in this film"


def test_a_silent_film_of_one_long_shot_is_parted_at_calm_places() -> None:
    choice = choose(film(200), 4)
    assert len(choice.moments) >= 2
    assert all(15 <= one.seconds <= 90 for one in choice.moments)


@pytest.mark.parametrize("seconds", [0.04, 3.0, 14.9])
def test_a_film_shorter_than_a_moment_is_one_itself_and_says_so(seconds: float) -> None:
    choice: Choice = choose(film(seconds, [said("Hello.", 0, seconds)]), 5)
    (only,) = choice.moments
    assert only.begin == 0
    assert only.end == pytest.approx(seconds, abs=0.001)
    assert "shorter than 15 s" in choice.how


def test_many_hours_of_talk_are_judged_in_seconds() -> None:
    sentences = [said("We measured the water again and again.", n * 3, n * 3 + 2.8)
                 for n in range(6_000)]  # fmt: skip
    choice = choose(film(18_000, sentences), 10)
    assert len(choice.moments) == 10
    assert choice.candidates < 200_000
    for one, other in pairwise(sorted(choice.moments, key=lambda m: m.begin)):
        assert one.end <= other.begin
