"""Programs of ours that start together, and import together what they all need.

Each would spend a second on importing the same libraries. Instead one process, the starter, imports
them once and forks into each program, which the kernel then hands to the supervisor as a child of
its own. When all have begun, the starter ends; a program that dies later is started by itself.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from core.embedded.child import PR_SET_CHILD_SUBREAPER, die_with, prctl
from core.embedded.processes import spawn

QUICK: Final = (sys.executable, "-m", "cli.quick")
# In the order of need: the API begins first.
MODULES: Final = (
    "api.app",
    "api.__main__",
    "cli.migrate",
    "workers.relay",
    "workers.steward",
    "workers.__main__",
)
_ORDER_BYTES: Final = 64 << 10
_POLL_SECONDS: Final = 0.01


class Starter:
    """Starts programs whose command begins with QUICK; state: the process that becomes them."""

    def __init__(
        self,
        *,
        output: int,
        env: Mapping[str, str],
        descriptors: Sequence[int] = (),
        modules: Sequence[str] = MODULES,
    ) -> None:
        """Begins to import `modules`. Programs may inherit `descriptors`, as the same numbers."""
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            self._process = spawn(
                (*QUICK, __name__, str(number), str(os.getpid()), *modules),
                output=output,
                env=env,
                descriptors=(number, *descriptors),
            )

    @property
    def pid(self) -> int:
        """The starter's own number."""
        return self._process.pid

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        output: int,
        env: Mapping[str, str],
        descriptors: Sequence[int] = (),
    ) -> "Adopted":
        """Have a program started, as `spawn` would; returns at once. Raises OSError."""
        order = json.dumps([name, command[len(QUICK) :], list(descriptors)]).encode()
        # Secrets are for the program alone: the starter, and so all the others, never read this.
        told = os.memfd_create("environment")
        read, write = os.pipe()
        try:
            os.write(told, json.dumps(dict(env)).encode())
            socket.send_fds(self._line, [order], [output, write, told])
        except OSError:
            os.close(read)
            raise
        finally:
            os.close(write)
            os.close(told)
        return Adopted(read)

    def close(self) -> None:
        """End the starter, and what it was asked for and has not begun."""
        self._line.close()
        self._process.kill()
        self._process.wait()
        prctl(PR_SET_CHILD_SUBREAPER, 0)


class Adopted:
    """A program that the starter began and that is our child now; as a `subprocess.Popen`.

    State: the pipe that its number comes through, if it has not come yet.
    """

    def __init__(self, told: int) -> None:
        """`told` is the pipe's reading end; its end without a number says that there is none."""
        self._told = told
        self._pid = 0
        self.returncode: int | None = None

    @property
    def pid(self) -> int:
        """Its number; waits until there is one, and is 0 where the starter failed."""
        self._learn(wait=True)
        return self._pid

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        self._learn(wait=False)
        if self.returncode is None and self._pid:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The same when it has ended; raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(str(self._pid), timeout or 0.0)
            time.sleep(_POLL_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.poll() is None and self.pid:
            os.kill(self._pid, number)

    def _learn(self, *, wait: bool) -> None:
        if self._told < 0 or not (wait or select.select([self._told], [], [], 0)[0]):
            return
        said = os.read(self._told, 32)
        os.close(self._told)
        self._told = -1
        if said:
            self._pid = int(said)
        else:
            self.returncode = -int(signal.SIGKILL)


def main() -> None:
    """Run as a program: its socket's number, the supervisor's, and what to import."""
    line, supervisor = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    modules = sys.argv[3:]
    while True:
        if modules:
            importlib.import_module(modules.pop(0))
        if modules and not select.select([line], [], [], 0)[0]:
            continue
        order, passed, *_ = socket.recv_fds(line, _ORDER_BYTES, 3)
        if not order:
            return
        name, arguments, descriptors = json.loads(order)
        gc.freeze()
        between = os.fork()
        if between == 0:
            line.detach()
            output, begun, environment = passed
            _fork_again(begun)
            env = json.loads(os.pread(environment, os.fstat(environment).st_size, 0))
            _settle(supervisor, output, name, descriptors)
            _become(arguments, env)
        for descriptor in passed:
            os.close(descriptor)
        os.waitpid(between, 0)


def _fork_again(begun: int) -> None:
    """Go on as a child of a process that ends at once, and is thereby the supervisor's."""
    between = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == between:
        time.sleep(0.0005)
    os.write(begun, str(os.getpid()).encode())


def _settle(supervisor: int, output: int, name: str, descriptors: Sequence[int]) -> None:
    """What `spawn` does for others: a session, a death signal, an output, nothing else open."""
    die_with(supervisor)
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    kept = sorted({2, *descriptors})
    for before, after in zip(kept, [*kept[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(before + 1, after)
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name)


def _become(arguments: Sequence[str], env: Mapping[str, str]) -> NoReturn:
    os.environ.clear()
    os.environ.update(env)
    sys.argv = list(arguments)
    # As itself it is imported already, and is run as the program now.
    for known in (arguments[0], f"{arguments[0]}.__main__"):
        sys.modules.pop(known, None)
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    main()
