"""Every hostile file is refused in one clear line or played, within bounds of time and memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.hostile.case import Case
from tests.hostile.clocks import CLOCKS, CUT
from tests.hostile.counts import COUNTS
from tests.hostile.gate import assert_plain, measured
from tests.hostile.pictures import PICTURES
from tests.hostile.strangers import STRANGERS

CORPUS: Final[dict[str, Case]] = {**STRANGERS, **CUT, **CLOCKS, **COUNTS, **PICTURES}
CPU_SECONDS: Final = 15
PEAK_BYTES: Final = 1 << 30


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_file_is_refused_in_one_line_or_played_within_bounds(
    name: str, sample: Callable[[str], Path], tmp_path: Path
) -> None:
    path = tmp_path / "holiday.mp4"
    path.write_bytes(CORPUS[name].make(sample))
    gone = measured(path)
    expected = CORPUS[name].reason
    if expected is None:
        assert gone.probe is not None, gone.reason
        assert 0 < gone.probe.duration_seconds <= 12 * 3600
        length = gone.probe.video[0].duration_seconds
        assert length is None or length <= gone.probe.duration_seconds + 0.1
    else:
        assert gone.reason is not None
        assert any(part in gone.reason for part in expected.split("|")), gone.reason
        assert_plain(gone.reason, path)
    assert gone.cpu_seconds < CPU_SECONDS
    assert gone.peak_bytes < PEAK_BYTES
