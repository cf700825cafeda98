"""`automator migrate`: bring the databases to this release's schema."""

from pathlib import Path

import click

from cli.connection import settings_of
from cli.endpoints import running_installation
from core.settings import get_settings
from services.migrations import migrate


@click.command()
@click.option("--data", type=click.Path(path_type=Path), help="Data folder of the installation.")
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True)
def command(data: Path | None, processes: int) -> int:
    """Migrate the directory, every cell and every tenant; safe to run at any time."""
    folder = (data or get_settings().data_dir).expanduser().absolute()
    settings = get_settings()
    if settings.database_url is None:
        settings = settings_of(running_installation(folder), data)
    report = migrate(settings, processes=processes)
    for warning in report.warnings:
        click.echo(f"warning: {warning}", err=True)
    for tenant, reason in report.failed.items():
        click.echo(f"automator: tenant {tenant} stays behind: {reason}", err=True)
    click.echo(f"migrated {report.migrated} tenants, made {len(report.created)}")
    return 1 if report.failed else 0
