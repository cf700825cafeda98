"""`python -m workers.steward`: makes and removes tenants, with the owner's login.

It makes those that were announced, tells cells which are suspended, and purges those that were
deleted and whose time to be restored is over.

It alone of the programs that keep running has that login, and nothing from outside reaches it: it
reads rows of the directory, and is told by NOTIFY when there is one. Any number may run.
"""

import os
import signal
import sys
import threading
import time
from uuid import UUID

import psycopg
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from core.errors import AutomatorError, NotFound
from core.logging import configure_logging, get_logger
from core.settings import Settings, get_settings
from services import suspension, tenants
from services.administration import OwnerConnection, cells, owner
from services.founding import CHANNEL
from services.installation import MAIN_CELL
from services.purge import purge

_log = get_logger(__name__)

# What nobody was told of is found all the same.
_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 2.0
_PURGE_SECONDS = 5.0  # also between tries


def run(settings: Settings, stopped: threading.Event) -> None:
    """Until `stopped` is set. Raises Misconfigured where there is no owner's address."""
    cells(settings)
    # A purge waits for what runs, and nobody's tenant is made later because of that.
    purger = threading.Thread(target=_purge, args=(settings, stopped), daemon=True)
    purger.start()
    _attend(settings, stopped)
    purger.join()


def _purge(settings: Settings, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            for tenant_id in suspension.take_doomed(settings):
                if not stopped.is_set():
                    _purge_one(settings, tenant_id)
        except (AutomatorError, psycopg.Error) as error:
            _log.warning("tenants cannot be removed", error=str(error).split("\n", 1)[0])
        stopped.wait(_PURGE_SECONDS)


def _purge_one(settings: Settings, tenant_id: UUID) -> None:
    """One that cannot be removed keeps no other waiting, and is tried again."""
    try:
        receipt = purge(settings, str(tenant_id))
    except NotFound:  # another steward was quicker
        return
    except (AutomatorError, psycopg.Error, SQLAlchemyError, RedisError, OSError) as error:
        text = str(error).split("\n", 1)[0]
        _log.warning("a tenant cannot be removed", tenant=str(tenant_id), error=text)
    else:
        _log.info("a tenant was removed", receipt=receipt.digest, files=receipt.files)


def _attend(settings: Settings, stopped: threading.Event) -> None:
    directory = cells(settings)[MAIN_CELL]
    silent = False
    while not stopped.is_set():
        try:
            with owner(directory) as connection:
                connection.execute(f"LISTEN {CHANNEL}".encode())
                if silent:
                    _log.warning("the directory answers again")
                    silent = False
                _serve(settings, connection, stopped)
        except (AutomatorError, psycopg.Error) as error:
            if not silent:
                _log.warning("tenants cannot be made", error=str(error).split("\n", 1)[0])
            silent = True
            stopped.wait(_PAUSE_SECONDS)


def _serve(settings: Settings, connection: OwnerConnection, stopped: threading.Event) -> None:
    while not stopped.is_set():
        began = time.monotonic()
        for tenant_id in tenants.finish_announced(settings, connection):
            seconds = round(time.monotonic() - began, 3)
            _log.info("a tenant was made", tenant=str(tenant_id), seconds=seconds)
        for tenant_id in suspension.settle(settings, connection):
            _log.info("a tenant was closed or opened", tenant=str(tenant_id))
        for _ in connection.notifies(timeout=_LOOK_SECONDS, stop_after=1):
            pass


def main() -> int:
    """Runs until SIGTERM or SIGINT; returns only after an error of ours, with status 1."""
    settings = get_settings()
    configure_logging(level=settings.log_level, as_json=settings.log_json)
    for number in (signal.SIGTERM, signal.SIGINT):
        # A tenant that is half made is made whole by the next one who looks.
        signal.signal(number, lambda *_: os._exit(0))
    try:
        run(settings, threading.Event())
    except AutomatorError as error:
        print(f"automator: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
