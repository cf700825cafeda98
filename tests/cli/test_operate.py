"""`automator worker`, `runs` and `queues`, as an operator calls them."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.plan.types import Graph
from tests.workers.conftest import shop
from tests.workers.stages import spec
from tests.workers.workshop import ROOT, Workshop, until

__all__ = ["shop"]


def automator(shop: Workshop, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=ROOT,
        env={**os.environ, **shop.environment()},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_runs_are_listed_shown_cancelled_and_retried(shop: Workshop) -> None:
    shop.worker()
    failing = shop.start(Graph((spec("burn.a", fail="rejected"),)))
    assert shop.ended(failing) == ["failed"]
    tenant = ("--tenant", shop.places[0].slug)
    # A run of another tenant than the default one is not missing, and the command says so.
    for words in (("list",), ("show", str(failing))):
        nothing = automator(shop, "runs", *words)
        assert (nothing.stdout, "'default': --tenant names another" in nothing.stderr) == ("", True)
    listed = json.loads(automator(shop, "runs", "list", "--json", *tenant).stdout)
    assert automator(shop, "runs", "list", "--state", "lost", *tenant).returncode == 2
    assert [run["state"] for run in listed] == ["failed"]
    shown = automator(shop, "runs", "show", str(failing), *tenant).stdout
    assert "this input is no good" in shown
    assert automator(shop, "runs", "retry", str(failing), *tenant).stdout == "running\n"
    assert shop.ended(failing) == ["failed"]
    refused = automator(shop, "runs", "cancel", str(failing), *tenant)
    assert refused.returncode == 1
    assert refused.stderr.startswith("automator: the run has already ended")
    long = shop.start(Graph((spec("burn.a", seconds=30),)))
    assert automator(shop, "runs", "cancel", str(long), *tenant).returncode == 0
    assert shop.ended(long, seconds=5) == ["cancelled"]


def test_a_queue_is_drained_and_resumed(shop: Workshop) -> None:
    worker = shop.worker()
    first = shop.start(Graph((spec("burn.a", seconds=50), spec("burn.b", needs=("burn.a",)))))
    until(worker.sleepers, 10, "it runs")
    with ThreadPoolExecutor() as beside:
        draining = beside.submit(automator, shop, "queues", "drain", "media")
        paused = "SELECT state = 'paused' FROM cell.queues WHERE name = 'media'"
        until(lambda: shop.one(paused), 20, "the queue is paused")
        assert not draining.done()
        for sleeper in worker.sleepers():
            sleeper.kill()  # the stage goes on with what it does after its sleep
        assert draining.result().returncode == 0
    assert shop.stage(first, "burn.a")["state"] == "done"
    assert shop.stage(first, "burn.b")["state"] == "ready"
    listed = json.loads(automator(shop, "queues", "list", "--json").stdout)
    assert {queue["queue"]: queue["state"] for queue in listed}["media"] == "paused"
    assert automator(shop, "queues", "pause", "nothing").returncode == 1
    assert automator(shop, "queues", "resume", "media").returncode == 0
    assert shop.ended(first) == ["done"]


def test_a_worker_can_be_started_by_hand(shop: Workshop, tmp_path: Path) -> None:
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "worker", "--queues", "media", "--concurrency", "1"],
            cwd=ROOT,
            env={**os.environ, **shop.environment()},
            stdout=log,
            stderr=log,
        )
    try:
        run = shop.start(Graph((spec("burn.a"),)))
        assert shop.ended(run) == ["done"]
        worker.terminate()
        assert worker.wait(10) == 0
    finally:
        worker.kill()
        worker.wait()
