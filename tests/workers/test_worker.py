"""Workers and relays as real processes on real servers."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import psutil
import pytest
from sqlalchemy import text

from pipeline.plan.types import Graph
from services import runs
from tests.processes import alive
from tests.servers import PostgresForTests
from tests.workers.stages import spec
from tests.workers.workshop import Program, Workshop, until, workshop


def running(shop: Workshop, run: UUID, name: str) -> None:
    until(lambda: shop.stage(run, name)["state"] == "running", 10, f"{name} runs")


def sleeping(worker: Program) -> None:
    until(worker.sleepers, 10, "a child sleeps")


def suspended(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Stop processes; those that had not ended by themselves."""
    stopped = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
            stopped.append(process)
    return stopped


def resume(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def scratch(shop: Workshop) -> list[Path]:
    return list((shop.settings.data_dir / "scratch").glob("*/*/*"))


def test_a_run_goes_through_its_graph_and_chooses_its_artifacts(shop: Workshop) -> None:
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
    assert scratch(shop) == []


def test_a_stage_that_lacks_what_it_needs_is_skipped_and_the_run_goes_on(shop: Workshop) -> None:
    shop.worker()
    graph = Graph((spec("vain"), spec("burn.a", needs=("vain",))))
    run = shop.start(graph, with_asset=True)
    assert shop.ended(run) == ["done"]
    skipped = shop.stage(run, "vain")
    assert (skipped["state"], skipped["attempt"], skipped["error"]) == ("skipped", 1, None)
    assert skipped["result"] == {"digest": "nothing to burn"}
    assert shop.stage(run, "burn.a")["state"] == "done"


def test_two_runs_over_the_same_bytes_do_not_meet(shop: Workshop) -> None:
    shop.worker(slots=2)
    graph = Graph((spec("burn.a"), spec("burn.b", needs=("burn.a",))))
    both = [shop.start(graph, with_asset=True) for _ in range(2)]
    assert shop.ended(*both) == ["done", "done"]
    assert shop.digests(both[0]) == shop.digests(both[1])
    assert {shop.stage(run, "burn.a")["attempt"] for run in both} == {1}


def test_the_stage_that_knows_the_source_unfolds_the_graph(shop: Workshop) -> None:
    shop.worker()
    run = shop.start(Graph((spec("seed"),)), with_asset=True)
    assert shop.ended(run) == ["done"]
    assert [stage for stage, _, _ in shop.digests(run)] == ["burn.a", "burn.b", "seed"]


def test_a_cancelled_run_is_gone_with_all_that_it_had_within_two_seconds(shop: Workshop) -> None:
    worker = shop.worker(slots=2)
    graph = Graph(
        (
            spec("burn.a", seconds=60),
            spec("stubborn.b", seconds=60),
            spec("burn.c", needs=("burn.a",)),
        )
    )
    run = shop.start(graph, with_asset=True)
    running(shop, run, "burn.a")
    running(shop, run, "stubborn.b")
    sleeping(worker)
    children = worker.children()
    began = time.monotonic()
    with shop.installation.tenant_scope(shop.places[0]) as session:
        runs.cancel(session, run)
    shop.ended(run, seconds=2)
    assert alive(children, patience=2) == []
    until(lambda: not scratch(shop), 2, "its scratch is gone")
    assert time.monotonic() - began < 2
    assert shop.state(run) == "cancelled"
    assert {shop.stage(run, name)["state"] for name in ("burn.a", "stubborn.b", "burn.c")} == {
        "cancelled"
    }


def test_a_run_that_is_retried_after_its_cancellation_is_done(shop: Workshop) -> None:
    shop.worker()
    run = shop.start(Graph((spec("burn.a", seconds=1),)))
    running(shop, run, "burn.a")
    with shop.installation.tenant_scope(shop.places[0]) as session:
        runs.cancel(session, run)
    assert shop.ended(run, seconds=2) == ["cancelled"]
    with shop.installation.tenant_scope(shop.places[0]) as session:
        runs.retry(session, run)
    assert shop.ended(run, seconds=10) == ["done"]


def test_a_forged_notice_stops_nothing(shop: Workshop) -> None:
    shop.worker()
    run = shop.start(Graph((spec("burn.a", seconds=2),)))
    running(shop, run, "burn.a")
    with shop.installation.tenant_scope(shop.places[0]) as session:
        session.execute(text("SELECT pg_notify('ledger_cancel', :run)"), {"run": str(run)})
    assert shop.ended(run) == ["done"]
    assert shop.stage(run, "burn.a")["attempt"] == 1


def test_a_worker_that_is_asked_to_go_gives_its_work_back(shop: Workshop) -> None:
    worker = shop.worker(slots=2)
    run = shop.start(Graph((spec("burn.a", seconds=30), spec("stubborn.b", seconds=30))))
    running(shop, run, "burn.a")
    running(shop, run, "stubborn.b")
    processes = [psutil.Process(worker.pid), *worker.pool(), *worker.children()]
    assert worker.stop() < 6
    for name in ("burn.a", "stubborn.b"):
        stage = shop.stage(run, name)
        assert (stage["state"], stage["losses"], stage["failures"]) == ("ready", 0, 0)
    assert alive(processes, patience=1) == []
    assert shop.one("SELECT count(*) FROM cell.workers") == 0
    assert list((shop.settings.data_dir / "scratch").iterdir()) == []


def test_a_worker_that_is_asked_to_go_finishes_what_fits(shop: Workshop) -> None:
    worker = shop.worker(GRACE_SECONDS="20")
    run = shop.start(Graph((spec("burn.a", seconds=2), spec("burn.b", needs=("burn.a",)))))
    running(shop, run, "burn.a")
    assert worker.stop() < 5
    assert shop.stage(run, "burn.a")["state"] == "done"
    assert shop.stage(run, "burn.b")["state"] == "ready"


def test_a_killed_worker_loses_no_stage(
    postgres: PostgresForTests, valkey: str, tmp_path: Path
) -> None:
    with workshop(postgres, valkey, tmp_path, lease_seconds=8) as shop:
        shop.relay()
        _kill_and_recover(shop)


def _kill_and_recover(shop: Workshop) -> None:
    worker = shop.worker()
    run = shop.start(Graph((spec("burn.a", seconds=1.5),)), with_asset=True)
    running(shop, run, "burn.a")
    sleeping(worker)
    processes = [*worker.pool(), *worker.children()]
    worker.kill()
    killed_at = time.monotonic()
    assert alive(processes, patience=2) == []
    assert scratch(shop)
    shop.worker()
    until(lambda: shop.stage(run, "burn.a")["attempt"] == 2, 10, "another takes it over")
    assert time.monotonic() - killed_at < 10
    assert shop.ended(run) == ["done"]
    assert shop.stage(run, "burn.a")["losses"] == 1
    assert scratch(shop) == []


def test_a_killed_pool_process_is_replaced_and_its_work_is_done(shop: Workshop) -> None:
    worker = shop.worker()
    run = shop.start(Graph((spec("burn.a", seconds=1.5),)))
    running(shop, run, "burn.a")
    (member,) = worker.pool()
    member.kill()
    assert shop.ended(run) == ["done"]
    assert worker.process.poll() is None
    assert [fresh.pid for fresh in worker.pool()] != [member.pid]


def test_a_worker_that_was_stopped_past_its_lease_records_nothing(shop: Workshop) -> None:
    slow = shop.worker()
    run = shop.start(Graph((spec("burn.a", seconds=3),)), with_asset=True)
    running(shop, run, "burn.a")
    sleeping(slow)
    # What starts children is stopped before them, so that none is missed and none is new.
    frozen = [
        *suspended([psutil.Process(slow.pid), *slow.pool()]),
        *suspended(slow.children()),
    ]
    shop.worker()
    assert shop.ended(run) == ["done"]
    chosen = shop.digests(run)
    resume(frozen)
    again = shop.start(Graph((spec("burn.a"), spec("burn.b"))), with_asset=True)
    assert shop.ended(again) == ["done"]
    time.sleep(1)
    stage = shop.stage(run, "burn.a")
    assert (stage["state"], stage["attempt"]) == ("done", 2)
    assert shop.digests(run) == chosen
    results = "SELECT count(*) FROM cell.events WHERE run_id = %(run)s AND kind = 'stage.done'"
    assert shop.one(results, run=run) == 1


def test_rejected_input_fails_at_once_and_keeps_its_reason(shop: Workshop) -> None:
    shop.worker()
    run = shop.start(Graph((spec("burn.a", fail="rejected"), spec("burn.b", needs=("burn.a",)))))
    assert shop.ended(run) == ["failed"]
    stage = shop.stage(run, "burn.a")
    assert (stage["state"], stage["attempt"]) == ("failed", 1)
    assert stage["error"]["code"] == "rejected"
    assert stage["error"]["reason"] == "this input is no good"
    assert len(stage["error"]["detail"]) == 4096
    assert shop.stage(run, "burn.b")["state"] == "waiting"


@pytest.mark.parametrize("fail", ["retryable", "bug"])
def test_what_may_pass_is_tried_again_and_then_quarantined(shop: Workshop, fail: str) -> None:
    shop.worker()
    run = shop.start(Graph((spec("burn.a", fail=fail),)))
    assert shop.ended(run) == ["failed"]
    stage = shop.stage(run, "burn.a")
    assert (stage["attempt"], stage["failures"]) == (4, 4)
    assert "secret" not in str(stage["error"])


def test_a_quarantined_stage_can_be_retried(shop: Workshop) -> None:
    shop.worker()
    run = shop.start(Graph((spec("burn.a", fail="rejected"),)))
    assert shop.ended(run) == ["failed"]
    with shop.installation.tenant_scope(shop.places[0]) as session:
        runs.retry(session, run)
    assert shop.ended(run) == ["failed"]
    assert shop.stage(run, "burn.a")["attempt"] == 2


def test_a_stage_that_shows_no_progress_is_stopped_and_tried_again(shop: Workshop) -> None:
    shop.worker()
    run = shop.start(Graph((spec("burn.a", seconds=60, deadline=0.5),)))
    assert shop.ended(run) == ["failed"]
    assert shop.stage(run, "burn.a")["error"]["code"] == "stalled"


def test_work_that_heeds_nothing_is_not_tried_for_ever(shop: Workshop) -> None:
    shop.worker()
    run = shop.start(Graph((spec("stubborn.a", seconds=60, deadline=0.3),)))
    assert shop.ended(run, seconds=40) == ["failed"]
    stage = shop.stage(run, "stubborn.a")
    assert (stage["failures"], stage["losses"]) == (4, 0)
    assert stage["error"]["code"] == "stalled"


def test_a_stage_of_another_release_waits_for_a_worker_that_knows_it(shop: Workshop) -> None:
    shop.worker()
    run = shop.start(Graph((spec("tomorrow.a"),)))
    until(lambda: shop.stage(run, "tomorrow.a")["state"] == "delayed", 10, "the stage waits")
    stage = shop.stage(run, "tomorrow.a")
    assert stage["failures"] == 0
    assert "knows no stage" in stage["error"]["reason"]


def test_a_result_that_comes_after_the_cancellation_ends_its_run_at_once(
    postgres: PostgresForTests, valkey: str, tmp_path: Path
) -> None:
    with workshop(postgres, valkey, tmp_path, lease_seconds=20) as shop:
        shop.relay()
        shop.worker()
        run = shop.start(Graph((spec("burn.a", seconds=1),)), with_asset=True)
        running(shop, run, "burn.a")
        # Nobody is told, and the next renewal is five seconds away.
        shop.rows(
            "UPDATE cell.stage_runs SET cancel_requested = true WHERE run_id = %(run)s RETURNING 1",
            run=run,
        )
        shop.rows(
            "UPDATE cell.runs SET state = 'cancelling' WHERE id = %(run)s RETURNING 1", run=run
        )
        assert shop.ended(run, seconds=4) == ["cancelled"]
        assert shop.digests(run) == []


def test_a_suspended_worker_is_not_mistaken_for_a_dead_one_within_its_lease(
    shop: Workshop,
) -> None:
    worker = shop.worker()
    run = shop.start(Graph((spec("burn.a", seconds=3),)))
    running(shop, run, "burn.a")
    frozen = [psutil.Process(worker.pid), *worker.pool()]
    for process in frozen:
        process.suspend()
    time.sleep(1.5)
    for process in frozen:
        process.resume()
    assert shop.ended(run) == ["done"]
    assert shop.stage(run, "burn.a")["attempt"] == 1


def test_no_transaction_is_open_while_a_child_runs(shop: Workshop) -> None:
    worker = shop.worker(slots=2)
    run = shop.start(
        Graph(tuple(spec(f"burn.{n}", seconds=0.6) for n in range(6))), with_asset=True
    )
    seen = 0
    while shop.state(run) == "running":
        asleep = worker.sleepers()
        transactions = shop.one(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND xact_start < now() - interval '0.3 s'"
        )
        if len(asleep) == 2:
            seen += 1
            assert transactions == 0
        time.sleep(0.05)
    assert seen > 5


def test_a_paused_queue_hands_nothing_out_until_it_is_resumed(shop: Workshop) -> None:
    from services import ledger

    shop.worker()
    database = shop.installation.cell()
    ledger.switch_queue(database, "media", paused=True)
    run = shop.start(Graph((spec("burn.a"),)))
    time.sleep(1.5)
    assert shop.stage(run, "burn.a")["state"] == "ready"
    ledger.switch_queue(database, "media", paused=False)
    assert shop.ended(run, seconds=5) == ["done"]


def test_below_the_reserve_of_free_space_stages_wait(shop: Workshop) -> None:
    worker = shop.worker(FREE_SPACE_RESERVE_BYTES=str(1 << 60))
    run = shop.start(Graph((spec("burn.a"),)))
    until(lambda: "nearly full" in worker.log.read_text(), 5, "the worker says so")
    assert shop.stage(run, "burn.a")["attempt"] == 0
    worker.stop()
    shop.worker()
    assert shop.ended(run) == ["done"]


def test_sigint_ends_a_worker_like_sigterm(shop: Workshop) -> None:
    worker = shop.worker()
    os.kill(worker.pid, signal.SIGINT)
    assert worker.process.wait(3) == 0
