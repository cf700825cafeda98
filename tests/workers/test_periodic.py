"""Periodic work, as rows of the ledger."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from core.folder_storage import FolderStorage
from core.keys import artifact_prefix, source_key
from pipeline.plan.types import Graph
from services import ledger_workers
from services.migrations import tenant_versions
from services.uploads import spool_root
from tests.servers import PostgresForTests
from tests.workers.stages import spec
from tests.workers.workshop import Workshop, until, workshop
from workers import periodic

DAY = 24 * 3600.0


@pytest.fixture
def quiet(postgres: PostgresForTests, tmp_path: Path) -> Iterator[Workshop]:
    """Neither relay nor worker."""
    with workshop(postgres, "redis://nobody", tmp_path) as made:
        yield made


JOBS = {
    "prune_audit", "prune_events", "collect_artifacts", "collect_people", "collect_uploads",
    "collect_trash",
    "prune_deliveries", "prune_idempotency_keys", "reconcile_storage",
}  # fmt: skip


def age(shop: Workshop, seconds: float) -> None:
    """Make every stored file older."""
    assert isinstance(shop.installation.storage, FolderStorage)
    for path in shop.installation.storage.root.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - seconds,) * 2)


def keys(shop: Workshop) -> set[str]:
    return {stored.key for stored in shop.installation.storage.list("tenants")}


def test_work_that_is_due_is_claimed_once_and_is_due_again_later(quiet: Workshop) -> None:
    database = quiet.installation.cell()
    claims = [ledger_workers.claim_periodic(database, lease_seconds=5) for _ in JOBS]
    first = claims[0]
    assert first is not None
    assert {claim.name for claim in claims if claim} == JOBS
    assert ledger_workers.claim_periodic(database, lease_seconds=5) is None
    assert ledger_workers.finish_periodic(database, first, error=None)
    assert not ledger_workers.finish_periodic(database, first, error=None)
    assert ledger_workers.claim_periodic(database, lease_seconds=5) is None


def test_periodic_work_of_a_dead_worker_is_taken_over(quiet: Workshop) -> None:
    database = quiet.installation.cell()
    for _ in JOBS:
        assert ledger_workers.claim_periodic(database, lease_seconds=0.2) is not None
    time.sleep(0.3)
    again = ledger_workers.claim_periodic(database, lease_seconds=5)
    assert again is not None
    assert again.attempt == 2


def test_a_worker_of_the_light_queue_does_what_is_due(shop: Workshop) -> None:
    shop.worker("light")
    until(
        lambda: (
            shop.one("SELECT count(*) FROM cell.periodic WHERE finished_at IS NOT NULL")
            == len(JOBS)
        ),
        15,
        "periodic work is done",
    )
    assert shop.one("SELECT count(*) FROM cell.periodic WHERE error IS NOT NULL") == 0


def test_events_older_than_a_day_are_forgotten_and_numbers_go_on(quiet: Workshop) -> None:
    quiet.rows(
        "INSERT INTO cell.events (tenant_id, seq, kind, at) SELECT %(tenant)s, n, 'old',"
        " now() - interval '25 hours' FROM generate_series(1, 10) n RETURNING 1",
        tenant=quiet.places[0].tenant_id,
    )
    database, storage = quiet.installation.cell(), quiet.installation.storage
    spool = spool_root(quiet.settings, storage)
    done = periodic.run_due(database, storage, spool, tuple(tenant_versions()))
    assert "prune_events" in done
    assert quiet.one("SELECT count(*) FROM cell.events") == 0


def test_deliveries_of_more_than_a_month_ago_are_forgotten(quiet: Workshop) -> None:
    (row,) = quiet.rows(
        "INSERT INTO cell.webhooks (tenant_id, url, kinds, secret, seq)"
        " VALUES (%(tenant)s, 'https://a.example/', '{run.done}', 'sealed', 0) RETURNING id",
        tenant=quiet.places[0].tenant_id,
    )
    quiet.rows(
        "INSERT INTO cell.deliveries (tenant_id, webhook_id, seq, kind, body, created_at) SELECT"
        " %(tenant)s, %(hook)s, n, 'run.done', '{}', now() - n * interval '10 days'"
        " FROM generate_series(1, 4) n RETURNING 1",
        tenant=quiet.places[0].tenant_id,
        hook=row[0],
    )
    database, storage = quiet.installation.cell(), quiet.installation.storage
    spool = spool_root(quiet.settings, storage)
    done = periodic.run_due(database, storage, spool, tuple(tenant_versions()))
    assert "prune_deliveries" in done
    assert quiet.rows("SELECT seq FROM cell.deliveries ORDER BY seq") == [(1,), (2,)]


def test_only_what_nobody_chose_or_wants_any_more_is_collected(shop: Workshop) -> None:
    shop.worker()
    graph = Graph((spec("burn.a"),))
    run = shop.start(graph, with_asset=True)
    assert shop.ended(run) == ["done"]
    chosen = keys(shop)
    storage, tenant = shop.installation.storage, shop.places[0].tenant_id
    left = shop.settings.data_dir / "left"
    left.write_text("of an attempt that was overtaken")
    orphan = artifact_prefix(tenant, "burn.a", "ab", 1, tenant) + "/0.txt"
    storage.put(orphan, left)
    database = shop.installation.cell()
    assert sum(periodic.collect_tenant(database, storage, tenant)) == 0
    age(shop, DAY + 60)
    assert sum(periodic.collect_tenant(database, storage, tenant)) == 1
    assert keys(shop) == chosen
    supersede(shop, "23 hours")
    assert sum(periodic.collect_tenant(database, storage, tenant)) == 0
    supersede(shop, "25 hours")
    assert sum(periodic.collect_tenant(database, storage, tenant)) == 1
    assert {key.split("/")[2] for key in keys(shop)} == {"sources"}


def test_an_upload_that_no_asset_names_is_collected_after_a_day(quiet: Workshop) -> None:
    quiet.start(Graph((spec("burn.a"),)), with_asset=True)
    named = keys(quiet)
    database, storage = quiet.installation.cell(), quiet.installation.storage
    tenant = quiet.places[0].tenant_id
    left = quiet.settings.data_dir / "left"
    left.write_text("of an upload whose row was never written")
    storage.put(source_key(tenant, uuid4()), left)
    assert sum(periodic.collect_tenant(database, storage, tenant)) == 0
    age(quiet, DAY + 60)
    assert sum(periodic.collect_tenant(database, storage, tenant)) == 1
    assert keys(quiet) == named


def test_a_tenant_whose_files_cannot_be_collected_keeps_no_other_waiting(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    with workshop(postgres, "redis://nobody", tmp_path, tenant_count=2) as shop:
        database, storage = shop.installation.cell(), shop.installation.storage
        left = shop.settings.data_dir / "left"
        left.write_text("of nobody")
        first, *_, second = ledger_workers.tenant_ids(database, tuple(tenant_versions()))
        for tenant in (first, second):
            storage.put(source_key(tenant, uuid4()), left)
        age(shop, DAY + 60)
        with shop.superuser() as connection:
            connection.execute(f"DROP TABLE t_{first.hex}.artifacts CASCADE")
        spool = spool_root(shop.settings, storage)
        periodic.run_due(database, storage, spool, tuple(tenant_versions()))
        assert {key.split("/")[1] for key in keys(shop)} == {str(first)}
        error = shop.one("SELECT error FROM cell.periodic WHERE name = 'collect_artifacts'")
        assert "not collected" in error


def supersede(shop: Workshop, ago: str) -> None:
    schema = f"t_{shop.places[0].tenant_id.hex}"
    shop.rows(
        f"UPDATE {schema}.artifacts SET superseded_at = now() - %(ago)s::interval RETURNING 1",
        ago=ago,
    )


def test_what_the_store_has_lost_stands_where_operators_look(quiet: Workshop) -> None:
    quiet.start(Graph((spec("burn.a"),)), with_asset=True)
    database, storage = quiet.installation.cell(), quiet.installation.storage
    spool = spool_root(quiet.settings, storage)
    periodic.run_due(database, storage, spool, tuple(tenant_versions()))
    error = "SELECT error FROM cell.periodic WHERE name = 'reconcile_storage'"
    assert quiet.one(error) is None
    (key,) = keys(quiet)
    storage.delete(key)
    quiet.rows("UPDATE cell.periodic SET due_at = now() RETURNING 1")
    done = periodic.run_due(database, storage, spool, tuple(tenant_versions()))
    assert set(done) == JOBS
    assert "1 files are missing" in quiet.one(error)
