"""The one runner of child processes that read outside bytes: bounded, confined, and killable.

A child gets a process group, an empty environment, no input, no inherited descriptors, resource
limits, and where the kernel allows a network and a process namespace of its own (`core.sandbox`).
It takes what processor time the rest of the product leaves: a machine that encodes still answers.
It is killed with everything it started on cancel, on a limit, on any exception, and when the
thread that called `run` dies: death-with-parent is bound to the thread, and `run` returns only
after the child is gone, so that any thread may call it.
"""

import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core import tracing
from core.cancellation import CancelReason, CancelToken
from core.errors import Misconfigured, Retryable
from core.sandbox import NICENESS, SandboxReport, confine, real_exit_code, sandbox_report

__all__ = [
    "CancelReason",
    "CancelToken",
    "Completed",
    "DiskFull",
    "Killed",
    "LimitReached",
    "Limits",
    "SandboxReport",
    "run",
    "sandbox_report",
]

STDERR_TAIL_BYTES: Final = 16 << 10
LINE_BYTES: Final = 64 << 10
_TICK_SECONDS: Final = 0.2
_SCRATCH_SECONDS: Final = 0.5
_READ_BYTES: Final = 1 << 16
_DRAIN_SECONDS: Final = 1.0
_KILLING: Final = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


class LimitReached(Retryable):
    """The child was stopped at one of its limits: `limit` is that field's first word."""

    code = "limit_reached"

    def __init__(self, message: str, *, limit: str, detail: str | None = None) -> None:
        """`limit` is wall, cpu, memory, file, output or scratch."""
        super().__init__(message, detail=detail)
        self.limit = limit


class DiskFull(Retryable):
    """The child found no room on the disk."""

    code = "disk_full"


class Killed(Retryable):
    """Somebody else ended the child: a person, or the kernel for want of memory."""

    code = "killed"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use. Seconds and bytes; None is no limit.

    `memory_bytes` bounds the address space, which is larger than what is resident.
    """

    wall_seconds: float
    cpu_seconds: int | None = None
    memory_bytes: int | None = None
    file_bytes: int | None = None
    output_bytes: int = 4 << 20
    open_files: int = 256

    def options(self) -> tuple[str, ...]:
        """As options of prlimit(1)."""
        options = ["--core=0", f"--nofile={self.open_files}"]
        if self.cpu_seconds is not None:
            options.append(f"--cpu={self.cpu_seconds}:{self.cpu_seconds}")
        if self.memory_bytes is not None:
            options.append(f"--as={self.memory_bytes}")
        if self.file_bytes is not None:
            options.append(f"--fsize={self.file_bytes}")
        return tuple(options)


@dataclass(frozen=True, slots=True)
class Completed:
    """A child that ended by itself; a negative return code is the signal that ended it."""

    returncode: int
    stdout: bytes
    stderr_tail: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def run(
    argv: Sequence[str],
    *,
    limits: Limits,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    cancel: CancelToken | None = None,
    on_stdout_line: Callable[[str], None] | None = None,
    scratch: Path | None = None,
    scratch_bytes: int | None = None,
) -> Completed:
    """Run a program to its end and return what it said.

    With `on_stdout_line` standard output goes there line by line and is not kept.
    Raises LimitReached, DiskFull, Killed, Misconfigured (no such program), and Cancelled or
    LeaseLost as `cancel` says. Any other failure is a return code, for the caller to judge.
    """
    program = shutil.which(argv[0])
    if program is None:
        raise Misconfigured(f"there is no program {argv[0]} to run")
    name = Path(program).name.split("-")[0]
    with ExitStack() as stack:
        span = stack.enter_context(tracing.child(name, {"process.executable.name": name}))
        wake = stack.enter_context((cancel or CancelToken()).waking())
        if cancel is not None:
            cancel.check()
        child = subprocess.Popen(
            confine((os.path.abspath(program), *argv[1:]), limits.options()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd or scratch or "/",
            env=_environment(scratch, env),
            start_new_session=True,
            close_fds=True,
        )
        _give_way(child.pid)
        watch = _Watch(
            child,
            name,
            limits,
            cancel,
            on_stdout_line,
            scratch,
            scratch_bytes,
        )
        stack.callback(watch.close)
        done = watch.until_end(wake)
        span.set(
            {
                "process.exit.code": done.returncode,
                "process.cpu_seconds": done.cpu_seconds,
                "process.peak_bytes": done.peak_bytes,
            }
        )
        return done


def _give_way(session: int) -> None:
    """Lets other sessions go first where they share evenly, and niceness counts only within one.

    Kernels that do otherwise are as they are.
    """
    with suppress(OSError):
        Path(f"/proc/{session}/autogroup").write_text(str(NICENESS))


def _environment(scratch: Path | None, extra: Mapping[str, str] | None) -> dict[str, str]:
    home = str(scratch) if scratch else "/nonexistent"
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": home,
        "TMPDIR": str(scratch) if scratch else "/tmp",
        **(extra or {}),
    }


def used_bytes(folder: Path) -> int:
    """Disk space below a folder, tolerant of files that vanish while it is walked."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    total += used_bytes(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


class _Watch:
    """State of one running child: what it said so far, and how it ended."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        name: str,
        limits: Limits,
        cancel: CancelToken | None,
        on_line: Callable[[str], None] | None,
        scratch: Path | None,
        scratch_bytes: int | None,
    ) -> None:
        self._child, self._name, self._limits = child, name, limits
        self._cancel, self._on_line = cancel, on_line
        self._scratch, self._scratch_bytes = scratch, scratch_bytes
        self._began = time.monotonic()
        self._scratch_due = self._began + _SCRATCH_SECONDS
        self._stdout, self._stderr = bytearray(), bytearray()
        self._cpu_seconds, self._peak_bytes = 0.0, 0
        self._pipes = selectors.DefaultSelector()
        assert child.stdout is not None
        assert child.stderr is not None
        for pipe in (child.stdout, child.stderr):
            os.set_blocking(pipe.fileno(), False)
        self._pipes.register(child.stdout, selectors.EVENT_READ, self._take_stdout)
        self._pipes.register(child.stderr, selectors.EVENT_READ, self._take_stderr)

    def until_end(self, wake: int) -> Completed:
        self._pipes.register(wake, selectors.EVENT_READ)
        try:
            while not self._ended():
                self._check()
                self._read(self._patience())
        finally:
            self._pipes.unregister(wake)
        self._drain()
        if self._on_line and self._stdout:
            self._on_line(self._stdout.decode(errors="replace"))
            self._stdout.clear()
        self._diagnose()
        return Completed(
            self._child.returncode,
            bytes(self._stdout),
            self._tail(),
            time.monotonic() - self._began,
            self._cpu_seconds,
            self._peak_bytes,
        )

    def close(self) -> None:
        """Kill what is left, wait for it, close the pipes."""
        if self._child.returncode is None:
            self._kill()
        while not self._ended():
            time.sleep(0.002)
        self._on_line = None
        with suppress(LimitReached):
            self._drain()
        for pipe in (self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()
        self._pipes.close()

    def _patience(self) -> float:
        # Once both pipes are closed only the exit is awaited, and it is a moment away.
        if len(self._pipes.get_map()) == 1:
            return 0.002
        left = self._began + self._limits.wall_seconds - time.monotonic()
        return max(0.0, min(_TICK_SECONDS, left))

    def _ended(self) -> bool:
        if self._child.returncode is not None:
            return True
        pid = self._child.pid
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
        # A child without a process namespace may leave others behind; while it is not yet waited
        # for, its group's number cannot belong to anyone else.
        self._kill()
        _, status, usage = os.wait4(pid, 0)
        self._child.returncode = real_exit_code(os.waitstatus_to_exitcode(status))
        self._cpu_seconds = usage.ru_utime + usage.ru_stime
        self._peak_bytes = usage.ru_maxrss * 1024
        return True

    def _check(self) -> None:
        if self._cancel is not None:
            self._cancel.check()
        now = time.monotonic()
        if now - self._began >= self._limits.wall_seconds:
            raise self._limit("wall", f"ran longer than {self._limits.wall_seconds:g} s")
        if self._scratch and self._scratch_bytes is not None and now >= self._scratch_due:
            self._scratch_due = now + _SCRATCH_SECONDS
            if used_bytes(self._scratch) > self._scratch_bytes:
                raise self._limit(
                    "scratch", f"wrote more than {self._scratch_bytes} bytes of scratch space"
                )

    def _read(self, seconds: float) -> None:
        for key, _ in self._pipes.select(seconds):
            if key.data is None:
                continue
            chunk = os.read(key.fd, _READ_BYTES)
            if chunk:
                key.data(chunk)
            else:
                self._pipes.unregister(key.fileobj)

    def _drain(self) -> None:
        """Read what the dead left in the pipes; their end means that all of them are gone."""
        until = time.monotonic() + _DRAIN_SECONDS
        while self._pipes.get_map() and time.monotonic() < until:
            before = time.monotonic()
            self._read(_TICK_SECONDS)
            if time.monotonic() - before >= _TICK_SECONDS:
                return

    def _take_stdout(self, chunk: bytes) -> None:
        self._stdout += chunk
        if self._on_line is None:
            if len(self._stdout) > self._limits.output_bytes:
                del self._stdout[self._limits.output_bytes :]
                raise self._limit("output", f"said more than {self._limits.output_bytes} bytes")
            return
        *lines, rest = self._stdout.split(b"\n")
        self._stdout = bytearray(rest)
        if len(rest) > LINE_BYTES:
            raise self._limit("output", f"said a line of more than {LINE_BYTES} bytes")
        for line in lines:
            self._on_line(line.decode(errors="replace"))

    def _take_stderr(self, chunk: bytes) -> None:
        self._stderr += chunk
        if len(self._stderr) > 2 * STDERR_TAIL_BYTES:
            del self._stderr[:-STDERR_TAIL_BYTES]

    def _tail(self) -> str:
        return self._stderr[-STDERR_TAIL_BYTES:].decode(errors="replace")

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)

    def _limit(self, limit: str, did: str) -> LimitReached:
        return LimitReached(f"{self._name} {did}", limit=limit, detail=self._tail())

    def _diagnose(self) -> None:
        """Turn the marks that limits leave into errors; the rest is the program's own failure."""
        code, tail, limits = self._child.returncode, self._tail(), self._limits
        if code == 0:
            return
        if "No space left on device" in tail or "Disk quota exceeded" in tail:
            raise DiskFull("the disk is full", detail=tail)
        if limits.file_bytes is not None and (
            code == -signal.SIGXFSZ or "File too large" in tail or "Errno 27" in tail
        ):
            raise self._limit("file", f"wrote a file of more than {limits.file_bytes} bytes")
        starved = ("Cannot allocate memory", "bad_alloc", "MemoryError", "Failed to allocate")
        if limits.memory_bytes is not None and any(mark in tail for mark in starved):
            raise self._limit("memory", f"needed more than {limits.memory_bytes} bytes of memory")
        if limits.cpu_seconds is not None and (
            code == -signal.SIGXCPU
            or (code == -signal.SIGKILL and self._cpu_seconds >= limits.cpu_seconds - 1)
        ):
            raise self._limit("cpu", f"used more than {limits.cpu_seconds} s of processor time")
        # The last is what unshare(1) says when the first process of its namespace was killed.
        if -code in _KILLING or "sigprocmask unblock failed" in tail:
            raise Killed("the program was killed from outside; is memory short?", detail=tail)
