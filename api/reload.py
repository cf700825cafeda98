"""`python -m api.reload --host H --port N`: the API, started again whenever a source changes.

For development. It is the same program as ever, on a socket that stays open in between: whoever
asks meanwhile is answered a moment later, by the new code.
"""

import argparse
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

_LOOK_SECONDS = 0.25
_STOP_SECONDS = 5.0
_BACKLOG = 2048
_SOURCES = Path(__file__).parents[1]
_PACKAGES = ("api", "core", "models", "pipeline", "services")


def main() -> NoReturn:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m api.reload")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0: one that is free")
    parser.add_argument("--watch", type=Path, action="append", help="a folder; [our packages]")
    arguments = parser.parse_args()
    folders = arguments.watch or [_SOURCES / name for name in _PACKAGES]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with socket.create_server((arguments.host, arguments.port), backlog=_BACKLOG) as listener:
        host, port = listener.getsockname()[:2]
        _say(f"http://{host}:{port}")
        known = stamps(folders)
        child = _start(listener)
        try:
            while True:
                time.sleep(_LOOK_SECONDS)
                now = stamps(folders)
                if now != known:
                    known = now
                    _say("a source has changed: starting again")
                    _stop(child)
                    child = _start(listener)
        except KeyboardInterrupt:
            sys.exit(0)
        finally:
            _stop(child)


def stamps(folders: Iterable[Path]) -> dict[Path, int]:
    """When each source was last written; one that has just gone is not there."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*.py"):
            try:
                found[path] = path.stat().st_mtime_ns
            except OSError:
                continue
    return found


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _start(listener: socket.socket) -> subprocess.Popen[bytes]:
    number = listener.fileno()
    command = [sys.executable, "-m", "api", "--fd", str(number)]
    return subprocess.Popen(command, cwd=_SOURCES, pass_fds=[number])


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


if __name__ == "__main__":
    main()
