"""What is measured agrees with the ledger, and stays small however much there is."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from core.database import Database
from core.settings import Settings
from services import measures, usage
from services.health import OTHERS, Watch
from services.measures import Measure
from tests.installations import Planted, as_owner, database, installation, plant
from tests.servers import PostgresForTests


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with installation(postgres, Path(tmp_path_factory.mktemp("data"))) as made:
        yield made


@pytest.fixture(scope="module")
def planted(settings: Settings) -> list[Planted]:
    return [plant(settings, f"tenant-{number}") for number in range(3)]


@pytest.fixture
def cell(settings: Settings) -> Iterator[Database]:
    found = database(settings)
    yield found
    found.dispose()


def numbers(found: list[Measure]) -> dict[tuple[str, str, int | None], float]:
    return {(one.name, one.part, one.class_): one.value for one in found}


def fill(settings: Settings, planted: Planted, *, count: int, state: str, class_: int = 0) -> None:
    """Stages of a planted run, a second apart in age; the last is `count` seconds old."""
    due = "now()" if state == "delayed" else "NULL"
    with as_owner(settings) as (connection, _):
        connection.execute(
            "INSERT INTO cell.stage_runs (tenant_id, run_id, lane, name, queue, class, state,"
            f" ready_at, due_at) SELECT t.tenant_id, %s, t.lane, %s || g, 'gpu', %s, %s,"
            f" now() - (%s - g) * interval '1 second', {due}"
            " FROM cell.tenants t CROSS JOIN generate_series(0, %s - 1) g WHERE t.tenant_id = %s",
            [planted.run, uuid4().hex, class_, state, count, count, planted.id],
        )


def test_depths_and_ages_are_those_of_the_ledger(
    settings: Settings, planted: list[Planted], cell: Database
) -> None:
    fill(settings, planted[0], count=5, state="ready")
    fill(settings, planted[1], count=90, state="ready", class_=1)
    fill(settings, planted[2], count=7, state="delayed")
    found = numbers(measures.ledger(cell))
    assert found["ready", "gpu", 0] == 5
    assert found["ready", "gpu", 1] == 90
    assert found["delayed", "gpu", 0] == 7
    assert found["running", "gpu", 0] == 0
    # The oldest belongs to the second tenant's batch.
    assert 90 <= found["oldest_ready_seconds", "gpu", None] < 150
    assert found["oldest_ready_seconds", "media", None] == 0
    assert found["open", "gpu", None] == 1
    assert (found["slots", "gpu", None], found["workers", "gpu", None]) == (0, 0)
    assert found["periodic_failed", "prune_events", None] == 0
    assert ("periodic_ended", "prune_events", None) not in found


def test_counts_stop_at_the_limit_and_the_oldest_is_found_all_the_same(
    settings: Settings, planted: list[Planted], cell: Database
) -> None:
    fill(settings, planted[2], count=600, state="ready")
    found = numbers(measures.ledger(cell, limit=100))
    assert found["ready", "gpu", 0] == 100
    assert 600 <= found["oldest_ready_seconds", "gpu", None] < 660


def test_what_is_used_is_added_up_for_the_tenant_that_uses_it(
    planted: list[Planted], cell: Database
) -> None:
    first, second, _ = planted
    for tenant, count in ((first, 100), (second, 7), (first, 20)):
        with cell.tenant_scope(tenant.id) as session:
            usage.add(session, uploaded_bytes=count, media_seconds=count / 2)
    found = {one.tenant_id: one for one in measures.usage(cell)}
    assert (found[first.id].uploaded_bytes, found[first.id].media_seconds) == (120, 60.0)
    assert found[second.id].uploaded_bytes == 7


def test_a_thousand_tenants_have_few_names_and_nobody_is_lost(
    settings: Settings, planted: list[Planted], cell: Database
) -> None:
    with cell.tenant_scope(planted[0].id) as session:
        usage.add(session, uploaded_bytes=10**9)
    with as_owner(settings) as (connection, _):
        connection.execute(
            "WITH made AS (INSERT INTO cell.tenants (tenant_id, schema_version)"
            " SELECT gen_random_uuid(), 'other' FROM generate_series(1, 1000) RETURNING *)"
            " INSERT INTO cell.usage SELECT tenant_id, lane, 1 FROM made"
        )
        total = connection.execute("SELECT sum(uploaded_bytes) FROM cell.usage").fetchone()
    assert total is not None
    found = measures.usage(cell)
    assert len(found) <= 2 * measures.NAMED_TENANTS + 1
    assert sum(one.uploaded_bytes for one in found) == total[0]
    watch = Watch(settings)
    try:
        told = {one.tenant: one for one in watch.usage()}
    finally:
        watch.close()
    # The others of this test stand in no directory, so they have no name.
    assert told["tenant-0"].uploaded_bytes >= 10**9
    assert told[OTHERS].media_seconds >= 960
    assert len(told) <= 2 * measures.NAMED_TENANTS + 1


def test_the_revisions_of_the_shared_branches_are_told(cell: Database) -> None:
    from models.migrations import versions

    for branch in ("directory", "cell"):
        assert measures.revision(cell, branch) == versions(branch)[-1]
