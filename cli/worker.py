"""`automator worker`: one worker, for machines beside the one that runs `automator up`."""

import json
import os
import sys
from pathlib import Path

import click

from cli.connection import settings_of
from cli.endpoints import running_installation
from core.errors import Misconfigured
from core.settings import get_settings

_NOT_FOR_WORKERS = (
    "DATABASE_ADMIN_URL", "AUTOMATOR_TOKEN", "METRICS_TOKEN", "MEDIA_SECRET", "GATEWAY_SECRET",
)  # fmt: skip


@click.command("worker")
@click.option("--queues", default="media,gpu,light", show_default=True, help="Comma-separated.")
@click.option("--concurrency", type=click.IntRange(1), help="Stages at once.  [WORKERS]")
@click.option("--data", type=click.Path(path_type=Path), help="Data folder of the installation.")
def command(queues: str, concurrency: int | None, data: Path | None) -> None:
    """Run a worker for the given queues until it is stopped."""
    folder = (data or get_settings().data_dir).expanduser().absolute()
    settings = settings_of(running_installation(folder), folder)
    if settings.database_url is None or settings.redis_url is None:
        raise Misconfigured(
            f"no installation runs on {folder}: start it with `automator up`,"
            " or set DATABASE_URL and REDIS_URL"
        )
    environment = {
        **os.environ,
        "AUTOMATOR_DATA": str(folder),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "STORAGE_URL": settings.storage_url or (folder / "storage").as_uri(),
    }
    if settings.master_keys is not None:
        environment["MASTER_KEYS"] = settings.master_keys.get_secret_value()
    if settings.storage_kms_key is not None:
        environment["STORAGE_KMS_KEY"] = settings.storage_kms_key
    # A worker needs neither the owners' addresses nor the way into the API.
    for secret in _NOT_FOR_WORKERS:
        environment.pop(secret, None)
    if settings.cells:
        environment["CELLS"] = json.dumps({n: {"url": c.url} for n, c in settings.cells.items()})
    slots = str(concurrency or settings.workers)
    # The worker becomes this process: signals reach it, and nothing of the command stays.
    os.execve(
        sys.executable,
        [sys.executable, "-m", "workers", "--queues", queues, "--concurrency", slots],
        environment,
    )
