"""An installation for each test, on the run's servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.media_samples import sample
from tests.servers import PostgresForTests
from tests.workers.workshop import Workshop, workshop

__all__ = ["sample", "shop"]


@pytest.fixture
def shop(postgres: PostgresForTests, valkey: str, tmp_path: Path) -> Iterator[Workshop]:
    """One tenant, a relay, and no worker yet."""
    with workshop(postgres, valkey, tmp_path) as made:
        made.relay()
        yield made
