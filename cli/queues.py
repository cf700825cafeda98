"""`automator queues`: show, pause, resume and drain the queues of every cell."""

import json
import time
from dataclasses import asdict
from pathlib import Path

import click

from cli.connection import connected
from core.errors import Unavailable
from services import ledger
from services.installation import Installation

_COUNTED = 100_000
_LOOKS, _LOOK_AGAIN_SECONDS = 2, 1.0
_data = click.option(
    "--data", type=click.Path(path_type=Path), help="Data folder of the installation."
)


@click.group("queues")
def command() -> None:
    """Show, pause, resume and drain the queues."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_data
def list_(as_json: bool, data: Path | None) -> None:
    """Say how much waits and runs, and how many slots there are."""
    with connected(data, start=False) as installation:
        found = [
            (cell, queue)
            for cell in installation.cell_names
            for queue in ledger.backlog(installation.cell(cell), limit=_COUNTED)
        ]
    if as_json:
        print(json.dumps([{"cell": cell, **asdict(queue)} for cell, queue in found]))
        return
    for cell, queue in found:
        print(
            f"{cell:<8} {queue.queue:<6} {queue.state:<7} {queue.ready:>7} ready"
            f" {queue.running:>5} running {queue.slots:>4} slots"
        )


@command.command("pause")
@click.argument("queue")
@_data
def pause(queue: str, data: Path | None) -> None:
    """Hand out nothing more of QUEUE; what runs goes on."""
    with connected(data, start=False) as installation:
        _switch(installation, queue, paused=True)


@command.command("resume")
@click.argument("queue")
@_data
def resume(queue: str, data: Path | None) -> None:
    """Hand out QUEUE again."""
    with connected(data, start=False) as installation:
        _switch(installation, queue, paused=False)


@command.command("drain")
@click.argument("queue")
@click.option("--timeout", type=click.FloatRange(0), help="Seconds to wait.  [for ever]")
@_data
def drain(queue: str, timeout: float | None, data: Path | None) -> None:
    """Pause QUEUE and wait until nothing of it runs."""
    end = time.monotonic() + timeout if timeout is not None else float("inf")
    with connected(data, start=False) as installation:
        _switch(installation, queue, paused=True)
        # A claim that began before the pause may not be committed yet: look twice.
        looks = 0
        while looks < _LOOKS:
            if looks:
                time.sleep(_LOOK_AGAIN_SECONDS)
            running = _running(installation, queue)
            looks = looks + 1 if running == 0 else 0
            if running and time.monotonic() > end:
                raise Unavailable(f"{running} stages of {queue} still run")
            if running:
                time.sleep(0.2)


def _switch(installation: Installation, queue: str, *, paused: bool) -> None:
    for cell in installation.cell_names:
        ledger.switch_queue(installation.cell(cell), queue, paused=paused)


def _running(installation: Installation, queue: str) -> int:
    return sum(
        counted.running
        for cell in installation.cell_names
        for counted in ledger.backlog(installation.cell(cell), limit=_COUNTED)
        if counted.queue == queue
    )
