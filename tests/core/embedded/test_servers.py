"""The pair of servers: what survives, and who gets in."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from core.embedded import EmbeddedServers
from core.errors import Conflict, Misconfigured


@pytest.fixture
def data() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="automator-servers-", dir="/tmp"))
    path.chmod(0o711)
    yield path / "data"
    shutil.rmtree(path)


def test_what_is_written_is_there_after_a_stop_and_a_start(data: Path) -> None:
    with EmbeddedServers(data) as urls:
        with psycopg.connect(urls.database_admin_url or "") as owner:
            owner.execute("CREATE TABLE kept AS SELECT 42 AS number")
        with redis.Redis.from_url(urls.redis_url or "") as client:
            client.set("kept", 42)
    with EmbeddedServers(data) as again:
        assert again == urls
        with psycopg.connect(again.database_admin_url or "") as owner:
            assert owner.execute("SELECT number FROM kept").fetchone() == (42,)
        with redis.Redis.from_url(again.redis_url or "") as client:
            assert client.get("kept") == b"42"


def test_nobody_enters_without_a_password_and_the_sockets_are_closed_to_others(data: Path) -> None:
    others = set(psutil.Process().children())  # servers that tests share
    with EmbeddedServers(data, durable=False) as urls:
        host = (urls.database_url or "").split("host=")[1]
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(f"postgresql://postgres@/postgres?host={host}", passfile="/nowhere")
        for folder in (Path(host), data / "run" / "valkey", data / "postgres", data / "valkey"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((data / "secrets.json").stat().st_mode) == 0o600
        ours = set(psutil.Process().children()) - others
        assert len(ours) == 2
        for process in ours:
            assert process.net_connections(kind="inet") == []


def test_the_second_of_two_starts_is_refused(data: Path) -> None:
    with EmbeddedServers(data, durable=False), pytest.raises(Conflict, match="already running"):
        EmbeddedServers(data, durable=False).start()
    assert not list(data.rglob("*.sock"))


def test_servers_die_with_the_process_that_started_them(data: Path) -> None:
    code = (
        "import os, signal, sys, time; from pathlib import Path;"
        "from core.embedded import EmbeddedServers;"
        f"EmbeddedServers(Path({str(data)!r})).start(); print('up', flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"up\n"
    servers = psutil.Process(parent.pid).children(recursive=True)
    parent.kill()
    parent.communicate()
    assert psutil.wait_procs(servers, timeout=5)[1] == []
    with EmbeddedServers(data):
        pass


def test_backends_that_survive_their_postmaster_are_ended_before_the_next_start(
    data: Path,
) -> None:
    servers = EmbeddedServers(data)
    urls = servers.start()
    try:
        busy = psycopg.connect(urls.database_url or "")
        backend = psutil.Process(busy.info.backend_pid)
        # A stopped backend is one that cannot notice by itself.
        backend.send_signal(signal.SIGSTOP)
        assert servers.postgres is not None
        assert servers.postgres.process is not None
        servers.postgres.process.kill()
        servers.postgres.process.wait()
        assert servers.revive() == ["postgres"]
        assert psutil.wait_procs([backend], timeout=5)[1] == []
        busy.close()
        with psycopg.connect(urls.database_url or "") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        servers.stop()


def test_a_stranger_who_has_the_number_of_a_dead_server_does_no_harm(data: Path) -> None:
    with EmbeddedServers(data):
        kept = (data / "postgres" / "postmaster.pid").read_text()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        _, rest = kept.split("\n", 1)
        (data / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{rest}")
        with EmbeddedServers(data):
            pass
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_valkey_with_damaged_files_starts_empty_rather_than_not_at_all(data: Path) -> None:
    with (
        EmbeddedServers(data, postgres=False) as urls,
        redis.Redis.from_url(urls.redis_url or "") as client,
    ):
        client.set("a", "b")
    for path in (data / "valkey").rglob("*.aof"):
        path.write_bytes(b"rubbish" * 100)
    with (
        EmbeddedServers(data, postgres=False) as urls,
        redis.Redis.from_url(urls.redis_url or "") as client,
    ):
        assert client.dbsize() == 0
    assert (data / "valkey.damaged").is_dir()


def test_lost_passwords_are_told_in_words(data: Path) -> None:
    with EmbeddedServers(data, valkey=False):
        pass
    (data / "secrets.json").unlink()
    with pytest.raises(Misconfigured, match=r"secrets\.json"):
        EmbeddedServers(data, valkey=False).start()


def test_files_of_another_major_version_are_told_in_words(data: Path) -> None:
    with EmbeddedServers(data, valkey=False):
        pass
    (data / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(Misconfigured, match="made by PostgreSQL 17"):
        EmbeddedServers(data, valkey=False).start()


@pytest.mark.parametrize(
    ("file", "said"), [("postgres/PG_VERSION", "no database"), ("secrets.json", "is damaged")]
)
def test_files_that_are_damaged_are_told_in_words(data: Path, file: str, said: str) -> None:
    with EmbeddedServers(data, valkey=False):
        pass
    (data / file).unlink()
    if file == "secrets.json":
        (data / file).write_text('{"superuser": "ab')
    with pytest.raises(Misconfigured, match=said):
        EmbeddedServers(data, valkey=False).start()


def test_an_interrupted_creation_is_done_again(data: Path) -> None:
    half = data / "postgres.new"
    half.mkdir(parents=True)
    data.chmod(0o711 if os.geteuid() == 0 else 0o700)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedServers(data, valkey=False) as urls, psycopg.connect(urls.database_url or ""):
        pass
    assert not half.exists()


def test_a_warm_start_and_a_stop_take_a_moment(data: Path) -> None:
    with EmbeddedServers(data):
        pass
    began = time.monotonic()
    servers = EmbeddedServers(data)
    servers.start()
    started = time.monotonic()
    servers.stop()
    assert started - began < 2
    assert time.monotonic() - started < 2
