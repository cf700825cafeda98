"""What goes wrong is said in one line, whatever it is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEAD = "postgresql://nobody:hunter2@127.0.0.1:1/nothing"


@pytest.mark.parametrize(
    ("arguments", "environment", "reason"),
    [
        (("runs", "list"), {"DATABASE_URL": DEAD}, "Connection refused"),
        (("runs", "list"), {"DATABASE_URL": "hunter2"}, "URL"),
        (("runs", "list"), {"WORKERS": "abc"}, "WORKERS: "),
        (("runs", "list"), {"CELLS": "hunter2"}, "CELLS cannot be read"),
        (
            ("restore", "/nowhere/file"),
            {"DATABASE_URL": DEAD},
            "/nowhere/file cannot be read: No such file",
        ),
        (("queues", "list"), {"DATABASE_URL": DEAD}, "Connection refused"),
    ],
)
def test_a_failure_is_one_line(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], reason: str
) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments, "--data", str(tmp_path / "data")],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("automator: ")
    assert reason in line
    assert "hunter2" not in line
