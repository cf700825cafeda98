"""Whom a crop shows: everybody who fits, two in halves, else who talks, with cuts between them."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from transcoders.subjects.following import MOST_ACCELERATION, pieces, shots
from transcoders.subjects.looking import Face, Look
from transcoders.subjects.wanted import Piece, Request, Shape

TALL, SQUARE = Shape("9:16", 1080, 1920), Shape("1:1", 1080, 1080)
GREY = np.full((64, 64, 3), 90, np.uint8)
QUIET = np.zeros((12, 12), np.float32)


def asked(frames: int, cuts: Sequence[int] = (), size: tuple[int, int] = (1920, 1080)) -> Request:
    return Request("", 6, frames, 30.0, *size, tuple(cuts), (TALL,))


def face(x: float, y: float = 0.4, side: float = 0.1, mouth: np.ndarray | None = None) -> Face:
    down = side * 16 / 9
    return Face(x - side / 2, y - down / 2, side, down, 0.9, mouth)


def seen(count: int, who: Callable[[int], Sequence[Face]]) -> list[Look]:
    return [Look(tuple(who(n)), GREY) for n in range(count)]


def cut_out(
    looks: list[Look], shape: Shape = TALL, cuts: Sequence[int] = (), **more: tuple[int, int]
) -> tuple[Piece, ...]:
    request = asked(len(looks) * 6, cuts, **more)
    found = pieces(request, shape, shots(request, looks))
    assert [one.begin for one in found] == [0, *(one.end for one in found[:-1])]
    assert found[-1].end == request.frames
    for piece in found:
        for window in piece.windows:
            assert 0 <= min(window.x) <= max(window.x) <= request.width - window.width
            assert 0 <= min(window.y) <= max(window.y) <= request.height - window.height
            bound = MOST_ACCELERATION * window.width * 0.2**2
            assert len(window.x) < 3 or np.abs(np.diff(window.x, n=2)).max() <= bound + 0.05
    return found


def test_a_still_face_is_in_the_middle_of_a_crop_that_never_moves() -> None:
    dice = np.random.default_rng(1)
    (only,) = cut_out(seen(50, lambda n: [face(0.7 + dice.uniform(-0.01, 0.01))]))
    assert only.seen == "faces"
    (window,) = only.windows
    assert (window.width, window.height, window.y) == (606, 1080, (0.0,))
    assert len(window.x) == 1
    assert window.x[0] + 303 == pytest.approx(0.7 * 1920, abs=30)


def test_a_face_that_crosses_the_picture_is_followed() -> None:
    (only,) = cut_out(seen(80, lambda n: [face(0.2 + 0.6 * min(1, max(0, (n - 20) / 40)))]))
    x = np.array(only.windows[0].x)
    assert x[0] + 303 == pytest.approx(0.2 * 1920, abs=80)
    assert x[-1] + 303 == pytest.approx(0.8 * 1920, abs=80)


def test_at_a_cut_the_crop_jumps_and_does_not_pan() -> None:
    one, other = cut_out(
        seen(40, lambda n: [face(0.2 if n < 20 else 0.8)]), cuts=[120]
    )  # fmt: skip
    assert (one.end, other.begin) == (120, 120)
    assert (len(one.windows[0].x), len(other.windows[0].x)) == (1, 1)
    assert other.windows[0].x[0] - one.windows[0].x[0] > 900


def test_two_people_who_fit_are_shown_together_and_those_who_do_not_in_halves() -> None:
    looks = seen(40, lambda n: [face(0.25), face(0.75)])
    (split,) = cut_out(looks)
    upper, lower = split.windows
    assert (upper.width, upper.height) == (lower.width, lower.height)
    assert upper.width / upper.height == pytest.approx(1080 / 960, abs=0.02)
    for window, at in ((upper, 0.25), (lower, 0.75)):
        assert window.x[0] < (at - 0.05) * 1920
        assert window.x[0] + window.width > (at + 0.05) * 1920
    (together,) = cut_out(seen(40, lambda n: [face(0.42), face(0.6)]), SQUARE)
    assert len(together.windows) == 1
    left = together.windows[0].x[0]
    assert left < 0.36 * 1920 < 0.66 * 1920 < left + 1080


def test_of_three_people_who_talks_is_shown_and_the_picture_cuts_to_the_next() -> None:
    dice = np.random.default_rng(2)

    def people(n: int) -> list[Face]:
        speaker = 0 if n < 40 else 2
        noise = [dice.normal(0, 1.5, (12, 12)).astype(np.float32) for _ in range(3)]
        mouths = [noise[k] if k == speaker else QUIET for k in range(3)]
        return [face(x, mouth=mouths[k]) for k, x in enumerate((0.15, 0.5, 0.85))]

    one, other = cut_out(seen(80, people))
    assert one.end == pytest.approx(40 * 6, abs=36)
    assert one.windows[0].x[0] < 200
    assert other.windows[0].x[0] > 1100


def test_who_stands_far_behind_is_no_subject() -> None:
    (only,) = cut_out(seen(30, lambda n: [face(0.3, side=0.12), face(0.9, side=0.03)]))
    assert len(only.windows) == 1
    assert only.windows[0].x[0] + 303 == pytest.approx(0.3 * 1920, abs=30)


def test_a_thing_on_a_plain_ground_is_found_without_a_face() -> None:
    thing = GREY.copy()
    thing[24:40, 44:56] = (220, 30, 30)
    looks = [Look((), thing) for _ in range(20)]
    (only,) = cut_out(looks)
    assert only.seen == "saliency"
    assert len(only.windows[0].x) == 1
    assert only.windows[0].x[0] + 303 == pytest.approx(50 / 64 * 1920, abs=60)


def test_a_picture_that_has_the_shape_is_taken_whole() -> None:
    (only,) = cut_out(seen(20, lambda n: [face(0.2)]), size=(1080, 1920))
    assert only.seen == "whole"
    assert (only.windows[0].x, only.windows[0].y) == ((0.0,), (0.0,))
    (square,) = cut_out(seen(20, lambda n: [face(0.5, 0.2)]), SQUARE, size=(1080, 1920))
    window = square.windows[0]
    assert (window.width, window.height, window.x) == (1080, 1080, (0.0,))
    assert window.y[0] == 0.0


def test_shots_shorter_than_a_look_and_none_at_all_are_shown() -> None:
    found = cut_out(seen(5, lambda n: [face(0.3)] if n else []), cuts=[2, 3, 27, 29])
    assert [piece.begin for piece in found] == [0, 2, 3, 27, 29]
