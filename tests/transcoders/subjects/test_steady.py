"""A crop's path: always in the picture, never jerked, and still where its subject is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcoders.subjects.splines import Span, at, expression, spans
from transcoders.subjects.steady import Bounds, steady

FAST = settings(max_examples=25, deadline=None)
places = st.lists(st.floats(-1, 5, allow_nan=False), min_size=1, max_size=60)


@st.composite
def walks(draw: st.DrawFn) -> np.ndarray:
    """Somebody who goes, stands and jumps about."""
    legs = draw(st.lists(st.tuples(st.floats(0, 4), st.integers(1, 25)), min_size=1, max_size=4))
    found = [
        np.linspace(a, b, n) for (a, n), (b, _) in zip(legs, [*legs[1:], legs[0]], strict=True)
    ]
    noise = np.random.default_rng(draw(st.integers(0, 99))).normal(0, 0.03, sum(map(len, found)))
    return np.concatenate(found) + noise


@FAST
@given(walks(), st.floats(0.0, 0.3), st.floats(0.001, 0.1), st.floats(0.0, 3.0))
def test_a_path_is_in_the_picture_and_its_acceleration_is_bounded(
    seen: np.ndarray, comfort: float, acceleration: float, room: float
) -> None:
    bounds = Bounds(0.5, 0.5 + room, acceleration, comfort)
    path = steady(seen, np.ones(len(seen)), bounds)
    assert len(path) in (1, len(seen))
    assert path.min() >= bounds.low - 1e-9
    assert path.max() <= bounds.high + 1e-9
    assert np.isfinite(path).all()
    if len(path) > 2:
        assert np.abs(np.diff(path, n=2)).max() <= acceleration * (1 + 1e-9)


@FAST
@given(st.floats(0.5, 3.5), st.integers(1, 80), st.integers(0, 1000))
def test_a_subject_that_is_still_has_a_crop_that_is_still(where: float, n: int, seed: int) -> None:
    jitter = np.random.default_rng(seed).uniform(-0.1, 0.1, n)
    path = steady(where + jitter, np.ones(n), Bounds(0.5, 3.5, 0.03, 0.14))
    assert len(path) == 1
    assert path[0] == pytest.approx(where, abs=0.15)


def test_a_false_face_for_a_moment_moves_nothing() -> None:
    seen = np.full(100, 1.0)
    seen[40:42] = 3.0
    assert list(steady(seen, np.ones(100), Bounds(0.5, 3.5, 0.03, 0.14))) == [1.0]


def test_somebody_who_walks_is_followed_and_the_camera_rests_before_and_after() -> None:
    seen = np.concatenate([np.full(25, 0.8), np.linspace(0.8, 2.8, 40), np.full(25, 2.8)])
    path = steady(seen, np.ones(len(seen)), Bounds(0.5, 3.5, 0.032, 0.14))
    assert np.abs(path - seen).max() < 0.2
    moved = np.abs(np.diff(path))
    assert moved[:18].max() < 0.003
    assert moved[-18:].max() < 0.003
    assert np.abs(np.diff(path, n=2)).max() <= 0.032 + 1e-9


def test_where_nobody_knows_the_crop_stays_where_it_was_or_in_the_middle() -> None:
    bounds = Bounds(0.5, 2.5, 0.03, 0.1)
    nobody = steady(np.zeros(9), np.zeros(9), bounds)
    assert list(nobody) == [1.5]
    seen, weights = np.full(9, 2.0), np.ones(9)
    seen[3:6], weights[3:6] = 99.0, 0.0
    assert list(steady(seen, weights, bounds)) == [2.0]


@FAST
@given(places, st.integers(1, 12), st.integers(0, 500))
def test_a_spline_stays_between_its_points_and_bends_no_more_than_they_do(
    points: list[float], step: int, begin: int
) -> None:
    end = begin + (len(points) - 1) * step + 1
    found = spans(points, begin, end, step)
    assert [one.begin for one in found] == [begin, *(one.end for one in found[:-1])]
    assert found[-1].end == end
    frames = np.array([one.at(f) for one in found for f in range(one.begin, one.end)])
    assert frames.min() >= min(points) - 1e-6
    assert frames.max() <= max(points) + 1e-6
    assert frames[0] == pytest.approx(points[0], abs=1e-6)
    bend = float(np.abs(np.diff(points, n=2)).max()) if len(points) > 2 else 0.0
    if len(frames) > 2:
        assert np.abs(np.diff(frames, n=2)).max() <= bend / step**2 * (1 + 1e-6) + 1e-6


def test_an_expression_says_what_the_spline_is_and_is_not_deep() -> None:
    points = [float(n * n % 17) for n in range(450)]
    found = spans(points, 0, 449 * 6 + 1, 6)
    told = expression(found)
    depth = most = 0
    for char in told:
        depth += (char == "(") - (char == ")")
        most = max(most, depth)
    assert (depth, most < 30) == (0, True)
    # As Python has it: its conditional is another.
    code = told.replace("if(", "choose(").replace("lt(", "less(")
    names = {"choose": lambda c, a, b: a if c else b, "less": lambda a, b: a < b}
    for frame in (0, 1, 7, 100, 1333, 2694):
        assert eval(code, {**names, "n": frame}) == pytest.approx(at(points, frame, 6), abs=0.01)


def test_what_stands_still_is_one_number() -> None:
    assert expression(spans([12.0], 0, 900, 6)) == "12.000"
    two = [Span(0, 10, 4.0), Span(10, 20, 8.0)]
    assert expression(two) == "if(lt(n,10),4.000,8.000)"
