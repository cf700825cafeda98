"""Workers and relays as real processes on real servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.plan.types import Graph
from tests.servers import PostgresForTests
from tests.workers.stages import spec
from tests.workers.workshop import Workshop, workshop


@pytest.fixture
def shop(postgres: PostgresForTests, valkey: str, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(postgres, valkey, tmp_path) as made:
        yield made


def test_a_run_goes_through_its_graph_and_chooses_its_artifacts(shop: Workshop) -> None:
    shop.relay()
    shop.worker(slots=2)
    graph = Graph(
        (spec("burn.a"), spec("burn.b"), spec("burn.c", needs=("burn.a", "burn.b"), files=2))
    )
    run = shop.start(graph, with_asset=True)
    assert shop.ended(run) == ["done"]
    assert [(stage, path) for stage, path, _ in shop.digests(run)] == [
        ("burn.a", "0.txt"),
        ("burn.b", "0.txt"),
        ("burn.c", "0.txt"),
        ("burn.c", "1.txt"),
    ]
    assert list((shop.settings.data_dir / "scratch").glob("*/*/*")) == []
