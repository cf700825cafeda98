"""`automator up`: everything, in one process tree."""

import sys
from pathlib import Path

import click

from cli.supervisor import Plan, Supervisor
from core.settings import MEDIA_SLOTS


@click.command("up")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="AUTOMATOR_DATA",
    default=Path("data"),
    show_default=True,
    help="Folder for databases, files and logs.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the API.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the API.  [8000, or next free]"
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    envvar="WORKERS",
    default=MEDIA_SLOTS,
    show_default=True,
    help="How many media files are worked on at once.",
)
@click.option("--tell-token/--no-tell-token", default=True, help="Print the API's token.")
def command(data: Path, host: str, port: int | None, workers: int, tell_token: bool) -> None:
    """Start everything: database, broker, API, workers. Ctrl-C stops it all."""
    folder = data.expanduser().absolute()
    plan = Plan(folder, host=host, port=port, workers=workers, tell_token=tell_token)
    Supervisor(plan, _say).run()


def _say(line: str) -> None:
    try:
        print(line, flush=True)
    except OSError:  # the terminal is gone; the work goes on
        sys.stdout = None
