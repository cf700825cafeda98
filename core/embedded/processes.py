"""Starting programs that die with us, and finding those that a former life left behind."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.errors import Misconfigured

_CHILD = Path(__file__).with_name("child.py")
_NOBODY = 65534
_MAPPED = ("unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}")


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom a program runs: a user id on this machine, and what to put before its command."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()


def own_identity() -> Identity:
    """The user that we are ourselves."""
    return Identity(os.geteuid(), os.getegid())


def unprivileged_identity(*paths: Path) -> Identity:
    """A user whom PostgreSQL accepts (not root, known by name) and who reaches `paths`.

    Raises Misconfigured where the machine allows none.
    """
    if os.geteuid() != 0:
        if _has_name(os.geteuid()):
            return own_identity()
    elif _has_name(_NOBODY) and all(_open_to_all(path) for path in paths):
        return Identity(_NOBODY, pwd.getpwuid(_NOBODY).pw_gid)
    if _has_name(_NOBODY) and _can_map_users():
        return Identity(os.geteuid(), os.getegid(), _MAPPED)
    raise Misconfigured(
        "PostgreSQL runs neither as root nor as a user without a name, and this machine allows no"
        " user namespaces: run as an ordinary user, or make every folder above "
        + " and ".join(str(path) for path in paths)
        + " open to others (chmod o+x), or set DATABASE_URL"
    )


def spawn(
    command: Sequence[str],
    *,
    identity: Identity | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    output: int,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    descriptors: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Starts `command` in its own session; it gets `death_signal` when the calling thread ends.

    Call it from the main thread. `output` is a file descriptor for stdout and stderr;
    `descriptors` are open in it under the same numbers.
    """
    who = identity or own_identity()
    launcher = [sys.executable, "-I", "-S", str(_CHILD)]
    numbers = [str(os.getpid()), str(int(death_signal)), str(who.uid), str(who.gid)]
    return subprocess.Popen(
        [*launcher, *numbers, "--", *who.prefix, *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=dict(env) if env is not None else None,
        pass_fds=descriptors,
        start_new_session=True,
    )


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signals a spawned program and what it started in its session; silent if all are gone.

    0 is the number of a program that never began.
    """
    if pid:
        with suppress(ProcessLookupError):
            os.killpg(pid, number)


def processes_in(folder: Path, program: str) -> list[int]:
    """The processes of `program` whose working folder is `folder`: a server and its orphans.

    What a process is and where it works cannot be stale, as a file with its number can.
    """
    place = os.fspath(folder.resolve())
    return [
        pid
        for pid in _pids()
        if _link(pid, "cwd") == place and Path(_link(pid, "exe")).name.startswith(program)
    ]


def processes_marked(name: str, value: str) -> list[int]:
    """The processes, ourselves apart, that were started with `name=value` in the environment."""
    mark = f"{name}={value}".encode()
    found = []
    for pid in _pids():
        with suppress(OSError):
            if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def end_all(
    find: Callable[[], list[int]],
    *,
    polite: signal.Signals | None = None,
    patience: float = 5.0,
) -> bool:
    """Ends every process that `find` returns: `polite` first if given, SIGKILL after `patience`.

    Returns whether there was any. Raises Misconfigured if some cannot be ended.
    """
    pids = find()
    if not pids:
        return False
    started = time.monotonic()
    number = polite or signal.SIGKILL
    asked: set[tuple[int, int]] = set()
    while pids:
        waited = time.monotonic() - started
        if waited > patience:
            number = signal.SIGKILL
        if waited > patience + 10:
            raise Misconfigured(f"processes {pids} of an earlier run cannot be ended")
        for pid in pids:
            if (pid, number) not in asked or number == signal.SIGKILL:
                asked.add((pid, number))
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        time.sleep(0.02)
        pids = find()
    return True


def _pids() -> Iterator[int]:
    own = os.getpid()
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != own:
            yield int(entry)


def _link(pid: int, name: str) -> str:
    try:
        return os.readlink(f"/proc/{pid}/{name}")
    except OSError:
        return ""


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _open_to_all(path: Path) -> bool:
    """Whether every folder on the way to `path`, itself included, lets anybody through."""
    real = path.resolve()
    return all(os.stat(folder).st_mode & 0o001 for folder in (real, *real.parents))


@cache
def _can_map_users() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_MAPPED, "true"], capture_output=True, check=False).returncode == 0
