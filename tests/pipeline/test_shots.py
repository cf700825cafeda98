"""The stage `shots`, run by itself, and the file that others read."""

from itertools import pairwise
from pathlib import Path

import pytest

from core.errors import Rejected
from pipeline.plan.shots import Shot, Shots, Transition, read


def shots(*bounds: float) -> Shots:
    return Shots(
        seconds=bounds[-1],
        frame_rate="25/1",
        made_by="test",
        shots=tuple(
            Shot(start=start, end=end, transition=Transition.CUT if start else Transition.NONE)
            for start, end in pairwise(bounds)
        ),
    )


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "shots.json"
    path.write_text(shots(0, 1.5, 9.04).model_dump_json())
    found = read(path)
    assert found == shots(0, 1.5, 9.04)
    assert found.cuts == (1.5,)
    assert [one.seconds for one in found.shots] == [1.5, pytest.approx(7.54)]


@pytest.mark.parametrize("bounds", [(0, 2, 1, 3), (1, 3), (0, 0), (0, float("nan"))])
def test_shots_cover_the_film_once(bounds: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"shots|shot is over|greater than|finite"):
        shots(*bounds)


@pytest.mark.parametrize("written", ["", "{}", "[1]", '{"seconds": 9, "shots": []}', "\x00"])
def test_another_file_is_refused(tmp_path: Path, written: str) -> None:
    path = tmp_path / "shots.json"
    path.write_text(written)
    with pytest.raises(Rejected, match="the list of shots cannot be read"):
        read(path)
