"""What the tests of this folder share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import sandbox
from tests.hostile.canary import Canary
from tests.hostile.canary import canary as watched
from tests.media_samples import sample

__all__ = ["sample"]


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    """A secret file and a server that nobody may touch."""
    folder = tmp_path / "outside"
    folder.mkdir()
    with watched(folder) as found:
        yield found


@pytest.fixture
def without_namespaces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Children see the machine's own network, as they do where the kernel gives no other."""
    monkeypatch.setattr(sandbox, "_namespaces", lambda *_: ())
    sandbox._chain.cache_clear()
    assert not sandbox.sandbox_report().own_network
    yield
    sandbox._chain.cache_clear()
