"""One process tree: the servers, the programs, and the order in which they start and stop.

It imports neither SQLAlchemy nor Celery, nor anything else that it would carry for nothing.
"""

import errno
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType

from cli.children import Child, Program, default_programs, stop_in_waves
from cli.endpoints import (
    ENDPOINTS,
    FIRST_PORT,
    Endpoints,
    lock_installation,
    write_endpoints,
)
from cli.starter import QUICK, Starter
from core.embedded import EmbeddedServers
from core.embedded.folders import data_folder
from core.embedded.logs import LogPump
from core.embedded.processes import end_all, processes_marked
from core.embedded.secrets import MASTER, SECRETS, own_secret
from core.errors import AutomatorError, Misconfigured, Unavailable

MARK = "AUTOMATOR_SUPERVISED"
_TICK_SECONDS = 0.1
_START_SECONDS = 120.0
_TAKEN_PORTS_TRIED = 50
_BACKLOG = 2048  # as uvicorn's own
# A person who presses Ctrl-C waits; what a worker cannot finish by then is returned to the ledger.
_WORKER_GRACE_SECONDS = 1
# What only those programs are told that need it; the owner's address is for
# migrations and the steward.
_SECRETS = (
    "AUTOMATOR_TOKEN",
    "DATABASE_ADMIN_URL",
    "GATEWAY_SECRET",
    "MAIL_URL",
    "MASTER_KEYS",
    "MEDIA_SECRET",
    "METRICS_TOKEN",
)


class _StopAsked(BaseException):
    """A signal came; like KeyboardInterrupt, it interrupts whatever is being waited for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `port` None is 8000 or the next free one, 0 any free one.

    Without `durable`, our own database is quicker, and lost in a crash. With `tell_token` off,
    the token stands in endpoints.json alone, as it must where the output is kept.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int | None = None
    workers: int = 1
    durable: bool = True
    tell_token: bool = True
    migrate: tuple[str, ...] = (*QUICK, "cli.main", "migrate")
    programs: Callable[..., Sequence[Program]] = default_programs


class Supervisor:
    """Runs an installation until a signal comes."""

    def __init__(self, plan: Plan, say: Callable[[str], object]) -> None:
        """`say` tells the person at the terminal, a line at a time."""
        self._plan = plan
        self._say = say
        self._data = plan.data_dir
        self._pump = LogPump()
        self._children: list[Child] = []
        self._starter: Starter | None = None
        self._servers: EmbeddedServers | None = None
        self._listener: socket.socket | None = None
        self._stopping = False
        self._revive_after = 0.0

    def run(self) -> None:
        """Starts everything, keeps it running, and returns after SIGTERM, SIGINT or SIGHUP.

        Raises Conflict if the data folder is in use, and what else keeps it from starting.
        """
        lock = lock_installation(data_folder(self._data))
        (self._data / ENDPOINTS).unlink(missing_ok=True)
        try:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                # nohup, and a shell's `&`, have one ignored: then it stays so.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    signal.signal(number, self._on_signal)
            self._start()
            # Asked, too: an exception that a signal raised inside a destructor would be lost.
            while not self._stopping:
                time.sleep(_TICK_SECONDS)
                self._tick()
        except _StopAsked:
            pass
        finally:
            self._stop()
            os.close(lock)

    def _start(self) -> None:
        began = time.monotonic()
        end_all(self._leftovers, polite=signal.SIGTERM, patience=1.0)
        environment = self._environment()
        self._listener = listener = self._listen()
        port = int(listener.getsockname()[1])
        api = f"http://{_in_url(self._plan.host)}:{port}"
        environment.setdefault("LOCAL_URL", api)
        programs = self._plan.programs(listener=listener.fileno(), workers=self._plan.workers)
        if any(program.argv[: len(QUICK)] == QUICK for program in programs):
            self._open_starter(listener.fileno(), environment)
        self._launch([program for program in programs if program.early], environment)
        if self._servers is not None:
            self._servers.start()
        self._run_once("migrate", self._plan.migrate, environment)
        self._launch([program for program in programs if not program.early], environment)
        self._wait_ready(port, {queue for program in programs for queue in program.queues})
        self._close_starter()
        endpoints = Endpoints(
            pid=os.getpid(),
            api=api,
            token=environment["AUTOMATOR_TOKEN"],
            database_url=environment["DATABASE_URL"],
            database_admin_url=environment.get("DATABASE_ADMIN_URL"),
            redis_url=environment["REDIS_URL"],
            storage_url=environment["STORAGE_URL"],
            storage_kms_key=environment.get("STORAGE_KMS_KEY"),
            links=environment["LOCAL_URL"],
        )
        write_endpoints(self._data, endpoints)
        self._say(f"ready in {time.monotonic() - began:.1f} s")
        self._say(f"  API    {api}  (documentation: {api}/docs)")
        if self._plan.tell_token:
            self._say(f"  token  {endpoints.token}")
        self._say(f"  data   {self._data}")

    def _open_starter(self, listener: int, environment: dict[str, str]) -> None:
        log = self._data / "logs" / "starter.log"
        output = self._pump.open(log)
        known = _cells_without_owners(environment)
        try:
            self._starter = Starter(
                output=output,
                env={name: value for name, value in known.items() if name not in _SECRETS},
                descriptors=(listener,),
            )
        finally:
            os.close(output)

    def _close_starter(self) -> None:
        if self._starter is not None:
            self._starter.close()
            self._starter = None

    def _launch(self, programs: Sequence[Program], environment: dict[str, str]) -> None:
        for program in programs:
            log = self._data / "logs" / f"{program.name}.log"
            known = told_to(program, environment)
            child = Child(program, known, log, self._pump, self._say, self._starter)
            self._children.append(child)
            child.tick()

    def _environment(self) -> dict[str, str]:
        """What the programs are told, with the addresses of servers that we shall start."""
        own = {name: os.environ.get(name) or None for name in ("DATABASE_URL", "REDIS_URL")}
        storage = os.environ.get("STORAGE_URL") or (self._data / "storage").as_uri()
        kept = self._data / SECRETS
        token = os.environ.get("AUTOMATOR_TOKEN") or own_secret(kept, "token")
        media_secret = os.environ.get("MEDIA_SECRET") or own_secret(kept, "media")
        environment = {
            "LOG_JSON": "true",
            "GRACE_SECONDS": str(_WORKER_GRACE_SECONDS),
            **{name: value for name, value in os.environ.items() if value},
            "AUTOMATOR_DATA": str(self._data),
            "STORAGE_URL": storage,
            "AUTOMATOR_TOKEN": token,
            "MEDIA_SECRET": media_secret,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            MARK: str(self._data),
        }
        if not (os.environ.get("MASTER_KEYS") or os.environ.get("MASTER_KEY_FILE")):
            environment["MASTER_KEYS"] = own_secret(kept, MASTER)
        if None in own.values():
            self._servers = EmbeddedServers(
                self._data,
                postgres=own["DATABASE_URL"] is None,
                valkey=own["REDIS_URL"] is None,
                durable=self._plan.durable,
                logs=self._pump,
            )
            urls = self._servers.prepare()
            if urls.database_url is not None and urls.database_admin_url is not None:
                environment["DATABASE_URL"] = urls.database_url
                environment["DATABASE_ADMIN_URL"] = urls.database_admin_url
            if urls.redis_url is not None:
                environment["REDIS_URL"] = urls.redis_url
        return environment

    def _listen(self) -> socket.socket:
        """The API's socket, ours for good: however often the API starts, nobody takes its port.

        Raises Misconfigured where the address cannot be had.
        """
        wanted = self._plan.port
        first = FIRST_PORT if wanted is None else wanted
        tries = _TAKEN_PORTS_TRIED if wanted is None else 1
        for port in range(first, first + tries):
            family = socket.AF_INET6 if ":" in self._plan.host else socket.AF_INET
            try:
                return socket.create_server(
                    (self._plan.host, port), family=family, backlog=_BACKLOG
                )
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise Misconfigured(
                        f"the API cannot listen at {self._plan.host}, port {port}: {error.strerror}"
                    ) from error
        raise Misconfigured(
            f"port {first} of {self._plan.host} is taken: stop what uses it, or choose another"
            " with --port"
        )

    def _run_once(self, name: str, argv: Sequence[str], environment: dict[str, str]) -> None:
        if not argv:
            return
        lines: list[str] = []
        child = Child(
            Program(name, tuple(argv)),
            environment,
            self._data / "logs" / f"{name}.log",
            self._pump,
            lines.append,
            self._starter,
        )
        code = child.run_to_end()
        if code != 0:
            raise Unavailable(f"{name} failed: {child.last_words() or 'see its log'}")

    def _wait_ready(self, port: int, queues: set[str]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready(port, queues):
            if self._stopping:
                raise _StopAsked
            if time.monotonic() > deadline:
                raise Unavailable(f"not ready in {_START_SECONDS:.0f} s: see {self._data}/logs")
            time.sleep(0.03)
            self._tick()

    def _is_ready(self, port: int, queues: set[str]) -> bool:
        connection = HTTPConnection(self._plan.host, port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            report = json.loads(response.read())
        except (OSError, HTTPException, ValueError):
            return False
        finally:
            connection.close()
        slots = report.get("slots", {})
        return response.status == 200 and all(slots.get(queue, 0) > 0 for queue in queues)

    def _tick(self) -> None:
        if self._servers is not None and time.monotonic() >= self._revive_after:
            try:
                for name in self._servers.revive():
                    self._say(f"{name} had died and runs again")
            except (AutomatorError, OSError) as error:  # OSError: no process or space to be had
                self._say(str(error))
                self._revive_after = time.monotonic() + 5
        for child in self._children:
            child.tick()

    def _stop(self) -> None:
        self._stopping = True
        with ExitStack() as last_first:  # each is done, whatever becomes of the others
            last_first.callback(self._pump.close)
            if self._servers is not None:
                last_first.callback(self._servers.stop)
            last_first.callback(end_all, self._leftovers)
            last_first.callback(stop_in_waves, self._children)
            last_first.callback(self._close_starter)
            if self._listener is not None:
                last_first.callback(self._listener.close)
            last_first.callback((self._data / ENDPOINTS).unlink, missing_ok=True)

    def _leftovers(self) -> list[int]:
        return processes_marked(MARK, str(self._data))

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._stopping:
            self._stopping = True
            raise _StopAsked


def told_to(program: Program, environment: Mapping[str, str]) -> dict[str, str]:
    """What a program is told: no other's secrets, and a port for its meters, if it has any."""
    known = {
        name: value
        for name, value in environment.items()
        if name not in _SECRETS or name in program.secrets
    }
    if "CELLS" not in program.secrets:
        known = _cells_without_owners(known)
    # One port each, of those that begin with the one that was named.
    port = known.pop("METRICS_PORT", "")
    if program.metrics is not None and port.isdecimal():
        known["METRICS_PORT"] = str(int(port) + program.metrics)
    return known


def _cells_without_owners(environment: dict[str, str]) -> dict[str, str]:
    """What programs are told of CELLS; who needs its owners' addresses names it as a secret."""
    if not environment.get("CELLS"):
        return environment
    try:
        kept = {
            name: {part: value for part, value in urls.items() if part != "admin_url"}
            for name, urls in json.loads(environment["CELLS"]).items()
        }
    except (ValueError, AttributeError):
        raise Misconfigured("CELLS must be a JSON object of cells by name") from None
    return {**environment, "CELLS": json.dumps(kept)}


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
