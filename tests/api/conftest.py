"""An installation for the tests of a module, and a client of its API."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from core.settings import Settings
from services.migrations import migrate
from tests.api.serving import serve
from tests.servers import PostgresForTests


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresForTests, valkey_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """An installation of this module's own, migrated."""
    made = postgres.create_installation()
    folder = tmp_path_factory.mktemp("installation")
    found = Settings(
        data_dir=folder,
        database_url=made.database_url,
        database_admin_url=made.database_admin_url,
        redis_url=valkey_server,
        storage_url=(folder / "storage").as_uri(),
        free_space_reserve_bytes=0,
    )
    migrate(found)
    yield found
    postgres.drop_installation(made)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """A client with the right token."""
    with serve(settings) as found:
        yield found
