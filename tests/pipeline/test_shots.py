"""The stage `shots`, run by itself, and the file that others read."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from core.errors import Rejected
from core.renditions import Grid
from pipeline.plan.shots import Shot, Shots, Transition, read
from pipeline.stages.shots import listed
from tests.media_samples import CLIP
from transcoders.shots import asking
from transcoders.shots.wanted import Change
from transcoders.tools import get_tools


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


# Of the demo's film: a bird on a branch, the mouth of a cave, both still enough.
_BIRD, _CAVE = "-ss 11.2 -t 2", "-ss 15.3 -t 3"
_EACH: Final = "fps=25,scale=320:180,setsar=1,settb=1/25,setpts=N"
JOINED: Final = {
    "a cut": (
        "[a][b]concat",
        [(Transition.CUT, 2.0, 2.0)],
    ),
    "a dissolve": (
        "[a][b]xfade=transition=fade:duration=0.8:offset=1.2",
        [(Transition.DISSOLVE, 1.2, 2.0)],
    ),
    "a fade": (
        "[a][b]xfade=transition=fadeblack:duration=0.8:offset=1.2",
        [(Transition.FADE, 1.2, 2.0)],
    ),
    "a flash": ("[b]nullsink;[a]drawbox=color=white:t=fill:enable='between(n,24,25)'", []),
}


@pytest.fixture
def joined(tmp_path: Path) -> Callable[[str, int], list[Change]]:
    """What is found in two shots that are joined in one way; seconds in place of frames."""

    def find(how: str, rate: int) -> list[Change]:
        path = tmp_path / "film.mp4"
        argv = f"-nostdin -v error -y {_BIRD} -i CLIP {_CAVE} -i CLIP -filter_complex GRAPH -an"
        graph = f"[0:v]{_EACH}[a];[1:v]{_EACH}[b];{how},fps={rate}"
        words = [
            {"CLIP": str(CLIP), "GRAPH": graph}.get(word, word)
            for word in f"{argv} -c:v libx264 -preset ultrafast -crf 18".split()
        ]
        subprocess.run([str(get_tools().ffmpeg), *words, str(path)], check=True)
        found = asking.changes(get_tools(), [path], rate, tmp_path)
        assert [one.name for one in tmp_path.iterdir()] == ["film.mp4"]
        return [
            replace(one, **{
                name: getattr(one, name) / rate for name in ("frame", "begin", "end")
            })
            for one in found.changes
        ]  # fmt: skip

    return find


# At 60 a film of 25 has every frame twice or three times.
@pytest.mark.parametrize(("how", "rate"), [*((how, 25) for how in JOINED), ("a cut", 60)])
def test_a_change_of_shot_is_found_where_it_is_and_called_what_it_is(
    joined: Callable[[str, int], list[Change]], how: str, rate: int
) -> None:
    graph, wanted = JOINED[how]
    found = joined(graph, rate)
    assert [one.kind for one in found] == [kind for kind, _, _ in wanted]
    for one, (kind, begin, end) in zip(found, wanted, strict=True):
        assert begin - 0.05 <= one.frame <= end + 0.05
        assert one.begin == pytest.approx(begin, abs=0.01 if kind is Transition.CUT else 0.35)
        assert one.end == pytest.approx(end, abs=0.01 if kind is Transition.CUT else 0.35)
        assert 0.5 <= one.score <= 1


def test_changes_become_shots_that_meet() -> None:
    grid = Grid(rate="30000/1001", frames=300, gop_frames=60)
    found = listed((Change(30, 30, 30, "cut", 0.9), Change(120, 110, 131, "dissolve", 0.6)), grid)
    assert found.cuts == (1.001, 4.004)
    assert [one.transition for one in found.shots] == ["none", "cut", "dissolve"]
    assert found.transitions == ((1.001, 1.001), (3.670333, 4.371033))
    assert found.clear(1) == (1.001, 3.670333)
    assert found.clear(2) == (4.371033, grid.seconds)
    assert Shots.model_validate_json(found.model_dump_json()) == found


def test_a_film_without_a_change_is_one_shot() -> None:
    grid = Grid(rate="25/1", frames=1, gop_frames=50)
    (only,) = listed((), grid).shots
    assert (only.start, only.end, only.transition) == (0, 0.04, Transition.NONE)
