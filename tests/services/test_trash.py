"""The trash: what waits there, what comes back, what goes, and who wins where two are at it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest

from core.errors import AutomatorError, Conflict, NotFound
from pipeline.plan.types import Graph
from services import asset_views, assets, ledger, ledger_results, library, runs, trash
from services.ledger_results import MadeFile, Work
from tests.servers import PostgresForTests
from tests.services.test_ledger import claim
from tests.workers.stages import spec
from tests.workers.workshop import Workshop, workshop


@pytest.fixture(scope="module")
def shared(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    folder = tmp_path_factory.mktemp("trash")
    with workshop(postgres, "redis://nobody", folder, tenant_count=2) as made:
        yield made


@pytest.fixture
def shop(shared: Workshop) -> Iterator[Workshop]:
    """With nothing in it that could be claimed."""
    yield shared
    shared.rows("UPDATE cell.stage_runs SET state = 'failed', holder = NULL, lease_until = NULL"
                " WHERE state IN ('ready', 'running') RETURNING 1")  # fmt: skip


def started(shop: Workshop, tenant: int = 0) -> tuple[UUID, UUID]:
    """An asset with a run of one stage; both ids."""
    run = shop.start(Graph((spec("noop.a"),)), tenant=tenant, with_asset=True)
    return shop.one("SELECT asset_id FROM cell.runs WHERE id = %(run)s", run=run), run


def trashed(shop: Workshop, asset: UUID, ago: str = "0 s") -> None:
    place = shop.places[0]
    with shop.installation.tenant_scope(place) as session:
        trash.put(session, asset)
    shop.rows(
        f"UPDATE t_{place.tenant_id.hex}.assets SET trashed_at = now() - %(ago)s::interval"
        " WHERE id = %(asset)s RETURNING 1",
        ago=ago,
        asset=asset,
    )


def collected(shop: Workshop) -> int:
    steps = trash.collect(
        shop.installation.cell(), shop.installation.storage, shop.places[0].tenant_id
    )
    return sum(steps)


def known(shop: Workshop, asset: UUID) -> bool:
    with shop.installation.tenant_scope(shop.places[0]) as session:
        try:
            asset_views.get(session, asset)
        except NotFound:
            return False
        return True


def key_of(shop: Workshop, asset: UUID) -> str:
    with shop.installation.tenant_scope(shop.places[0]) as session:
        return assets.get(session, asset).storage_key


def stored(shop: Workshop, key: str) -> bool:
    try:
        shop.installation.storage.stat(key)
    except NotFound:
        return False
    return True


def test_what_has_been_in_the_trash_for_thirty_days_goes_with_its_bytes(shop: Workshop) -> None:
    old, run = started(shop)
    young, _ = started(shop)
    kept, _ = started(shop)
    keys = {asset: key_of(shop, asset) for asset in (old, young, kept)}
    trashed(shop, old, "30 days 1 minute")
    trashed(shop, young, "29 days")
    assert collected(shop) == 1
    assert [known(shop, asset) for asset in (old, young, kept)] == [False, True, True]
    assert [stored(shop, keys[asset]) for asset in (old, young, kept)] == [False, True, True]
    assert shop.state(run) == "cancelled"
    kinds = shop.rows(
        "SELECT kind FROM cell.events WHERE data ->> 'asset_id' = %(a)s ORDER BY seq", a=str(old)
    )
    assert [kind for (kind,) in kinds] == ["asset.trashed", "asset.deleted"]


def test_a_collector_killed_between_rows_and_bytes_leaves_bytes_that_are_nobodys(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset, _ = started(shop)
    key = key_of(shop, asset)
    trashed(shop, asset, "31 days")

    def killed(_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shop.installation.storage, "delete", killed)
        with pytest.raises(KeyboardInterrupt):
            collected(shop)
    assert not known(shop, asset)
    assert stored(shop, key)
    from workers import periodic

    tenant = shop.places[0].tenant_id
    steps = periodic.collect_tenant(
        shop.installation.cell(), shop.installation.storage, tenant, age=-60
    )
    assert sum(steps) == 1
    assert not stored(shop, key)


def test_restoring_and_collecting_at_once_ends_whole_either_way(shop: Workshop) -> None:
    outcomes = set()
    for turn in range(12):
        asset, _ = started(shop)
        key = key_of(shop, asset)
        trashed(shop, asset, "31 days")
        gate = threading.Barrier(2)

        def restore(asset: UUID = asset, gate: threading.Barrier = gate) -> bool:
            gate.wait()
            try:
                with shop.installation.tenant_scope(shop.places[0]) as session:
                    trash.restore(session, asset)
            except NotFound:
                return False
            return True

        def collect(gate: threading.Barrier = gate, late: bool = turn % 2 == 0) -> None:
            gate.wait()
            if late:
                threading.Event().wait(0.005)
            collected(shop)

        with ThreadPoolExecutor(2) as pool:
            restored, done = pool.submit(restore), pool.submit(collect)
            done.result()
            assert known(shop, asset) == stored(shop, key) == restored.result()
        outcomes.add(restored.result())
    assert outcomes


def test_an_asset_thrown_away_while_its_stage_ends_has_no_run_left_open(shop: Workshop) -> None:
    for _ in range(12):
        asset, run = started(shop)
        held = claim(shop)
        assert held is not None
        assert held.run_id == run
        with shop.installation.tenant_scope(shop.places[0]) as session:
            work = ledger_results.load(session, held)
        gate = threading.Barrier(2)

        def finish(work: Work = work, gate: threading.Barrier = gate, held=held) -> bool:  # type: ignore[no-untyped-def]
            file = MadeFile("text", "a", f"key/{held.stage_id}", "text/plain", 1, "0" * 64, {})
            gate.wait()
            with shop.installation.tenant_scope(shop.places[0]) as session:
                if not ledger_results.record(session, held, work, result={}, files=[file]):
                    session.rollback()
                    return False
            return True

        def throw(asset: UUID = asset, gate: threading.Barrier = gate) -> None:
            gate.wait()
            with shop.installation.tenant_scope(shop.places[0]) as session:
                trash.put(session, asset)

        with ThreadPoolExecutor(2) as pool:
            done, thrown = pool.submit(finish), pool.submit(throw)
            thrown.result()
            if not done.result():
                with shop.installation.tenant_scope(shop.places[0]) as session:
                    assert ledger.leave(session, held, "ready")
        assert shop.state(run) == ("done" if done.result() else "cancelled")
        assert claim(shop) is None


def test_runs_begun_while_the_asset_is_thrown_away_are_cancelled_or_refused(shop: Workshop) -> None:
    for _ in range(8):
        asset, _ = started(shop)
        gate = threading.Barrier(2)

        def begin(asset: UUID = asset, gate: threading.Barrier = gate) -> None:
            gate.wait()
            with (
                suppress(Conflict),
                shop.installation.tenant_scope(shop.places[0]) as session,
            ):
                runs.start_again(
                    session, shop.places[0].tenant_id, asset, recipe="video", priority="batch"
                )

        def throw(asset: UUID = asset, gate: threading.Barrier = gate) -> None:
            gate.wait()
            with shop.installation.tenant_scope(shop.places[0]) as session:
                trash.put(session, asset)

        with ThreadPoolExecutor(2) as pool:
            for job in (pool.submit(begin), pool.submit(throw)):
                job.result()
        states = shop.rows("SELECT state FROM cell.runs WHERE asset_id = %(a)s", a=asset)
        assert {state for (state,) in states} == {"cancelled"}


def test_what_is_purged_leaves_its_history_without_what_was_found_out(shop: Workshop) -> None:
    asset, run = started(shop)
    held = claim(shop)
    assert held is not None
    with shop.installation.tenant_scope(shop.places[0]) as session:
        work = ledger_results.load(session, held)
        assert ledger_results.record(session, held, work, result={"title": "secret"}, files=[])
    trashed(shop, asset)
    with shop.installation.tenant_scope(shop.places[0]) as session:
        trash.remove(session, asset)
    assert shop.state(run) == "done"
    assert shop.stage(run, "noop.a")["result"] is None


def test_the_trash_of_another_tenant_is_out_of_reach(shop: Workshop) -> None:
    theirs, _ = started(shop, tenant=1)
    ours = shop.places[0]
    for act in (trash.put, trash.restore, trash.remove, library.change, asset_views.get):
        with pytest.raises(NotFound), shop.installation.tenant_scope(ours) as session:
            act(session, theirs)
    with shop.installation.tenant_scope(shop.places[1]) as session:
        assert assets.get(session, theirs).version == 1
        assert asset_views.duplicates(session, theirs, limit=10) == []
    steps = trash.collect(
        shop.installation.cell(), shop.installation.storage, ours.tenant_id, age=timedelta(0)
    )
    assert sum(steps) >= 0
    with shop.installation.tenant_scope(shop.places[1]) as session:
        assert assets.get(session, theirs).trashed_at is None
    assert issubclass(NotFound, AutomatorError)
