"""One pair of throw-away servers for all the processes of a test run.

The first test that needs them starts a keeper, which holds them until the last process of the
run has gone. Who uses them is known by a lock that the kernel releases, however a process ends.
"""

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from core.embedded import EmbeddedServers, EmbeddedUrls
from core.embedded.bootstrap import create_installation

_READY = "urls.json"


@dataclass(frozen=True, slots=True)
class Installation:
    """A fresh database with an owner's and an application's login of its own."""

    database: str
    database_url: str
    database_admin_url: str


@dataclass(frozen=True, slots=True)
class PostgresForTests:
    """A server on which a test run may make what it likes; `url` is a superuser's."""

    url: str

    def create_installation(self) -> Installation:
        """Makes a database and logins with random names, so that no two tests meet."""
        token = secrets.token_hex(6)
        names = (f"test_{token}", f"test_{token}_owner", f"test_{token}_app")
        password = secrets.token_hex(8)
        with psycopg.connect(self.url, autocommit=True) as connection:
            create_installation(
                connection,
                database=names[0],
                owner=(names[1], password),
                app=(names[2], password),
            )
        return Installation(
            names[0],
            self._address(names[2], password, names[0]),
            self._address(names[1], password, names[0]),
        )

    def drop_installation(self, installation: Installation) -> None:
        """Drops the database and every role that its owner made."""
        name = installation.database
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            made = connection.execute(
                "SELECT DISTINCT roleid::regrole::text FROM pg_auth_members"
                " WHERE grantor = to_regrole(%s) OR member = to_regrole(%s)",
                [f"{name}_owner", f"{name}_owner"],
            ).fetchall()
            for (role,) in [*made, (f"{name}_app",), (f"{name}_owner",)]:
                if not role.startswith("pg_"):
                    connection.execute(f"DROP ROLE IF EXISTS {role}")

    def _address(self, user: str, password: str, database: str) -> str:
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{user}:{password}@{host}"
        return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}"))


@contextmanager
def shared_servers(root: Path) -> Iterator[EmbeddedUrls]:
    """The servers of the test run that keeps its files in `root`; starts them if need be."""
    users = os.open(root / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _join(root, users)
    finally:
        os.close(users)


def _join(root: Path, users: int) -> EmbeddedUrls:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        start = os.open(root / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(start, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if not (root / _READY).exists():
                _start_keeper(root)
            return EmbeddedUrls(**json.loads((root / _READY).read_text()))
        except BlockingIOError:  # a keeper whose last user left is just closing
            time.sleep(0.05)
        finally:
            os.close(start)
    raise TimeoutError("the test servers' keeper does not end")


def _start_keeper(root: Path) -> None:
    log = (root / "keeper.log").open("ab")
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.servers", str(root)],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    log.close()
    while not (root / _READY).exists():
        if keeper.poll() is not None:
            raise RuntimeError((root / "keeper.log").read_text())
        time.sleep(0.01)
    keeper.returncode = 0  # it outlives us: subprocess need not warn of it


def keep(root: Path) -> None:
    """Holds the servers until nobody has the lock of `root`; the keeper's main function."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in pytest: its processes leave first
    users = os.open(root / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    with EmbeddedServers(root / "servers", valkey=False, durable=False) as urls:
        fresh = root / f"{_READY}.new"
        fresh.write_text(json.dumps(asdict(urls)))
        fresh.rename(root / _READY)
        fcntl.flock(users, fcntl.LOCK_EX)
        start = os.open(root / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(start, fcntl.LOCK_EX)
        (root / _READY).unlink()
    shutil.rmtree(root / "servers", ignore_errors=True)


def remove(root: Path) -> None:
    """Removes `root` once the keeper is done; for the end of the run."""
    users = os.open(root / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(users, fcntl.LOCK_EX)
    os.close(users)
    shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
