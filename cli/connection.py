"""Reaching the installation that a command is about."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from cli.endpoints import Endpoints, running_installation, start_installation
from core.embedded.folders import data_folder
from core.embedded.secrets import MASTER, SECRETS, known_secret
from core.errors import Misconfigured, Unavailable
from core.settings import Settings, get_settings
from services.installation import Installation

_USERS = "users.lock"


def settings_of(endpoints: Endpoints | None, data: Path | None) -> Settings:
    """The environment's settings with the addresses of a running installation laid over them."""
    settings = get_settings()
    changes: dict[str, object] = {}
    if data is not None:
        changes["data_dir"] = data.expanduser().absolute()
    if settings.master_keys is None and settings.master_key_file is None:
        kept = known_secret((data or settings.data_dir).expanduser().absolute() / SECRETS, MASTER)
        changes["master_keys"] = SecretStr(kept) if kept is not None else None
    if endpoints is not None:
        changes |= {
            "database_url": endpoints.database_url,
            "database_admin_url": endpoints.database_admin_url,
            "redis_url": endpoints.redis_url,
            "storage_url": endpoints.storage_url,
            "storage_kms_key": endpoints.storage_kms_key,
            "local_url": settings.local_url or endpoints.links or endpoints.api,
        }
    return settings.model_copy(update=changes)


@contextmanager
def connected(
    data: Path | None, *, start: bool = True, announce: Console | None = None
) -> Iterator[Installation]:
    """The installation on a data folder: the running one, or one started for the block.

    One that was started here is stopped when nobody else who came by `connected` uses it any more.
    With `start` off, an installation that does not run and whose DATABASE_URL is not set raises
    Misconfigured.
    """
    folder = (data or get_settings().data_dir).expanduser().absolute()
    endpoints: Endpoints | None
    with ExitStack() as stack:
        if start:
            endpoints = stack.enter_context(_running_or_started(folder, announce))
        else:
            endpoints = running_installation(folder)
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
def _running_or_started(folder: Path, announce: Console | None) -> Iterator[Endpoints]:
    """Every user holds `users.lock` shared; who has started the installation stops it alone."""
    data_folder(folder)
    with ExitStack() as stack:
        users = os.open(folder / _USERS, os.O_RDWR | os.O_CREAT, 0o600)
        stack.callback(os.close, users)
        fcntl.flock(users, fcntl.LOCK_SH)  # not while somebody is stopping it
        endpoints = running_installation(folder)
        if endpoints is None:
            if announce is not None:
                announce.print(f"Starting an installation on {folder} …")
            try:
                endpoints = stack.enter_context(start_installation(folder))
            except Unavailable:
                # Another command may have begun to start one at the same moment.
                endpoints = running_installation(folder)
                if endpoints is None:
                    raise
            else:
                stack.callback(_wait_for_other_users, users, announce)
        yield endpoints


def _wait_for_other_users(users: int, announce: Console | None) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if announce is not None:
            announce.print("Another command still uses the installation; waiting for it …")
        fcntl.flock(users, fcntl.LOCK_EX)


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
