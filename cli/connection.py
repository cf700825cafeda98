"""Reaching the installation that a command is about."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from cli.endpoints import Endpoints, running_installation, start_installation
from core.errors import Misconfigured
from core.settings import Settings, get_settings
from services.installation import Installation


def settings_of(endpoints: Endpoints | None, data: Path | None) -> Settings:
    """The environment's settings with the addresses of a running installation laid over them."""
    settings = get_settings()
    changes: dict[str, object] = {}
    if data is not None:
        changes["data_dir"] = data.expanduser().absolute()
    if endpoints is not None:
        changes |= {
            "database_url": endpoints.database_url,
            "database_admin_url": endpoints.database_admin_url,
            "redis_url": endpoints.redis_url,
            "storage_url": endpoints.storage_url,
        }
    return settings.model_copy(update=changes)


@contextmanager
def connected(
    data: Path | None, *, start: bool = True, announce: Console | None = None
) -> Iterator[Installation]:
    """The installation on a data folder: the running one, or one started for the block.

    With `start` off, an installation that does not run and whose DATABASE_URL is not set raises
    Misconfigured.
    """
    folder = (data or get_settings().data_dir).expanduser().absolute()
    with ExitStack() as stack:
        endpoints = running_installation(folder)
        if endpoints is None and start:
            if announce is not None:
                announce.print(f"Starting an installation on {folder} …")
            endpoints = stack.enter_context(start_installation(folder))
        settings = settings_of(endpoints, folder)
        if settings.database_url is None:
            raise Misconfigured(
                f"no installation runs on {folder}: start it with `automator up`,"
                " or set DATABASE_URL"
            )
        installation = Installation(settings)
        stack.callback(installation.close)
        yield installation


@contextmanager
def administered(data: Path | None) -> Iterator[Installation]:
    """As `connected`, for the owner's commands; with DATABASE_URL set it is taken at its word.

    A supervisor that is still starting runs such a command, so it must not be waited for.
    """
    if get_settings().database_url is not None:
        installation = Installation(settings_of(None, data))
        try:
            yield installation
        finally:
            installation.close()
        return
    with connected(data, announce=Console(stderr=True)) as installation:
        yield installation
