"""The bytes of an import on their way in: a spooled file that outlives the attempt at it.

The folder is like an upload's (`core.spool`); how far it is stands in a file beside the bytes,
since it is good for this machine alone. Another machine, or a folder that was collected, begins
anew: the row in the ledger knows nothing of bytes.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from core.cancellation import CancelToken
from core.errors import Gone, Locked, NotFound, Retryable
from core.ids import new_id
from core.keys import source_key
from core.settings import Settings
from core.sniff import HEAD_BYTES
from core.spool import Digest, Writer
from core.storage import Storage
from services import assets, runs
from services.uploads import spool_root

_STATE: Final = "state.json"
# What an attempt that is killed loses at most; each costs a write that waits for the disk.
_SYNC_BYTES: Final = 32 << 20
_SYNC_SECONDS: Final = 1.0
# How long an attempt waits for one that was overtaken to let go.
_TURN_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.05
# Stored bytes that no row speaks of are collected after a day: older ones are not relied on.
_FRESH_SECONDS: Final = 12 * 3600.0


@dataclass(slots=True)
class _State:
    """What is known of the bytes; `received` are those that the disk has.

    Each folder has an asset's id of its own: no two machines ever store under one key.
    """

    asset: str = field(default_factory=lambda: str(new_id()))
    received: int = 0
    total: int | None = None
    validator: str | None = None
    sha256: str | None = None
    name: str = ""


class Intake:
    """One attempt's hand on an import's bytes, and the sink of `core.fetch`; state: all of that.

    `report` is told how far it is, 0 to 1; `reserve` is asked for room, and raises QuotaExceeded.
    """

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        tenant_id: UUID,
        import_id: UUID,
        *,
        recipe: str | None,
        token: CancelToken,
        report: Callable[[float], None],
        reserve: Callable[[int], None],
    ) -> None:
        """Goes on where an attempt on this machine left off. Raises Retryable while that works."""
        self._settings, self._storage, self._tenant_id = settings, storage, tenant_id
        self._recipe, self._token, self._report = recipe, token, report
        self._reserve = reserve
        self._folder = spool_root(settings, storage) / str(tenant_id) / str(import_id)
        self._writer = _turn(self._folder, token)
        try:
            self._state = _read(self._folder / _STATE)
            self._stored = self._state.sha256 is not None and self._is_stored()
            if not self._stored:
                self._open()
        except BaseException:
            self._writer.close()
            raise
        self._position = self._state.received
        self._synced_at = time.monotonic()
        self._digest = Digest(self._writer.path)
        if self._state.sha256 is None:
            self._digest.follow(self._position)

    @property
    def position(self) -> int:
        """See `core.fetch.Sink`."""
        return self._position

    @property
    def total(self) -> int | None:
        """See `core.fetch.Sink`."""
        return self._state.total

    @property
    def validator(self) -> str | None:
        """See `core.fetch.Sink`."""
        return self._state.validator

    def begin(self, validator: str | None, total: int | None) -> None:
        """See `core.fetch.Sink`. Raises InsufficientStorage where there is no room."""
        left_free = self._settings.free_space_reserve_bytes
        self._save(_State(asset=self._state.asset, validator=validator, total=total))
        self._writer.cut(0)
        self._position = 0
        self._digest = Digest(self._writer.path)
        if total is not None:
            assets.admit(self._storage, total, reserve=left_free)
            self._reserve(total)

    def add(self, data: bytes) -> None:
        """See `core.fetch.Sink`. Raises Rejected as soon as it is no file that we take."""
        before = self._position
        self._writer.write(data, before, reserve=self._settings.free_space_reserve_bytes)
        self._position += len(data)
        if before < HEAD_BYTES <= self._position:
            self._identify()
        unsynced = self._position - self._state.received
        if unsynced >= _SYNC_BYTES or time.monotonic() - self._synced_at >= _SYNC_SECONDS:
            self.record()
        # Of a file of unknown length there is no fraction, but that it grows can be seen.
        self._report(self._position / (self.total or self._settings.upload_bytes))

    def record(self) -> None:
        """Have the disk take what has come, and only then say so."""
        if self._position > self._state.received:
            if self._state.total is None:
                self._reserve(self._position)
            self._writer.sync()
            self._state.received = self._position
            self._save(self._state)
            self._digest.follow(self._position)
        self._synced_at = time.monotonic()

    def finish(self, name: str) -> assets.Received:
        """Store what came whole. Raises Rejected for what is no file that we take."""
        if self._state.sha256 is None:
            self.record()
            self._identify()
            self._reserve(self._position)
            while not self._digest.ready(_LOOK_SECONDS):
                self._token.check()
            self._state.sha256, self._state.name = self._digest.result(), name
            self._state.total = self._position
            self._save(self._state)
        state, digest = self._state, self._state.sha256
        assert digest is not None
        if not self._stored:
            self._storage.put(self._key, self._writer.path, consume=True, sha256=digest)
            self._stored = True
        with self._storage.open(self._key) as stored:
            found = assets.identify(stored)
        name = assets.clean_name(state.name)
        return assets.Received(UUID(state.asset), name, self._key, state.received, digest, found)

    def remove(self) -> None:
        """Forget the bytes here; what was stored stays."""
        self._writer.remove()

    def close(self) -> None:
        """Let somebody else go on. What was written and not recorded is nobody's."""
        self._writer.close()

    @property
    def _key(self) -> str:
        return source_key(self._tenant_id, UUID(self._state.asset))

    def _is_stored(self) -> bool:
        with suppress(NotFound):
            found = self._storage.stat(self._key)
            fresh = time.time() - found.modified < _FRESH_SECONDS
            return fresh and found.bytes == self._state.received
        return False

    def _open(self) -> None:
        try:
            self._writer.cut(self._state.received)
        except Gone:
            self._save(_State())
            self._writer.cut(0)

    def _identify(self) -> None:
        with self._writer.path.open("rb") as stream:
            runs.recipe_for(assets.identify(stream), self._recipe)

    def _save(self, state: _State) -> None:
        self._state = state
        fresh = self._folder / f"{_STATE}.new"
        fresh.write_text(json.dumps(asdict(state)))
        os.replace(fresh, self._folder / _STATE)


def _turn(folder: Path, token: CancelToken) -> Writer:
    give_up = time.monotonic() + _TURN_SECONDS
    while True:
        try:
            return Writer(folder)
        except Locked:
            if time.monotonic() > give_up:
                raise Retryable("an earlier attempt at this import has not ended yet") from None
        token.wait(_LOOK_SECONDS)
        token.check()


def _read(path: Path) -> _State:
    """The state as it was saved; a fresh one where there is none that can be read."""
    try:
        known: dict[str, Any] = json.loads(path.read_text())
        state = _State(**{one.name: known[one.name] for one in fields(_State)})
        UUID(state.asset)
    except (OSError, ValueError, KeyError, TypeError):
        return _State()
    return state
