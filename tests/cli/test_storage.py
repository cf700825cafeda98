"""`automator storage check`, as an operator calls it."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from core.keys import source_key
from pipeline.plan.types import Graph
from tests.cli.test_operate import automator
from tests.servers import PostgresForTests
from tests.workers.stages import spec
from tests.workers.workshop import Workshop, workshop


@pytest.fixture
def quiet(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Workshop]:
    with workshop(postgres, "redis://nobody", tmp_path, tenant_count=2) as made:
        yield made


def test_what_is_lost_is_named_and_told_by_the_status(quiet: Workshop) -> None:
    for tenant in (0, 1):
        quiet.start(Graph((spec("noop.a"),)), tenant=tenant, with_asset=True)
    storage = quiet.installation.storage
    assert automator(quiet, "storage", "check").returncode == 0
    file = quiet.settings.data_dir / "left"
    file.write_text("of nobody")
    stranger = uuid4()
    storage.put(source_key(stranger, uuid4()), file)
    lost = next(
        stored.key for stored in storage.list("tenants")
        if str(quiet.places[1].tenant_id) in stored.key
    )  # fmt: skip
    storage.delete(lost)
    found = automator(quiet, "storage", "check", "--fix", "--json")
    assert found.returncode == 1, found.stderr
    report = json.loads(found.stdout)
    assert (report["missing"], report["rows"], report["objects"]) == (1, 2, 1)
    assert report["examples"][0]["key"] == lost
    assert report["strangers"] == {str(stranger): 1}
    slug = quiet.places[0].slug
    assert automator(quiet, "storage", "check", "--tenant", slug).returncode == 0
    told = automator(quiet, "storage", "check", "--tenant", quiet.places[1].slug)
    assert told.returncode == 1
    assert f"{lost}  is missing" in told.stdout
