"""Waking those who stream events: who has new ones is passed on from PostgreSQL to Valkey.

A thread of the relay beside the one that sweeps, which may be busy for longer than an event may
take. A message is tenants' ids with a space between. An empty one every second says that somebody
listens, `*` that some may not have been heard. Who misses a message finds the events a bit later.
"""

import os
import threading
import time
from typing import Final
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy.exc import SQLAlchemyError

from core.database import Database, connect
from core.logging import get_logger
from services import events
from workers.rings import Rings

_log = get_logger(__name__)

_BEAT_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.5
_TENANTS_A_MESSAGE: Final = 1000


class CellWaker(threading.Thread):
    """Passes on what one cell notifies; state: its connections."""

    def __init__(self, cell: str, url: str, rings: Rings) -> None:
        """Starts nothing yet."""
        super().__init__(name=f"waker-{cell}", daemon=True)
        self._cell, self._url, self._rings = cell, url, rings

    def run(self) -> None:
        """For ever."""
        while True:
            try:
                self._serve()
            except (psycopg.Error, SQLAlchemyError) as error:
                # The sweeping thread warns when the cell does not answer.
                _log.info("events wait", cell=self._cell, error=str(error).split("\n", 1)[0])
            except Exception as error:  # noqa: BLE001 — a thread that ends is noticed by nobody
                _log.error("a relay failed", cell=self._cell, exc_info=error)
                os._exit(1)
            time.sleep(_PAUSE_SECONDS)

    def _serve(self) -> None:
        database = Database(self._url, pool_size=1)
        try:
            channel = events.channel(database)
        finally:
            database.dispose()
        with connect(self._url) as connection:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(events.NOTIFIED)))
            self._rings.publish(channel, "*")
            while True:
                heard = {
                    note.payload
                    for note in connection.notifies(timeout=_BEAT_SECONDS, stop_after=1)
                }
                if heard:
                    heard |= {note.payload for note in connection.notifies(timeout=0)}
                # Anybody may NOTIFY anything.
                tenants = sorted(payload for payload in heard if _is_id(payload))
                for begin in range(0, len(tenants) or 1, _TENANTS_A_MESSAGE):
                    message = " ".join(tenants[begin : begin + _TENANTS_A_MESSAGE])
                    self._rings.publish(channel, message)


def _is_id(payload: str) -> bool:
    try:
        return str(UUID(payload)) == payload
    except ValueError:
        return False
