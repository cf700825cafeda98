"""Damage of any kind ends in a probe or in a reason, never in another error or in a long wait."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.hostile.gate import assert_plain, measured

_KINDS: Final = ("tiny.mov", "fragments.mp4", "tiny.mkv", "tiny.ts", "old.avi")
_CPU_SECONDS: Final = 15
# Heads and indexes are where damage has consequences.
_PLACES: Final = st.one_of(st.integers(0, 900), st.integers(-3000, -1), st.integers(0, 1 << 20))
_FLIPS: Final = st.lists(st.tuples(_PLACES, st.integers(0, 255)), min_size=1, max_size=40)
_KEPT: Final = st.one_of(st.just(1.0), st.floats(0.0, 1.0))

_common = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def survives(data: bytes, flips: Sequence[tuple[int, int]], kept: float, path: Path) -> None:
    damaged = bytearray(data)
    for place, value in flips:
        damaged[place % len(damaged)] = value
    path.write_bytes(damaged[: int(len(damaged) * kept)])
    gone = measured(path)
    assert gone.cpu_seconds < _CPU_SECONDS
    if gone.reason is not None:
        assert_plain(gone.reason, path)


@settings(_common, max_examples=30)
@given(kind=st.sampled_from(_KINDS), flips=_FLIPS, kept=_KEPT)
def test_damaged_files_are_refused_or_played(
    kind: str,
    flips: list[tuple[int, int]],
    kept: float,
    sample: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    survives(sample(kind).read_bytes(), flips, kept, tmp_path / "holiday.mp4")


@pytest.mark.long
@pytest.mark.timeout(1200)
@settings(_common, max_examples=1000)
@given(kind=st.sampled_from(_KINDS), flips=_FLIPS, kept=_KEPT)
def test_many_more_damaged_files_are_refused_or_played(
    kind: str,
    flips: list[tuple[int, int]],
    kept: float,
    sample: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    survives(sample(kind).read_bytes(), flips, kept, tmp_path / "holiday.mp4")
