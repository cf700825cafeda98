"""One PostgreSQL server on a private unix socket."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core.embedded import processes
from core.embedded.folders import private_folder
from core.embedded.wheels import postgres_program
from core.errors import Misconfigured, Unavailable

PORT = 5432  # only a part of the socket's name
_START_SECONDS = 120.0  # replaying the log after a crash takes its time
_STOP_SECONDS = 10.0

# Small: an idle installation should leave the memory to ffmpeg. The locks are for pg_dump, which
# takes one for each table of each tenant.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "scram_iterations": "1",  # the passwords are random: stretching them buys nothing
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "max_locks_per_transaction": "256",
    "jit": "off",
    "io_method": "sync",  # no processes that wait for reads of a database that is in memory
    "max_logical_replication_workers": "0",
    "log_checkpoints": "off",
    # The log names no values: what an error's detail and statement hold are a tenant's rows.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_line_prefix": "%m [%p] %u@%d ",
    "cluster_name": "automator",
}
# For tests, which are many on one server.
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


class PostgresServer:
    """Starts, watches and stops a server on `folder`, with its socket below `runtime`."""

    def __init__(
        self,
        folder: Path,
        runtime: Path,
        password: str,
        *,
        durable: bool = True,
        output: Callable[[], int],
    ) -> None:
        """`password` is the superuser's; `output` opens a descriptor for what the server prints."""
        self.folder = folder
        self.sockets = runtime / "postgres"
        self.process: subprocess.Popen[bytes] | None = None
        self._password = password
        self._settings = _SETTINGS | ({} if durable else _NOT_DURABLE)
        self._durable = durable
        self._output = output
        self._identity: processes.Identity | None = None

    def url(self, user: str, password: str, database: str) -> str:
        """The address at which `user` reaches `database`, for libpq."""
        return f"postgresql://{user}:{password}@/{database}?host={self.sockets}"

    @property
    def superuser_url(self) -> str:
        """The address of the superuser, for bootstrapping, backups and tests."""
        return self.url("postgres", self._password, "postgres")

    def launch(self) -> None:
        """Starts the server, without waiting; what an earlier life left behind is ended first."""
        who = processes.unprivileged_identity(postgres_program(), self.folder.parent)
        self._identity = who
        self._end_leftovers()
        shutil.rmtree(self.sockets, ignore_errors=True)
        self._own(private_folder(self.sockets), who)
        if not self.folder.exists():
            self._create(who)
        self._own(self.folder, who)
        # Nobody works in the folder: whatever process the file names is a stranger.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        command = [str(postgres_program()), "-D", str(self.folder), "-k", str(self.sockets)]
        output = self._output()
        try:
            # SIGINT is the "fast" shutdown: roll back, disconnect, write a checkpoint.
            self.process = processes.spawn(
                [*command, *options],
                identity=who,
                death_signal=signal.SIGINT,
                output=output,
                cwd=self.folder,
            )
        finally:
            os.close(output)

    def wait_ready(self) -> None:
        """Returns once the server answers a query; raises Unavailable or Misconfigured if never."""
        import psycopg

        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                with psycopg.connect(self.superuser_url, connect_timeout=10) as connection:
                    connection.execute("SELECT 1")
                return
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    raise Misconfigured(
                        f"the passwords in secrets.json are not those of {self.folder}"
                    ) from error
                if not self.alive:
                    self._refuse_other_major()
                    raise Unavailable("PostgreSQL ended while starting: see its log") from error
                if time.monotonic() > deadline:
                    raise Unavailable("PostgreSQL does not answer: see its log") from error
            time.sleep(0.01)

    @property
    def alive(self) -> bool:
        """Whether the server's first process runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stops the server, losing nothing; in haste if it takes longer than ten seconds."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        self._end_leftovers()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def _refuse_other_major(self) -> None:
        try:
            made_by = (self.folder / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise Misconfigured(
                f"{self.folder} is no database of PostgreSQL: put its files back, or move it away"
                " and `automator restore` a backup"
            ) from error
        said = subprocess.run(
            [postgres_program(), "--version"], capture_output=True, text=True, check=True
        )
        version = said.stdout.split()[-1]
        if made_by != version.split(".")[0]:
            raise Misconfigured(
                f"{self.folder} was made by PostgreSQL {made_by} and this is {version}: run"
                " `automator backup` with the release that made it, and `automator restore` here"
            )

    def _end_leftovers(self) -> None:
        """Ends a former server and, had that one been killed, the backends which survived it.

        Each backend is its own process group, and they hold the shared memory.
        """
        with suppress(FileNotFoundError):
            postmaster = (self.folder / "postmaster.pid").read_text().split("\n", 1)[0]
            if int(postmaster) in self._processes():
                os.kill(int(postmaster), signal.SIGINT)
                deadline = time.monotonic() + _STOP_SECONDS
                while int(postmaster) in self._processes() and time.monotonic() < deadline:
                    time.sleep(0.02)
        processes.end_all(self._processes)

    def _processes(self) -> list[int]:
        return processes.processes_in(self.folder, "postgres")

    def _create(self, who: processes.Identity) -> None:
        """Makes the data folder, whole or not at all."""
        fresh = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._own(private_folder(fresh), who)
        password = self.sockets / "password"
        password.touch(mode=0o600)
        password.write_text(self._password)
        self._own(password, who)
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
        access = ["-U", "postgres", "-A", "scram-sha-256", f"--pwfile={password}"]
        command = [str(postgres_program("initdb")), "-D", str(fresh), *access, "-E", "UTF8"]
        haste = [] if self._durable else ["--no-sync"]
        output = self._output()
        try:
            process = processes.spawn(
                [*command, *locale, *haste, "--no-instructions"],
                identity=who,
                output=output,
                cwd=fresh,
            )
            if process.wait() != 0:
                raise Unavailable("initdb failed: see PostgreSQL's log")
        finally:
            os.close(output)
            password.unlink(missing_ok=True)
        fresh.rename(self.folder)

    @staticmethod
    def _own(path: Path, who: processes.Identity) -> None:
        """Gives `path`, with all below it, to the user as whom the server runs."""
        if os.geteuid() != 0 or path.lstat().st_uid == who.uid:
            return
        # From the bottom: if this is cut short, the next start sees who owns the top and goes on.
        for folder, _, files in os.walk(path, topdown=False):
            for name in files:
                os.chown(os.path.join(folder, name), who.uid, who.gid, follow_symlinks=False)
            os.chown(folder, who.uid, who.gid, follow_symlinks=False)
        os.chown(path, who.uid, who.gid, follow_symlinks=False)
