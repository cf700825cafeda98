"""`automator runs`: list, show, retry and cancel runs."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy.orm import Session

from cli.connection import connected
from core.errors import NotFound
from models.run import Run, StageRun
from services import runs
from services.installation import DEFAULT_TENANT

_data = click.option(
    "--data", type=click.Path(path_type=Path), help="Data folder of the installation."
)
_tenant = click.option(
    "--tenant", default=DEFAULT_TENANT, show_default=True, help="A tenant's slug or id."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("runs")
def command() -> None:
    """List, show, retry and cancel runs."""


@command.command("list")
@click.option("--state", type=click.Choice(runs.STATES), help="Only runs in this state.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@_tenant
@_data
@_json
def list_(state: str | None, limit: int, tenant: str, data: Path | None, as_json: bool) -> None:
    """List the newest runs."""
    with _session(tenant, data) as session:
        found = [_run(run) for run in runs.latest(session, limit=limit, state=state)]
    if as_json:
        print(json.dumps(found))
        return
    if not found:
        print(f"no such runs of the tenant {tenant!r}: --tenant names another", file=sys.stderr)
    for run in found:
        print(f"{run['id']}  {run['state']:<10}  {run['recipe']:<8}  {run['created_at']}")


@command.command("show")
@click.argument("run", type=click.UUID)
@_tenant
@_data
@_json
def show(run: UUID, tenant: str, data: Path | None, as_json: bool) -> None:
    """Show a run with its stages, and why those that failed did."""
    with _session(tenant, data) as session:
        report = runs.report(session, run)
        shown = {**_run(report.run), "stages": [_stage(stage) for stage in report.stages]}
    if as_json:
        print(json.dumps(shown))
        return
    print(f"{shown['id']}  {shown['recipe']}  {shown['state']}")
    for stage in shown["stages"]:
        print(
            f"  {stage['name']:<16} {stage['state']:<10} {stage['queue']:<6}"
            f" {stage['progress']:4.0%}  attempt {stage['attempt']}"
        )
        if stage["error"]:
            print(f"    {stage['error'].get('reason')}")
            for line in str(stage["error"].get("detail", "")).splitlines():
                print(f"    | {line}")


@command.command("retry")
@click.argument("run", type=click.UUID)
@_tenant
@_data
def retry(run: UUID, tenant: str, data: Path | None) -> None:
    """Give a run's failed and cancelled stages a fresh start."""
    with _session(tenant, data) as session:
        print(runs.retry(session, run).state)


@command.command("cancel")
@click.argument("run", type=click.UUID)
@_tenant
@_data
def cancel(run: UUID, tenant: str, data: Path | None) -> None:
    """Stop a run and everything that works on it."""
    with _session(tenant, data) as session:
        print(runs.cancel(session, run).state)


@contextmanager
def _session(tenant: str, data: Path | None) -> Iterator[Session]:
    with connected(data, start=False) as installation:
        place = installation.place(tenant)
        try:
            with installation.tenant_scope(place) as session:
                yield session
        except NotFound as error:
            raise NotFound(f"{error} of the tenant {tenant!r}: --tenant names another") from None


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": str(run.id),
        "recipe": run.recipe,
        "state": run.state,
        "asset_id": str(run.asset_id) if run.asset_id else None,
        "created_at": run.created_at.isoformat(timespec="seconds"),
        "finished_at": run.finished_at.isoformat(timespec="seconds") if run.finished_at else None,
    }


def _stage(stage: StageRun) -> dict[str, Any]:
    return {
        "name": stage.name,
        "state": stage.state,
        "queue": stage.queue,
        "attempt": stage.attempt,
        "progress": stage.progress,
        "error": stage.error,
    }
