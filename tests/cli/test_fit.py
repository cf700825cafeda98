"""`automator fit`: a file comes out that is taken, or a line says why none does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.media_samples import Sample, sample

__all__ = ["sample"]

ROOT = Path(__file__).parents[2]


def automator(*arguments: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "fit", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def test_a_file_is_made_and_told_of_and_taken_the_next_time(sample: Sample, tmp_path: Path) -> None:
    out = tmp_path / "reel.mp4"
    made = automator(sample("silent.mp4"), "--network", "instagram", "-o", out, "--json")
    assert made.returncode == 0, made.stderr
    document = told(made)
    assert document["action"] == "remux"
    assert [each["field"] for each in document["refused"]] == ["index_first"]
    assert document["file"] == str(out)
    assert [path.name for path in tmp_path.iterdir()] == ["reel.mp4"]

    again = automator(out, "--network", "instagram", "--dry-run")
    assert again.returncode == 0
    assert again.stdout == f"{out} is taken as it is\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--network", "facebook", "--placement", "reel"), 1, "blocked  Facebook: the length is 2"),
        (("--network", "x", "--placement", "image"), 1, "no placement for a film"),
        (("--network", "x", "--background", "red"), 1, "a background is a colour"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    sample: Sample, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = automator(sample("pq.mp4"), *arguments, "-o", tmp_path / "out.mp4")
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert not list(tmp_path.iterdir())
