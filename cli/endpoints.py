"""Finding the installation that runs on a data folder, or starting one for a while."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from core.embedded.folders import data_folder
from core.embedded.logs import LogPump
from core.embedded.processes import signal_group, spawn
from core.embedded.secrets import write_private
from core.errors import Conflict, Unavailable

LOCK = "supervisor.lock"
ENDPOINTS = "endpoints.json"
FIRST_PORT = 8000
_START_SECONDS = 180.0
_STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a running installation answers; `pid` is its supervisor's."""

    pid: int
    api: str
    token: str
    database_url: str
    database_admin_url: str | None
    redis_url: str
    storage_url: str
    storage_kms_key: str | None = None
    links: str | None = None  # what links in mails begin with, where PUBLIC_URL does not say


def write_endpoints(data_dir: Path, endpoints: Endpoints) -> None:
    """Tells other commands where the installation is; the file holds passwords: 0600."""
    write_private(data_dir / ENDPOINTS, json.dumps(asdict(endpoints), indent=2) + "\n")


def read_endpoints(data_dir: Path) -> Endpoints | None:
    """What the file says; it may be of an installation that has since been killed."""
    try:
        found = json.loads((data_dir / ENDPOINTS).read_text())
        known = {field.name for field in fields(Endpoints)}
        return Endpoints(**{name: value for name, value in found.items() if name in known})
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return None


def lock_installation(data_dir: Path) -> int:
    """Takes the lock that a supervisor holds for its life; raises Conflict if one runs."""
    lock = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        endpoints = read_endpoints(data_dir)
        where = f" (pid {endpoints.pid}) at {endpoints.api}" if endpoints else " and starting"
        raise Conflict(f"already running{where}") from None
    return lock


def running_installation(data_dir: Path, *, patience: float = 60.0) -> Endpoints | None:
    """The installation that runs on `data_dir`, or None.

    Waits up to `patience` seconds for one that is just starting; raises Unavailable after that.
    """
    deadline = time.monotonic() + patience
    while _is_locked(data_dir):
        if endpoints := read_endpoints(data_dir):
            return endpoints
        if time.monotonic() > deadline:
            raise Unavailable(f"the installation on {data_dir} does not finish starting")
        time.sleep(0.05)
    return None


@contextmanager
def start_installation(data_dir: Path, *, workers: int | None = None) -> Iterator[Endpoints]:
    """Runs an installation of our own on `data_dir` for the length of the block.

    It ends with the calling process, however that ends. Raises Unavailable if it does not start.
    """
    command = [sys.executable, "-m", "cli.main", "up", "--data", str(data_dir), "--port", "0"]
    command.append("--no-tell-token")
    if workers is not None:
        command += ["--workers", str(workers)]
    said: list[str] = []
    pump = LogPump()
    data_folder(data_dir)
    output = pump.open(data_dir / "logs" / "up.log", said.append)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    # Its port is gone before anybody reads a mail: links lead to where `automator up` will listen.
    environment.setdefault("LOCAL_URL", f"http://127.0.0.1:{FIRST_PORT}")
    supervisor = spawn(command, death_signal=signal.SIGTERM, output=output, env=environment)
    os.close(output)
    try:
        yield _wait_for(supervisor, data_dir, said)
    finally:
        signal_group(supervisor.pid, signal.SIGTERM)
        try:
            supervisor.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()
        pump.close()


def _wait_for(supervisor: subprocess.Popen[bytes], data_dir: Path, said: list[str]) -> Endpoints:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        endpoints = read_endpoints(data_dir)
        if endpoints is not None and endpoints.pid == supervisor.pid:
            return endpoints
        if supervisor.poll() is not None:
            time.sleep(0.1)  # its last words are on their way through the pipe
            reason = said[-1].removeprefix("automator: ") if said else "it says nothing"
            raise Unavailable(f"the installation did not start: {reason}")
        time.sleep(0.02)
    raise Unavailable("the installation did not start in time: see its logs")


def _is_locked(data_dir: Path) -> bool:
    try:
        lock = os.open(data_dir / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
