"""`automator backup` and `automator restore`: a whole installation in one file."""

from pathlib import Path

import click

from cli.connection import administered
from services.backup import backup as write_backup
from services.restore import restore as read_backup

_data = click.option(
    "--data", type=click.Path(path_type=Path), help="Data folder of the installation."
)
_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.command("backup")
@_file
@_data
def command(file: Path, data: Path | None) -> None:
    """Write databases and stored files into FILE, while the installation goes on working."""
    with administered(data) as installation:
        saved = write_backup(installation.settings, file)
    print(f"{file}: {saved.tenants} tenants, {saved.files} files, {saved.bytes / 1e6:.1f} MB")


@click.command("restore")
@_file
@click.option("--force", is_flag=True, help="Purge the tenants that are there.")
@click.option("--without-secrets", is_flag=True, help="Go on without the backup's master key.")
@_data
def restore(file: Path, force: bool, without_secrets: bool, data: Path | None) -> None:
    """Make an empty installation what it was when FILE was written."""
    with administered(data) as installation:
        description = read_backup(
            installation.settings, file, force=force, without_secrets=without_secrets
        )
    print(f"{len(description.tenants)} tenants as of {description.created_at}")
