"""Who seals: a tenant's data keys, and those for the secrets of people.

Data keys are rows, which are read in the caller's transaction each time: no process can seal with
one that was rolled back, nor with one that another has followed. What is remembered is how a
wrapped key opens, so that a master key in another house is asked once.
"""

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.errors import Unavailable
from core.master_keys import MasterKeys
from core.sealing import KEY_BYTES, Sealer, cipher
from models.data_key import PeopleKey, TenantKey
from services.installation import Installation, Place

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_REMEMBERED: Final = 1024
# So long may a key be used after its master key was disabled, or its tenant purged.
_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as its row has it."""

    version: int
    master: str
    wrapped: bytes


def wrapped_for(tenant_id: UUID | None, version: int) -> str:
    """The context in which a data key is wrapped; without a tenant, people's."""
    return f"data key {version} of {tenant_id or 'people'}"


def fresh(masters: MasterKeys, tenant_id: UUID | None, version: int) -> WrappedKey:
    """A new data key, wrapped by the first master key."""
    master = masters.first
    wrapped = master.wrap(os.urandom(KEY_BYTES), wrapped_for(tenant_id, version))
    return WrappedKey(version, master.name, wrapped)


class Keyring:
    """The data keys of an installation; state: those that were unwrapped of late."""

    def __init__(self, installation: Installation) -> None:
        """`Installation.keyring` is the one that a process needs."""
        self._installation = installation
        self._lock = threading.Lock()
        self._opened: OrderedDict[tuple[str, bytes], tuple[float, AESGCM]] = OrderedDict()

    @cached_property
    def masters(self) -> MasterKeys:
        """The master keys of the installation's settings."""
        return MasterKeys.of(self._installation.settings)

    def people(self, session: Session, newest: WrappedKey | None = None) -> Sealer:
        """Seals secrets of people, in a session of `identity_scope`.

        `newest` is the key to seal by, where this transaction has read it already.
        """
        return Sealer(_Keys(self, session, None, newest))

    def people_by(self, newest: WrappedKey) -> Sealer:
        """Seals secrets of people by a key that was read a moment ago, and opens those alone."""
        return Sealer(_Given(self, newest))

    def tenant(self, session: Session, tenant_id: UUID) -> Sealer:
        """Seals secrets of a tenant, in a session of its `tenant_scope`.

        Its first key is made with the first secret, and stays if the transaction does. Raises
        Misconfigured where there is no master key.
        """
        return Sealer(_Keys(self, session, tenant_id))

    def warm(self, place: Place | None) -> None:
        """Has a tenant's keys at hand, or people's: no transaction need wait for Cloud KMS then."""
        tenant_id = place.tenant_id if place is not None else None
        with self._scope(place) as session:
            rows = _rows(session, tenant_id)
        if not rows:
            made = fresh(self.masters, tenant_id, 1)
            with self._scope(place) as session:
                _keep(session, tenant_id, made)
                rows = _rows(session, tenant_id)
        for row in rows:
            self.unwrapped(row, tenant_id)

    @contextmanager
    def _scope(self, place: Place | None) -> Iterator[Session]:
        installation = self._installation
        scope = installation.identity_scope() if place is None else installation.tenant_scope(place)
        with scope as session:
            yield session

    def unwrapped(self, key: WrappedKey, tenant_id: UUID | None) -> "AESGCM":
        """A data key that can be used."""
        context = wrapped_for(tenant_id, key.version)
        place = (f"{key.master} {context}", hashlib.sha256(key.wrapped).digest())
        now = time.monotonic()
        with self._lock:
            at, found = self._opened.get(place, (0.0, None))
            if found is not None and now - at < _SECONDS:
                self._opened.move_to_end(place)
                return found
        made = cipher(self.masters.named(key.master).unwrap(key.wrapped, context))
        with self._lock:
            self._opened[place] = (now, made)
            self._opened.move_to_end(place)
            while len(self._opened) > _REMEMBERED:
                self._opened.popitem(last=False)
        return made


class _Keys:
    """The data keys that one session sees; state: the rows that it has read."""

    def __init__(
        self,
        ring: Keyring,
        session: Session,
        tenant_id: UUID | None,
        newest: WrappedKey | None = None,
    ) -> None:
        self._ring, self._session, self._tenant_id = ring, session, tenant_id
        self._newest = newest
        self._known: dict[int, WrappedKey] = {}

    def newest(self) -> "tuple[int, AESGCM]":
        """See `DataKeys`; makes the first."""
        rows = [self._newest] if self._newest is not None else self._read()
        if not rows:
            made = fresh(self._ring.masters, self._tenant_id, 1)
            _keep(self._session, self._tenant_id, made)
            rows = self._read()
        if not rows:  # a transaction that sees an older moment than the one who made it
            raise Unavailable("the first key was made at this moment: try again", retry_after=1)
        return rows[0].version, self._ring.unwrapped(rows[0], self._tenant_id)

    def find(self, version: int) -> "AESGCM | None":
        """See `DataKeys`."""
        if version not in self._known:
            self._read()
        found = self._known.get(version)
        return self._ring.unwrapped(found, self._tenant_id) if found is not None else None

    def _read(self) -> list[WrappedKey]:
        rows = _rows(self._session, self._tenant_id)
        self._known = {row.version: row for row in rows}
        return rows


@dataclass(frozen=True, slots=True)
class _Given:
    """One data key of people, without a session."""

    ring: Keyring
    key: WrappedKey

    def newest(self) -> "tuple[int, AESGCM]":
        """See `DataKeys`."""
        return self.key.version, self.ring.unwrapped(self.key, None)

    def find(self, version: int) -> "AESGCM | None":
        """See `DataKeys`."""
        return self.newest()[1] if version == self.key.version else None


def _rows(session: Session, tenant_id: UUID | None) -> list[WrappedKey]:
    """The newest first."""
    table = PeopleKey if tenant_id is None else TenantKey
    query = select(table.version, table.master, table.wrapped).order_by(table.version.desc())
    if tenant_id is not None:
        query = query.where(TenantKey.tenant_id == tenant_id)
    found: list[Row[Any]] = list(session.execute(query))
    return [WrappedKey(row.version, row.master, bytes(row.wrapped)) for row in found]


def _keep(session: Session, tenant_id: UUID | None, key: WrappedKey) -> None:
    """Adds a key, unless somebody else has just made the one of that version."""
    values: dict[str, Any] = {
        "version": key.version,
        "master": key.master,
        "wrapped": key.wrapped,
    }
    if tenant_id is None:
        statement = insert(PeopleKey).values(values)
    else:
        statement = insert(TenantKey).values({"tenant_id": tenant_id, **values})
    # Waits for who does the same, and then sees what they have made.
    session.execute(statement.on_conflict_do_nothing())
