"""Emulators of cloud storage, one of each for a test process."""

from collections.abc import Iterator

import pytest

from tests import emulators
from tests.emulators import Emulator


@pytest.fixture(scope="session")
def fake_gcs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """See `tests.emulators`."""
    with emulators.fake_gcs_server(tmp_path_factory.mktemp("fake-gcs-server")) as running:
        yield running


@pytest.fixture(scope="session")
def gcp_storage_emulator() -> Iterator[Emulator]:
    """See `tests.emulators`."""
    with emulators.gcp_storage_emulator() as running:
        yield running
