"""Fixtures that every test may use: real servers, shared by the whole run."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from core.embedded import EmbeddedServers
from tests import emulators, servers
from tests.emulators import Emulator
from tests.playback import programs
from tests.servers import PostgresForTests

_ROOT = "AUTOMATOR_TEST_ROOT"
_SUPERUSER_URL = "AUTOMATOR_TEST_DATABASE_SUPERUSER_URL"
_REDIS_URL = "AUTOMATOR_TEST_REDIS_URL"

# Files of half a minute or so, the longest first: one that began last would end long after others.
_LONGEST = (
    "tests/workers/test_worker.py",
    "tests/pipeline/test_recipe.py",
    "tests/cli/test_process.py",
    "tests/playback/test_validity.py",
    "tests/cli/test_doctor.py",
    "tests/api/test_event_streams.py",
    "tests/cli/test_up.py",
    "tests/core/test_gcs_storage.py",
    "tests/workers/test_recovery.py",
    "tests/services/test_ledger.py",
    "tests/core/embedded/test_servers.py",
    "tests/services/test_backup.py",
    "tests/chaos/test_kills.py",
)

# The same examples in every run, however busy the machine is.
settings.register_profile("fixed", deadline=None, derandomize=True)
settings.load_profile("fixed")


def pytest_report_header() -> str:
    """Names the programs that packages of media are held against."""
    versions = (f"{name} {version}" for name, version in programs.versions().items())
    return f"packages: {', '.join(versions)}"


def pytest_configure(config: pytest.Config) -> None:
    """Gives the run, with all its processes, one folder for its servers."""
    # Shells start what runs in the background deaf to it, and so would be all that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Half the size of the weights that people get, and a quarter of the time.
    os.environ.setdefault("ASR_MODEL", "tiny.en")
    # Tests of clips ask for them: they would be half of what a whole run costs.
    os.environ.setdefault("CLIPS_PER_FILM", "0")
    if not hasattr(config, "workerinput"):
        root = Path(tempfile.mkdtemp(prefix="automator-test-", dir="/tmp"))  # sockets: short
        root.chmod(0o711)
        os.environ[_ROOT] = str(root)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the files that take longest."""
    place = {name: number for number, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Waits until the servers are gone."""
    if not hasattr(config, "workerinput") and _ROOT in os.environ:
        servers.remove(Path(os.environ.pop(_ROOT)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresForTests]:
    """A PostgreSQL server for the whole run: the user's own if the environment names one."""
    if url := os.environ.get(_SUPERUSER_URL):
        yield PostgresForTests(url)
        return
    with servers.shared_servers(Path(os.environ[_ROOT])) as urls:
        assert urls.database_superuser_url is not None
        yield PostgresForTests(urls.database_superuser_url)


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """The address of a Valkey of this test process's own."""
    if url := os.environ.get(_REDIS_URL):
        yield url
        return
    folder = Path(os.environ[_ROOT]) / f"valkey-{os.getpid()}"
    with EmbeddedServers(folder, postgres=False, durable=False) as urls:
        assert urls.redis_url is not None
        yield urls.redis_url


@pytest.fixture
def valkey(valkey_server: str) -> str:
    """The address of an empty Valkey."""
    import redis

    client = redis.Redis.from_url(valkey_server)
    client.flushall()
    client.close()
    return valkey_server


@pytest.fixture(scope="session")
def fake_gcs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator of cloud storage: see `tests.emulators`."""
    with emulators.fake_gcs_server(tmp_path_factory.mktemp("fake-gcs-server")) as running:
        yield running


@pytest.fixture(scope="session")
def gcp_storage_emulator() -> Iterator[Emulator]:
    """Another one."""
    with emulators.gcp_storage_emulator() as running:
        yield running
