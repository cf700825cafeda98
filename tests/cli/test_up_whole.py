"""`automator up` with everything in it: the real API, relay and workers."""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psutil
import pytest

from cli.endpoints import running_installation, start_installation
from core.errors import Unavailable
from tests.processes import alive, in_memory, seen

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL", "STORAGE_URL"):
        monkeypatch.delenv(name, raising=False)
    path = Path(tempfile.mkdtemp(prefix="automator-whole-", dir="/tmp"))
    path.chmod(0o711)
    yield path / "data"
    shutil.rmtree(path)


def test_an_installation_serves_weighs_little_and_leaves_nothing(data: Path) -> None:
    with start_installation(data, workers=1) as endpoints:
        assert running_installation(data) == endpoints
        assert endpoints.links == "http://127.0.0.1:8000" != endpoints.api
        request = Request(
            f"{endpoints.api}/v1/runs", headers={"Authorization": f"Bearer {endpoints.token}"}
        )
        with urlopen(request) as response:
            assert response.status == 200
        supervisor = psutil.Process(endpoints.pid)
        tree = [supervisor, *supervisor.children(recursive=True)]
        assert sum(seen(tree, lambda one: one.memory_full_info().pss)) < 600e6
        began = time.monotonic()
    assert time.monotonic() - began < 6  # three on a machine that does nothing else
    assert alive(tree) == []
    assert not list(data.rglob("*.sock"))
    assert running_installation(data) is None


def test_secrets_reach_no_log_and_only_the_programs_that_need_them(data: Path) -> None:
    with start_installation(data, workers=1) as endpoints:
        tree = psutil.Process(endpoints.pid).children(recursive=True)
        told = seen(tree, lambda one: (one.cmdline(), one.environ()))
        assert len(told) > 5
        for command, known in told:
            assert endpoints.token not in " ".join(command)
            assert "AUTOMATOR_TOKEN" not in known
            assert "MEDIA_SECRET" not in known
            assert "MASTER_KEYS" not in known
            assert "DATABASE_ADMIN_URL" not in known
        # What begins together shows no environment of its own: its memory is looked through.
        programs = {one.name(): one.pid for one in psutil.Process(endpoints.pid).children()}
        names = ("api", "relay", "worker-media", "worker-light")
        knowing = [name for name in names if in_memory(programs[name], endpoints.token)]
        assert knowing == ["api"]
        kept = json.loads((data / "secrets.json").read_text())
        media, master = kept["media"], kept["master"]
        assert [name for name in names if in_memory(programs[name], media)] == ["api"]
        knowing = [name for name in names if in_memory(programs[name], master)]
        assert knowing == ["api", "worker-media", "worker-light"]
        owner = urlsplit(endpoints.database_admin_url or "").password or endpoints.token
        assert not [name for name in names[1:] if in_memory(programs[name], owner)]
    secrets = {endpoints.token, media, master, urlsplit(endpoints.database_url).password}
    logs = {path.name: path.read_text() for path in (data / "logs").iterdir()}
    assert {"up.log", "api.log", "worker-media.log"} <= logs.keys()
    assert not [name for name, text in logs.items() if any(str(one) in text for one in secrets)]
    assert not [name for name, text in logs.items() if "Warning" in text]


def test_a_killed_supervisor_takes_the_real_programs_with_it(data: Path) -> None:
    with start_installation(data) as endpoints:
        supervisor = psutil.Process(endpoints.pid)
        tree = supervisor.children(recursive=True)
        supervisor.kill()
        assert alive(tree, patience=8) == []
    with start_installation(data) as again:
        assert again.database_url == endpoints.database_url


def test_an_installation_that_cannot_start_says_why(data: Path) -> None:
    with (
        start_installation(data),
        pytest.raises(Unavailable, match="already running"),
        start_installation(data),
    ):
        pass
