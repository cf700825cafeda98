"""`automator migrate`: bring the databases to this release's schema."""

import sys
from pathlib import Path

import click

from cli.connection import administered
from services.migrations import migrate


@click.command("migrate")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--data", type=click.Path(path_type=Path), help="Data folder of the installation.")
def command(processes: int, data: Path | None) -> int:
    """Migrate the directory, every cell and every tenant; safe to repeat and to interrupt."""
    with administered(data) as installation:
        report = migrate(installation.settings, processes=processes)
    for warning in report.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    for tenant_id, reason in report.failed.items():
        print(f"tenant {tenant_id} stays as it was: {reason}", file=sys.stderr)
    print(f"{len(report.created)} tenants made, {report.migrated} migrated")
    return 1 if report.failed else 0
