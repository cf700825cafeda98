"""The pair of servers of one data folder."""

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.embedded import bootstrap
from core.embedded.folders import data_folder, runtime_folder
from core.embedded.logs import LogPump
from core.embedded.postgres import PostgresServer
from core.embedded.secrets import load_secrets
from core.embedded.valkey import ValkeyServer
from core.errors import Conflict

DATABASE = "automator"
OWNER = "automator_owner"
APP = "automator_app"


@dataclass(frozen=True, slots=True)
class EmbeddedUrls:
    """The addresses of running servers; `None` for one that was not asked for."""

    database_url: str | None
    database_admin_url: str | None
    database_superuser_url: str | None
    redis_url: str | None


class EmbeddedServers:
    """PostgreSQL and Valkey on `data_dir`; they stop when the process that started them ends.

    Start them from the main thread: death with the parent follows the thread.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        postgres: bool = True,
        valkey: bool = True,
        durable: bool = True,
        logs: LogPump | None = None,
    ) -> None:
        """Nothing is started or written yet. Without `durable`, a crash may lose everything."""
        self._data = data_dir.absolute()
        self._wanted = (postgres, valkey)
        self._durable = durable
        self._own_logs = logs is None
        self._logs = logs
        self._lock: int | None = None
        self._runtime: Path | None = None
        self.postgres: PostgresServer | None = None
        self.valkey: ValkeyServer | None = None
        self._passwords: dict[str, str] = {}

    def prepare(self) -> EmbeddedUrls:
        """Takes the data folder for us and says where the servers will be; starts nothing yet.

        Raises Conflict if they run already for another process.
        """
        self._lock = os.open(
            data_folder(self._data) / "servers.lock", os.O_RDWR | os.O_CREAT, 0o600
        )
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            self._lock = None
            raise Conflict(f"the servers of {self._data} are already running") from None
        try:
            self._build()
        except BaseException:
            self.stop()
            raise
        return self.urls

    def start(self) -> EmbeddedUrls:
        """Starts both and returns once both answer; prepares first if that has not been done.

        Raises Conflict if they run already for another process, Misconfigured or Unavailable if
        they cannot.
        """
        if self._lock is None:
            self.prepare()
        try:
            for server in (self.postgres, self.valkey):
                if server is not None:
                    server.launch()
            for server in (self.valkey, self.postgres):
                if server is not None:
                    server.wait_ready()
            if self.postgres is not None:
                self._bootstrap(self.postgres)
        except BaseException:
            self.stop()
            raise
        return self.urls

    def _build(self) -> None:
        runtime = self._runtime = runtime_folder(self._data)
        self._passwords = load_secrets(self._data / "secrets.json")
        pump = self._logs = self._logs or LogPump()
        if self._wanted[0]:
            self.postgres = PostgresServer(
                self._data / "postgres",
                runtime,
                self._passwords["superuser"],
                durable=self._durable,
                output=_log(pump, self._data / "logs" / "postgres.log"),
            )
        if self._wanted[1]:
            log = _log(pump, self._data / "logs" / "valkey.log")
            self.valkey = ValkeyServer(self._data / "valkey", runtime, output=log)

    def _bootstrap(self, postgres: PostgresServer) -> None:
        import psycopg

        with psycopg.connect(postgres.superuser_url, autocommit=True) as connection:
            bootstrap.create_installation(
                connection,
                database=DATABASE,
                owner=(OWNER, self._passwords["owner"]),
                app=(APP, self._passwords["app"]),
            )

    @property
    def urls(self) -> EmbeddedUrls:
        """Where the servers are; the same for the life of the data folder."""
        database, admin, superuser = None, None, None
        if self.postgres is not None:
            database = self.postgres.url(APP, self._passwords["app"], DATABASE)
            admin = self.postgres.url(OWNER, self._passwords["owner"], DATABASE)
            superuser = self.postgres.superuser_url
        redis = self.valkey.url if self.valkey is not None else None
        return EmbeddedUrls(database, admin, superuser, redis)

    def revive(self) -> list[str]:
        """Starts again what has died, and returns its names; call it now and then."""
        revived = []
        if self.valkey is not None and not self.valkey.alive:
            self.valkey.launch()
            self.valkey.wait_ready()
            revived.append("valkey")
        if self.postgres is not None and not self.postgres.alive:
            self.postgres.launch()
            self.postgres.wait_ready()
            revived.append("postgres")
        return revived

    def stop(self) -> None:
        """Stops both; does nothing if they are not running."""
        if self._lock is None:
            return
        try:
            for server in (self.valkey, self.postgres):
                if server is not None:
                    server.stop()
        finally:
            self.valkey = self.postgres = None
            if self._runtime is not None:
                with suppress(OSError):
                    self._runtime.rmdir()
            if self._own_logs and self._logs is not None:
                self._logs.close()
                self._logs = None
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> EmbeddedUrls:
        """Starts the servers for the length of a `with` block."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stops them."""
        self.stop()


def _log(pump: LogPump, path: Path) -> Callable[[], int]:
    return lambda: pump.open(path)
