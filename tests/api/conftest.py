"""An installation for the tests of a module, and a client of its API."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from api import remembered, signing_in
from core.settings import Settings
from services import passwords
from services.migrations import migrate
from tests.api.serving import serve
from tests.installations import MASTER_KEY
from tests.servers import PostgresForTests
from workers import steward

_WAITS = (
    (signing_in, "_EVEN_SECONDS", 0.0),
    (remembered, "_FRESH_SECONDS", 0.3),
    (steward, "_LOOK_SECONDS", 0.1),
    (steward, "_PURGE_SECONDS", 0.2),
)
_PRODUCT_WAITS = [getattr(module, name) for module, name, _ in _WAITS]


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
        master_keys=MASTER_KEY,
        # All tests come from one address.
        rate_limits={"sign-in": 0, "sign-up": 0, "sign-up-network": 0, "sign-in-network": 0},
    )
    migrate(found)
    yield found
    postgres.drop_installation(made)


@pytest.fixture(autouse=True, scope="session")
def _quick_passwords() -> Iterator[None]:
    """Real digests, with less work in them: test_passwords has those that the product makes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(1, 8 * 1024, 1))
        yield


@pytest.fixture(autouse=True, scope="session")
def _quick_waits() -> Iterator[None]:
    """Shorter waits of applications and stewards in this process, for who does not test those."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, seconds in _WAITS:
            patch.setattr(module, name, seconds)
        yield


@pytest.fixture
def waits_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits that the product has."""
    for (module, name, _), seconds in zip(_WAITS, _PRODUCT_WAITS, strict=True):
        monkeypatch.setattr(module, name, seconds)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """A client with the right token."""
    with serve(settings) as found:
        yield found
