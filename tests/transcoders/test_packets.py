"""What packets tell: the rate and whether it is constant, groups of pictures, places to seek to."""

import random
from fractions import Fraction
from itertools import accumulate, pairwise

import pytest

from core.process import LimitReached
from transcoders import packets, rates
from transcoders.layout import Layout
from transcoders.packets import (
    PacketReader,
    Packets,
    longest_gop,
    longest_seen_gop,
    look_step,
    runs,
    seek_index,
)
from transcoders.rates import rate_of


def packets_of(*lines: str) -> PacketReader:
    reader = PacketReader()
    for line in lines:
        reader.line(line)
    return reader


def steady(rate: Fraction, frames: int, digits: int = 9) -> list[float]:
    return [round(float(n / rate), digits) for n in range(frames)]


def paced(steps: list[float]) -> list[float]:
    return list(accumulate(steps, initial=0.0))


@pytest.mark.parametrize("digits", [9, 3])
@pytest.mark.parametrize(
    "rate",
    [
        Fraction(24000, 1001),
        Fraction(25),
        Fraction(30000, 1001),
        Fraction(30),
        Fraction(60000, 1001),
    ],
)
def test_a_constant_rate_is_told_exactly_even_from_rounded_times(
    rate: Fraction, digits: int
) -> None:
    assert rate_of([steady(rate, 200, digits)], None) == (rate, True)


def test_of_a_short_clip_with_rounded_times_the_rate_is_the_one_that_it_names() -> None:
    rate = Fraction(30000, 1001)
    assert rate_of([steady(rate, 12, 3)], rate) == (rate, True)


@pytest.mark.parametrize(
    ("steps", "rate"),
    [
        # A phone in the dusk: most frames at 30 a second, some at 24.
        ([1 / 30] * 80 + [1 / 24] * 20, Fraction(30)),
        # A recorder of screens that drops what does not change.
        ([1 / 60] * 60 + [1.5] + [1 / 60] * 60 + [0.5], Fraction(60)),
        # Film with repeated fields: 24000/1001 in frames of two or three fields.
        ([1001 / 30000, 1001 / 20000] * 60, Fraction(24000, 1001)),
        # A browser's camera: times as they came.
        ([0.031, 0.036, 0.033, 0.035, 0.030, 0.035] * 30, Fraction(30)),
    ],
)
def test_a_variable_rate_is_that_of_most_frames(steps: list[float], rate: Fraction) -> None:
    found, constant = rate_of([paced(steps)], Fraction(17))
    assert found == rate
    assert not constant


@pytest.mark.parametrize(
    ("times", "told", "expected"),
    [
        ([0.0], Fraction(25), (Fraction(25), True)),
        ([], None, (None, False)),
        ([0.0, 0.0, 0.0], Fraction(25), (Fraction(25), True)),
        (steady(Fraction(12800), 50), None, (None, False)),
        (steady(Fraction(2), 50), None, (Fraction(2), False)),
        ([0.0, 39_600.0], None, (None, False)),
    ],
)
def test_a_rate_that_cannot_be_is_none(
    times: list[float], told: Fraction | None, expected: tuple[Fraction | None, bool]
) -> None:
    assert rate_of([times], told) == expected


def test_keyframes_off_the_grid_give_a_variable_rate_away() -> None:
    assert rates.on_grid([(0.4 + n * 2.002, n) for n in range(100)], Fraction(30000, 1001))
    assert not rates.on_grid([(0.0, 0), (2.0, 1), (4.017, 2)], Fraction(30))


@pytest.mark.parametrize(
    ("lines", "longest"),
    [
        ([], None),
        (["N/A,K__"], None),
        (["0.0,K__", "0.5,___", "1.0,K__", "1.5,___"], 1.0),
        (["0.0,K__", "2.0,___", "1.0,___", "3.0,___"], 3.0),
        (["1.0,___", "2.0,___"], None),
    ],
)
def test_the_longest_group_is_found(lines: list[str], longest: float | None) -> None:
    whole = [f"0,{line.replace(',', ',0.5,100,')}" for line in lines]
    assert longest_gop(packets_of(*whole).of(0)) == longest


def test_looks_never_overstate_a_group_and_understate_it_by_less_than_a_step() -> None:
    chance = random.Random(7)
    for _ in range(200):
        seconds = 400.0
        step = look_step(seconds)
        keys = paced([chance.uniform(0.5, 14) for _ in range(25)])
        # Some lie where a look is, but for its rounding.
        keys = [round(key / step) * step + 7e-5 if chance.random() < 0.3 else key for key in keys]
        keys = sorted({0.0, *keys})
        looked = Packets()
        for number in range(int(seconds / step) + 1):
            key = max(time for time in keys if time <= round(number * step + 5e-4, 3))
            looked.add(key, 0.04, 0, key=True)
        true = max(b - a for a, b in pairwise(keys))
        found = longest_seen_gop(looked, 0.0, seconds)
        assert found is not None
        assert true - step - 0.004 <= found <= true + 0.001


def test_only_frames_that_follow_each_other_are_compared() -> None:
    head, tail = steady(Fraction(25), 25 * 14), [90 + time for time in steady(Fraction(25), 50)]
    reader = packets_of(
        *(f"0,{time},0.04,{place},___" for place, time in enumerate(head) if time < 12),
        *(f"0,{time},0.04,{10_000 + place},___" for place, time in enumerate(tail)),
    )
    found = runs(reader.of(0), whole=False, to_end=True)
    assert [len(run) for run in found] == [300 - 16, 50]
    assert rate_of(found, None) == (Fraction(25), True)


def test_what_an_edit_list_cuts_off_does_not_count() -> None:
    reader = packets_of("0,-0.04,0.04,48,KD_,Skip Samples", "0,0.0,0.04,99,K__")
    assert list(reader.of(0).times) == [0.0]
    assert not reader.encrypted
    assert packets_of("0,0.0,0.04,99,K__,Encryption info").encrypted


def test_packets_without_end_are_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "MOST_PACKETS", 10)
    with pytest.raises(LimitReached):
        packets_of(*["0,1.0,0.04,1,K__"] * 11)


def test_an_index_has_keyframes_a_few_seconds_apart_from_the_beginning_of_the_file() -> None:
    keys = [(1.4 + 2.0 * n, 1000 + 5_000_000 * n) for n in range(60)]
    index = seek_index(keys, 1.4, Layout(1000, 400_000_000))
    assert index is not None
    assert [point.seconds for point in index.points[:3]] == [0.0, 6.0, 12.0]
    assert index.points[1].offset == 15_001_000
    assert (index.begin, index.end, index.ordered) == (1000 + (1 << 20), 400_000_000, True)


@pytest.mark.parametrize(
    ("keys", "layout"),
    [
        ([(0.0, 2000), (6.0, 1000), (12.0, 3000)], Layout(0, 9000)),
        ([(0.0, 1000), (6.0, 2000), (12.0, 30_000)], Layout(0, 9000)),
        ([(0.0, 1000), (6.0, 2000), (12.0, 3000)], Layout(0, 9000, separate=True)),
    ],
)
def test_a_part_in_time_is_no_part_of_a_file_that_is_stored_in_disorder(
    keys: list[tuple[float, int]], layout: Layout
) -> None:
    index = seek_index(keys, 0.0, layout)
    assert index is not None
    assert not index.ordered


def test_a_matroska_is_entered_at_clusters_that_begin_with_a_keyframe() -> None:
    layout = Layout(100, 3100, pieces=((100, 1100), (1100, 2100), (2100, 3100)))
    index = seek_index([(0.0, 120), (6.0, 1500), (12.0, 2110)], 0.0, layout)
    assert index is not None
    assert [(point.seconds, point.offset) for point in index.points] == [(0.0, 100), (12.0, 2100)]
