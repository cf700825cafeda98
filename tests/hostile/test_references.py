"""Nothing that a file names is opened, be it refused or played; the baits are seen to be real."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile.canary import Canary
from tests.hostile.gate import assert_plain, passed
from tests.hostile.references import REFERRING, Target
from transcoders.tools import get_tools

Sample = Callable[[str], Path]


def bait(name: str, canary: Canary, sample: Sample, folder: Path) -> Path:
    path = folder / "holiday.mp4"
    target = Target(str(canary.file), canary.url)
    path.write_bytes(REFERRING[name].make(target, sample))
    return path


@pytest.mark.usefixtures("without_namespaces")
@pytest.mark.parametrize("name", REFERRING)
def test_what_refers_to_others_reaches_nothing_even_with_the_machines_network(
    name: str, canary: Canary, sample: Sample, tmp_path: Path
) -> None:
    path = bait(name, canary, sample, tmp_path)
    gone = passed(path)
    canary.assert_untouched(*gone.said)
    expected = REFERRING[name].reason
    if expected is None:
        assert gone.probe is not None, gone.reason
    else:
        assert gone.reason is not None
        assert any(part in gone.reason for part in expected.split("|")), gone.reason
        assert_plain(gone.reason, path)


@pytest.mark.parametrize("name", [name for name, each in REFERRING.items() if each.follow])
def test_a_careless_ffmpeg_follows_these_references(
    name: str, canary: Canary, sample: Sample, tmp_path: Path
) -> None:
    path = bait(name, canary, sample, tmp_path)
    options = REFERRING[name].follow or ()
    subprocess.run(
        [str(get_tools().ffmpeg), "-nostdin", "-v", "error", *options, "-i", str(path),
         "-f", "null", "-"],
        capture_output=True,
        timeout=30,
    )  # fmt: skip
    assert canary.opened() or canary.fetched
