"""The programs that a supervisor keeps running."""

import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen, TimeoutExpired

from cli.starter import QUICK, Adopted, Starter
from core.embedded.logs import LogPump
from core.embedded.processes import signal_group, spawn

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_STEADY_SECONDS = 30.0
_PAUSE_AFTER_REFUSAL = 5.0


@dataclass(frozen=True, slots=True)
class Program:
    """One program: its name, its command, the queues it serves, and when and how fast it stops.

    Programs of a lower `wave` are stopped before those of a higher one are asked to. An `early`
    one is started before the servers are, and while the databases are being migrated. `secrets`
    names the variables that it is told and others are not, `descriptors` are what it inherits.
    `metrics` is the place of its port among those from METRICS_PORT on, if it has one.
    """

    name: str
    argv: tuple[str, ...]
    queues: tuple[str, ...] = ()
    wave: int = 0
    secrets: tuple[str, ...] = ()
    stop_seconds: float = 2.2
    early: bool = False
    descriptors: tuple[int, ...] = ()
    metrics: int | None = None


def default_programs(*, listener: int, workers: int) -> tuple[Program, ...]:
    """The API on the socket `listener`, the relay, the steward and the workers."""
    light = 4  # imports wait for other servers, and periodic work should not wait for imports
    return (
        Program(
            "api",
            (*QUICK, "api", "--fd", str(listener)),
            wave=1,
            secrets=(
                "AUTOMATOR_TOKEN",
                "GATEWAY_SECRET",
                "MASTER_KEYS",
                "MEDIA_SECRET",
                "METRICS_TOKEN",
            ),
            descriptors=(listener,),
            early=True,  # it takes a second to import, and refuses tenants that are too old
        ),
        Program("relay", (*QUICK, "workers.relay"), metrics=2),
        Program(
            "steward",
            (*QUICK, "workers.steward"),
            secrets=("DATABASE_ADMIN_URL", "CELLS", "MASTER_KEYS"),
        ),
        Program(
            "worker-media",
            (*QUICK, "workers", "--queues", "media,gpu", "--concurrency", str(workers)),
            queues=("media",),
            secrets=("MASTER_KEYS",),
            metrics=0,
        ),
        Program(
            "worker-light",
            (*QUICK, "workers", "--queues", "light", "--concurrency", str(light)),
            queues=("light",),
            secrets=("MASTER_KEYS", "MAIL_URL"),
            metrics=1,
        ),
    )


@dataclass(slots=True)
class Child:
    """A program as it runs; `tick` starts it, and starts it again when it has died.

    The first time a `starter` begins it where it can.
    """

    program: Program
    environment: Mapping[str, str]
    log: Path
    pump: LogPump
    say: Callable[[str], object]
    starter: Starter | None = None
    process: Popen[bytes] | Adopted | None = None
    _started: float = 0.0
    _pause: float = _FIRST_PAUSE
    _not_before: float = 0.0
    _last_line: list[str] = field(default_factory=lambda: [""])

    def tick(self) -> None:
        """Starts the program if it does not run and its pause is over."""
        now = time.monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            signal_group(self.process.pid, signal.SIGKILL)  # what it left behind
            self.process = None
            if now - self._started > _STEADY_SECONDS:
                self._pause = _FIRST_PAUSE
            self._not_before = now + self._pause
            self.say(f"{self.program.name} ended ({_reason(code)}); {self._last_line[0]}".strip())
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        if now >= self._not_before:
            try:
                self._start(now)
            except OSError as error:  # there is no process or no space to be had just now
                self._not_before = now + _PAUSE_AFTER_REFUSAL
                self.say(f"{self.program.name} cannot be started: {error.strerror}")

    def run_to_end(self) -> int:
        """Runs the program once and returns its exit status, negative for a signal."""
        self._start(time.monotonic())
        assert self.process is not None
        try:
            code = self.process.wait()
            if not self.process.pid:  # the starter died before it could begin this
                self._start(time.monotonic())
                code = self.process.wait()
            return code
        finally:
            signal_group(self.process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """The last line that the program printed; it may still be on its way through the pipe."""
        deadline = time.monotonic() + 0.3
        while not self._last_line[0] and time.monotonic() < deadline:
            time.sleep(0.01)
        return self._last_line[0].removeprefix("automator: ")

    def ask_to_stop(self) -> None:
        """Sends SIGTERM to the program's first process."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def finish(self, deadline: float) -> None:
        """Waits until `deadline` (monotonic) for the program to end, then kills what is left."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except TimeoutExpired:
            self.say(f"{self.program.name} did not stop in time and was killed")
        signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def _start(self, now: float) -> None:
        output = self.pump.open(self.log, self._on_line)
        try:
            self.process = self._begun_together(output) or spawn(
                self.program.argv,
                output=output,
                env=self.environment,
                descriptors=self.program.descriptors,
            )
        finally:
            os.close(output)
        self._started = now

    def _begun_together(self, output: int) -> Adopted | None:
        starter, self.starter = self.starter, None
        if starter is None or self.program.argv[: len(QUICK)] != QUICK:
            return None
        try:
            return starter.start(
                self.program.name,
                self.program.argv,
                output=output,
                env=self.environment,
                descriptors=self.program.descriptors,
            )
        except OSError:  # it has died: the program is begun by itself
            return None

    def _on_line(self, line: str) -> None:
        if line.strip():
            self._last_line[0] = line.strip()[:500]
        # Most lines are one a request: they are not worth a parser.
        if '"level"' not in line or '"level": "info"' in line:
            return
        with suppress(ValueError, AttributeError):
            entry = json.loads(line)
            if entry.get("level") in ("warning", "error", "critical"):
                self.say(f"{self.program.name}: {entry.get('event', line)}")


def stop_in_waves(children: Sequence[Child]) -> None:
    """Stops all: each wave is asked at once, and is gone before the next is asked."""
    for wave in sorted({child.program.wave for child in children}):
        members = [child for child in children if child.program.wave == wave]
        for child in members:
            child.ask_to_stop()
        started = time.monotonic()
        for child in members:
            child.finish(started + child.program.stop_seconds)


def _reason(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit status {code}"
