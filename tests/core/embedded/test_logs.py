"""Children print as much as they like; their logs stay small."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.embedded import logs
from core.embedded.logs import LogPump


def run(output: int, code: str) -> None:
    subprocess.run([sys.executable, "-c", code], stdout=output, stderr=output, check=True)
    os.close(output)


def test_what_children_print_is_in_their_files_once_the_pump_is_closed(tmp_path: Path) -> None:
    pump = LogPump()
    lines: list[str] = []
    run(pump.open(tmp_path / "a.log", lines.append), "print('one'); print('two')")
    run(pump.open(tmp_path / "b.log"), "print('three')")
    pump.close()
    assert (tmp_path / "a.log").read_text() == "one\ntwo\n"
    assert (tmp_path / "b.log").read_text() == "three\n"
    assert lines == ["one", "two"]
    assert (tmp_path / "a.log").stat().st_mode & 0o077 == 0


def test_a_log_never_grows_beyond_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 100_000)
    pump = LogPump()
    run(pump.open(tmp_path / "a.log"), "for i in range(100_000): print(i)")
    pump.close()
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["a.log", "a.log.1", "a.log.2"]
    assert all(path.stat().st_size <= 100_000 for path in files)
    assert (tmp_path / "a.log").read_text().endswith("99999\n")


def test_a_line_in_pieces_is_seen_whole(tmp_path: Path) -> None:
    pump = LogPump()
    lines: list[str] = []
    code = (
        "import os, time\nfor part in (b'a', b'b\\nc', b'\\n'): os.write(1, part); time.sleep(.05)"
    )
    run(pump.open(tmp_path / "a.log", lines.append), code)
    pump.close()
    assert lines == ["ab", "c"]


@pytest.mark.parametrize("lost", ["deleted", "moved", "its folder too"])
def test_a_log_that_somebody_takes_away_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 100_000)
    pump = LogPump()
    log = tmp_path / "logs" / "a.log"
    output = pump.open(log)
    os.write(output, b"before\n")
    while not log.exists() or log.stat().st_size == 0:
        time.sleep(0.01)
    if lost == "moved":
        log.rename(log.with_name("old.log"))
    else:
        log.unlink()
    if lost == "its folder too":
        log.parent.rmdir()
    run(output, "for i in range(30_000): print(i)")
    pump.close()
    assert log.read_text().endswith("29999\n")
    assert {"a.log", "a.log.1"} <= {path.name for path in log.parent.iterdir()}
