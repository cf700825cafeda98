"""`automator up`: one process tree that starts, recovers and ends cleanly."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import psutil
import psycopg
import pytest

from cli.children import Child, Program, default_programs
from cli.endpoints import Endpoints, read_endpoints, running_installation
from cli.supervisor import told_to
from core.embedded.logs import LogPump
from tests.processes import alive, seen
from tests.servers import PostgresForTests

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0


class Up:
    """A supervisor in a process of its own."""

    def __init__(
        self, data: Path, *arguments: str, command: tuple[str, ...] = (), **environment: str
    ) -> None:
        self.data = data
        data.parent.mkdir(parents=True, exist_ok=True)
        self.output = data.parent / f"{data.name}.out"
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(command or (sys.executable, "-m", "tests.cli.fake_installation")),
                    str(data),
                    *(arguments or ("0",)),
                ],
                cwd=ROOT,
                env={
                    name: value
                    for name, value in os.environ.items()
                    if not name.endswith(("_URL", "_TOKEN"))
                }
                | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_ready(self) -> Endpoints:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            endpoints = read_endpoints(self.data)
            if endpoints is not None and endpoints.pid == self.process.pid:
                return endpoints
            assert self.process.poll() is None, self.output.read_text()
            time.sleep(0.02)
        raise AssertionError(self.output.read_text())

    def tree(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(20)
        return time.monotonic() - started


@pytest.fixture
def folder() -> Iterator[Path]:
    # Short, and open to the user as whom PostgreSQL runs: pytest's own folders are neither.
    path = Path(tempfile.mkdtemp(prefix="automator-up-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def up(folder: Path) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(
        *arguments: str,
        data: Path = folder / "data",
        command: tuple[str, ...] = (),
        **environment: str,
    ) -> Up:
        started.append(Up(data, *arguments, command=command, **environment))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.stop()


def named(processes: list[psutil.Process], name: str) -> psutil.Process:
    return next(one for one in processes if one.name().startswith(name))


def until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False


def answers(endpoints: Endpoints) -> bool:
    try:
        with psycopg.connect(endpoints.database_url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_up_is_ready_when_it_says_so_and_tells_where_in_a_private_file(
    up: Callable[..., Up],
) -> None:
    running = up()
    endpoints = running.wait_ready()
    assert answers(endpoints)
    with urlopen(f"{endpoints.api}/readyz") as response:
        assert response.status == 200
    mode = (running.data / "endpoints.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert running_installation(running.data) == endpoints
    assert until(lambda: "worker: the worker has something to say" in running.output.read_text())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_whole_tree_within_three_seconds(
    up: Callable[..., Up], number: signal.Signals
) -> None:
    running = up()
    running.wait_ready()
    tree = running.tree()
    assert running.stop(number) < 3
    assert running.process.returncode == 0
    assert alive(tree, patience=0.2) == []
    assert not list(running.data.rglob("*.sock"))
    assert not list(running.data.rglob(".s.PGSQL*"))
    assert running_installation(running.data) is None


def test_a_worker_that_ignores_the_signal_is_killed_in_time(up: Callable[..., Up]) -> None:
    running = up("0", "stubborn")
    running.wait_ready()
    tree = running.tree()
    assert running.stop() < 3.5
    assert alive(tree, patience=0.2) == []


def test_a_signal_that_was_ignored_from_the_start_stays_ignored(up: Callable[..., Up]) -> None:
    running = up(command=("nohup", sys.executable, "-m", "tests.cli.fake_installation"))
    endpoints = running.wait_ready()
    running.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert running.process.poll() is None
    assert answers(endpoints)


def test_each_program_is_told_its_own_secrets_and_a_port_of_its_own_for_its_meters() -> None:
    environment = {"METRICS_PORT": "9100", "METRICS_TOKEN": "x", "AUTOMATOR_TOKEN": "y", "A": "b"}
    environment |= {"MASTER_KEYS": "z", "MAIL_URL": "m"}
    told = {
        program.name: told_to(program, environment)
        for program in default_programs(listener=3, workers=1)
    }
    own = {"METRICS_TOKEN": "x", "AUTOMATOR_TOKEN": "y", "MASTER_KEYS": "z"}
    assert told["api"] == {**own, "A": "b"}
    for worker in ("worker-media", "worker-light"):
        assert told[worker].keys() - {"MAIL_URL"} == {"METRICS_PORT", "MASTER_KEYS", "A"}
    ports = {name: one.get("METRICS_PORT") for name, one in told.items()}
    assert ports == {
        "api": None,
        "steward": None,
        "worker-media": "9100",
        "worker-light": "9101",
        "relay": "9102",
    }
    assert {name for name, one in told.items() if "MAIL_URL" in one} == {"worker-light"}
    assert told["relay"] == {"METRICS_PORT": "9102", "A": "b"}
    # It writes to the owners of tenants that it removes.
    assert told["steward"] == {"MASTER_KEYS": "z", "A": "b"}


def test_only_the_steward_is_told_how_the_databases_owner_signs_in() -> None:
    cells = {"east": {"url": "postgresql://app@e", "admin_url": "postgresql://owner@e"}}
    environment = {"DATABASE_ADMIN_URL": "postgresql://owner@m", "CELLS": json.dumps(cells)}
    for program in default_programs(listener=3, workers=1):
        knows = "owner" in str(told_to(program, environment))
        assert knows == (program.name == "steward")


def test_a_second_up_says_where_the_first_one_is(up: Callable[..., Up]) -> None:
    first = up()
    endpoints = first.wait_ready()
    second = up()
    assert second.process.wait(10) == 1
    said = second.output.read_text()
    assert f"already running (pid {endpoints.pid}) at {endpoints.api}" in said
    assert answers(endpoints)


def test_a_killed_supervisor_takes_every_child_and_the_next_one_recovers(
    up: Callable[..., Up],
) -> None:
    running = up("0", "durable")
    endpoints = running.wait_ready()
    with psycopg.connect(endpoints.database_admin_url or "") as connection:
        connection.execute("CREATE TABLE kept (id int)")
    tree = running.tree()
    running.process.kill()
    running.process.wait()
    direct = [one for one in tree if "time.sleep(600)" not in " ".join(_command(one))]
    assert alive(direct, patience=5) == []
    assert running_installation(running.data) is None
    again = up().wait_ready()
    with psycopg.connect(again.database_admin_url or "") as connection:
        connection.execute("SELECT FROM kept")
    # What had no death signal of its own is ended by the next start at the latest.
    assert alive(tree, patience=0.5) == []


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _user(process: psutil.Process) -> int | None:
    try:
        return process.uids().real
    except psutil.Error:  # a server's helper that has just ended
        return None


@pytest.mark.parametrize("server", ["postgres", "valkey-server"])
def test_a_killed_server_runs_again_soon(up: Callable[..., Up], server: str) -> None:
    running = up()
    endpoints = running.wait_ready()
    name = {"postgres": "postgres", "valkey-server": "valkey"}[server]
    children = psutil.Process(running.process.pid).children()
    named(children, server).kill()
    assert until(lambda: f"{name} had died and runs again" in running.output.read_text())
    assert until(lambda: answers(endpoints))


def test_a_program_that_dies_is_started_again_less_and_less_often(up: Callable[..., Up]) -> None:
    running = up("0", "broken")
    running.wait_ready()
    assert until(lambda: running.output.read_text().count("a broken program has died") >= 2)
    time.sleep(1.5)
    assert running.output.read_text().count("a broken program has died") <= 4


def test_a_failing_migration_is_told_in_one_line_and_leaves_nothing(up: Callable[..., Up]) -> None:
    running = up("0", "old")
    assert running.process.wait(20) == 1
    assert "automator: migrate failed: no way" in running.output.read_text()
    assert running_installation(running.data) is None
    assert not list(running.data.rglob("*.sock"))


def test_an_explicit_port_that_is_taken_is_an_error_and_a_default_one_moves(
    up: Callable[..., Up], folder: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = up(str(port))
        assert refused.process.wait(20) == 1
        assert f"port {port} of 127.0.0.1 is taken" in refused.output.read_text()
    at_once = [up("any", data=folder / name) for name in ("one", "two")]
    one, two = (each.wait_ready() for each in at_once)
    assert one.api != two.api
    assert one.database_url != two.database_url
    assert answers(one)
    assert answers(two)


def test_an_address_that_is_not_ours_is_told_in_words(up: Callable[..., Up]) -> None:
    refused = up("0", "--host=203.0.113.1")
    assert refused.process.wait(20) == 1
    assert "Cannot assign requested address" in refused.output.read_text()


def test_a_program_that_cannot_be_started_is_tried_again(folder: Path) -> None:
    pump = LogPump()
    said: list[str] = []
    (folder / "logs").write_text("in the way")
    program = Program("sleeper", (sys.executable, "-c", "import time; time.sleep(60)"))
    child = Child(program, {}, folder / "logs" / "sleeper.log", pump, said.append)
    child.tick()
    assert "sleeper cannot be started: " in said[0]
    child.tick()
    assert len(said) == 1
    (folder / "logs").unlink()
    child._not_before = 0.0
    child.tick()
    assert child.process is not None
    child.finish(0.0)
    pump.close()


def test_programs_are_not_told_the_owners_of_cells(up: Callable[..., Up]) -> None:
    cells = {"second": {"url": "postgresql://second", "admin_url": "postgresql://owner"}}
    running = up("0", CELLS=json.dumps(cells))
    running.wait_ready()
    programs = seen(running.tree(), lambda one: (one.cmdline(), one.environ()))
    told = [environment.get("CELLS") for command, environment in programs if "-c" in command]
    assert told
    assert {str(cells) for cells in told} == {'{"second": {"url": "postgresql://second"}}'}


def test_servers_of_the_user_s_own_are_used_and_left_alone(
    up: Callable[..., Up], postgres: PostgresForTests, valkey: str
) -> None:
    made = postgres.create_installation()
    theirs = {
        "DATABASE_URL": made.database_url,
        "DATABASE_ADMIN_URL": made.database_admin_url,
        "REDIS_URL": valkey,
    }
    running = up("0", **theirs)
    endpoints = running.wait_ready()
    assert list(theirs.values()) == [
        endpoints.database_url,
        endpoints.database_admin_url,
        endpoints.redis_url,
    ]
    assert not [one for one in running.tree() if one.name() in ("postgres", "valkey-server")]
    running.stop()
    assert answers(endpoints)
    postgres.drop_installation(made)


@pytest.mark.parametrize("name", ["a folder with spaces", "x" * 150, "ünï'code"])
def test_any_name_will_do_for_the_data_folder(
    up: Callable[..., Up], folder: Path, name: str
) -> None:
    running = up(data=folder / name / "data")
    assert answers(running.wait_ready())
    assert running.stop() < 3


def test_a_data_folder_that_is_closed_to_others_will_do(
    up: Callable[..., Up], folder: Path
) -> None:
    (folder / "closed").mkdir(mode=0o700)
    running = up(data=folder / "closed" / "data")
    assert answers(running.wait_ready())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_can_run_it(up: Callable[..., Up], folder: Path) -> None:
    python = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/bin")
    if python is None or shutil.which("setpriv") is None:
        pytest.skip("no Python that other users reach")
    packages = next(entry for entry in sys.path if entry.endswith("site-packages"))
    home = folder / "home"
    home.mkdir()
    os.chown(home, 12345, 12345)  # a user without a name, the harder case
    as_user = ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups")
    told = ("env", f"PYTHONPATH={ROOT}:{packages}", "PYTHONDONTWRITEBYTECODE=1")
    module = (python, "-m", "tests.cli.fake_installation")
    running = up(data=home / "data", command=(*as_user, *told, *module))
    endpoints = running.wait_ready()
    assert answers(endpoints)
    assert {user for one in running.tree() if (user := _user(one)) is not None} == {12345}
    assert running.stop() < 3
