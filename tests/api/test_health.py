"""Whether an installation is ready, with parts that are stopped, dead or in the way."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from core.database import RoleNames, connect
from core.embedded import EmbeddedServers
from core.settings import Settings
from services.migrations import migrate
from tests.api.serving import serve
from tests.workers.workshop import until

READY = {"database": True, "migrated": True, "broker": True, "storage": True, "room": True}


@pytest.fixture(scope="module")
def apart() -> Iterator[Settings]:
    """An installation with servers of its own, which may be stopped."""
    folder = Path(tempfile.mkdtemp(prefix="automator-health-", dir="/tmp"))
    folder.chmod(0o711)
    with EmbeddedServers(folder / "data", durable=False) as urls:
        made = Settings(
            data_dir=folder / "data",
            database_url=urls.database_url,
            database_admin_url=urls.database_admin_url,
            redis_url=urls.redis_url,
            storage_url=(folder / "storage").as_uri(),
            free_space_reserve_bytes=0,
            metrics_token=SecretStr("meters"),
        )
        migrate(made)
        yield made
    shutil.rmtree(folder)


@contextmanager
def stopped(name: str, settings: Settings) -> Iterator[None]:
    """Every process of a server of ours stands still in the block."""
    mine = [
        process
        for process in psutil.Process().children(recursive=True)
        if process.name().startswith(name)
        and (name != "postgres" or str(settings.data_dir) in " ".join(family(process)))
    ]
    assert mine
    for process in mine:
        process.suspend()
    try:
        yield
    finally:
        for process in mine:
            process.resume()


def family(process: psutil.Process) -> list[str]:
    """What a process and those above it were started with."""
    return [part for one in (process, *process.parents()) for part in one.cmdline()]


def parts(client: TestClient) -> tuple[int, dict[str, object], float]:
    """What /readyz answers, without slots, and in how many seconds."""
    began = time.monotonic()
    answer = client.get("/readyz")
    told = answer.json()
    told.pop("slots")
    return answer.status_code, told, time.monotonic() - began


def metrics(client: TestClient) -> str:
    """What /metrics tells whoever has its token."""
    answer = client.get("/metrics", headers={"Authorization": "Bearer meters"})
    assert answer.status_code == 200
    return answer.text


def ready(client: TestClient) -> Callable[[], bool]:
    return lambda: parts(client)[:2] == (200, READY)


def test_a_database_that_hangs_is_told_within_two_seconds_and_keeps_nothing_else(
    apart: Settings,
) -> None:
    with serve(apart) as client:
        until(ready(client), 5, "ready")
        time.sleep(1)
        with stopped("postgres", apart):
            for _ in range(3):
                status, told, seconds = parts(client)
                assert (status, told) == (503, {**READY, "database": False, "migrated": False})
                assert seconds < 2.2
            # A part that is known to hang is not waited for again.
            assert parts(client)[2] < 0.5
            began = time.monotonic()
            assert client.get("/healthz").status_code == 200
            assert time.monotonic() - began < 0.5
            began = time.monotonic()
            told_text = metrics(client)
            assert time.monotonic() - began < 2.2
            assert 'cell_up{cell="main"} 0.0' in told_text
            assert "http_requests_total" in told_text
        until(ready(client), 5, "ready again")
        until(lambda: 'cell_up{cell="main"} 1.0' in metrics(client), 7, "the cell is measured")


def test_a_broker_that_hangs_is_told_within_two_seconds(apart: Settings) -> None:
    with serve(apart) as client:
        until(ready(client), 5, "ready")
        time.sleep(1)
        with stopped("valkey", apart):
            status, told, seconds = parts(client)
            assert (status, told) == (503, {**READY, "broker": False})
            assert seconds < 2.2
        until(ready(client), 5, "ready again")


def test_storage_that_takes_no_files_is_told(apart: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "storage"
    other = apart.model_copy(update={"storage_url": folder.as_uri()})
    with serve(other) as client:
        until(ready(client), 5, "ready")
        assert [path for path in folder.rglob("*") if path.is_file()] == []
        folder.rename(tmp_path / "elsewhere")
        folder.write_text("in the way")
        until(lambda: parts(client)[0] == 503, 3, "not ready")
        assert parts(client)[1] == {**READY, "storage": False, "room": False}
        folder.unlink()
        (tmp_path / "elsewhere").rename(folder)
        until(ready(client), 3, "ready again")


def test_without_room_the_rest_is_served(apart: Settings) -> None:
    full = apart.model_copy(update={"free_space_reserve_bytes": 1 << 60})
    with serve(full) as client:
        assert parts(client)[:2] == (200, {**READY, "room": False})
        assert client.get("/v1/runs").status_code == 200


@pytest.mark.parametrize("branch", ["directory", "cell"])
def test_a_database_at_an_older_revision_is_not_ready_and_at_a_newer_one_is(
    apart: Settings, branch: str
) -> None:
    assert apart.database_admin_url is not None
    with connect(apart.database_admin_url) as owner:
        owner.execute(f'SET ROLE "{RoleNames.of(owner.info.dbname).migrator}"'.encode())
        table = f"{branch}.alembic_version".encode()
        known = owner.execute(b"SELECT version_num FROM " + table).fetchone()
        assert known is not None
        try:
            with serve(apart) as client:
                owner.execute(b"UPDATE " + table + b" SET version_num = '0001'")
                assert parts(client)[:2] == (503, {**READY, "migrated": False})
                owner.execute(b"UPDATE " + table + b" SET version_num = '9999'")
                until(ready(client), 3, "ready")
        finally:
            owner.execute(b"UPDATE " + table + b" SET version_num = %s", known)


def test_what_is_told_names_no_address_and_no_password(apart: Settings) -> None:
    with serve(apart) as client:
        told = client.get("/readyz").text
    for secret in (apart.database_url, apart.redis_url, str(apart.data_dir)):
        assert secret is not None
        assert secret not in told
