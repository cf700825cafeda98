"""`automator doctor`: what this machine has, what it lacks, and how to mend it."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from cli.connection import settings_of
from cli.diagnosis import Check, State, diagnose
from cli.endpoints import running_installation
from core.errors import Unavailable
from core.settings import get_settings

_COLOURS = {State.OK: "green", State.NOTE: "yellow", State.MISSING: "red"}


@click.command("doctor")
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="The installation's folder."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def command(data: Path | None, *, as_json: bool) -> None:
    """Say what this machine has, lacks, and how to mend it; exit 1 if something is missing."""
    folder = (data or get_settings().data_dir).expanduser().absolute()
    checks: list[Check] = []
    running = None
    try:
        running = running_installation(folder, patience=5)
    except Unavailable as error:
        mend = f"look at {folder / 'logs'} if that goes on"
        checks.append(Check("installation", "start", State.NOTE, str(error), mend))
    checks += diagnose(settings_of(running, folder), running=running is not None)
    missing = any(check.state is State.MISSING for check in checks)
    if as_json:
        print(json.dumps({"ok": not missing, "checks": [asdict(check) for check in checks]}))
    else:
        _print_table(checks)
    sys.exit(1 if missing else 0)


def _print_table(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for name in ("area", "name", "state"):
        table.add_column(name, no_wrap=True)
    table.add_column("finding", overflow="fold")
    area = ""
    for check in checks:
        colour = _COLOURS[check.state]
        state = f"[{colour}]{check.state}[/{colour}]"
        table.add_row(
            check.area if check.area != area else "", check.name, state, escape(check.finding)
        )
        if check.mend:
            table.add_row("", "", "", f"[{colour}]→[/{colour}] {escape(check.mend)}")
        area = check.area
    Console().print(table)
