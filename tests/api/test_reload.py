"""While it is developed, the API starts again when a source changes, and nobody is turned away."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2 as httpx

from core.settings import Settings
from tests.api.serving import ROOT
from tests.installations import environment


def test_a_change_starts_the_api_again_on_the_same_port(settings: Settings, tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text("")
    command = [sys.executable, "-m", "api.reload", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--watch", str(tmp_path)],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    try:
        # The socket is there before the program behind it, which answers what waits.
        first = _pid(_answered(address), process.pid)
        os.utime(source, ns=(1, 1))
        deadline = time.monotonic() + 30
        while _child(process.pid) in (first, None):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        second = _pid(_answered(address), process.pid)
        assert second != first
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert not Path(f"/proc/{second}").exists()
    finally:
        process.stdout.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answered(address: str) -> httpx.Response:
    return httpx.get(f"{address}/healthz", timeout=30)


def _pid(answer: httpx.Response, parent: int) -> int:
    assert answer.status_code == 200
    found = _child(parent)
    assert found is not None
    return found


def _child(parent: int) -> int | None:
    """The one process that this one has started."""
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return int(text[0]) if text else None
