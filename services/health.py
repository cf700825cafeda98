"""Whether the parts that an installation stands on answer."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from core.database import Database
from core.errors import AutomatorError
from core.logging import get_logger
from core.probes import Probe
from core.settings import Settings
from core.storage import Asked, Storage
from models.migrations import versions
from services import measures
from services.installation import MAIN_CELL, Installation
from services.measures import Measure, Usage

_log = get_logger(__name__)

_PATIENCE_SECONDS: Final = 1.8
_MEASURES_SECONDS: Final = 5.0
_USAGE_SECONDS: Final = 60.0
_BRANCHES: Final = ("directory", "cell")
# No slug has a line in it.
OTHERS: Final = "_other"


@dataclass(frozen=True, slots=True)
class Health:
    """What answered in time; `slots` by queue are those of the live workers.

    `migrated` tells whether the shared branches are at this release's revisions or later ones,
    `storage` whether it takes files, and `room` whether free space is above the reserve.
    """

    database: bool
    migrated: bool
    broker: bool
    storage: bool
    room: bool
    slots: dict[str, int] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether requests can be served. Without room, uploads are refused and the rest is not."""
        return self.database and self.migrated and self.broker and self.storage


@dataclass(frozen=True, slots=True)
class _Ledger:
    migrated: bool
    slots: dict[str, int]


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes left in storage, if it has a bound, and those that uploads must leave."""

    free_bytes: int | None
    reserve_bytes: int


@dataclass(frozen=True, slots=True)
class TenantUsage:
    """What a tenant has used, by the name that people know; OTHERS are all who are not named."""

    tenant: str
    uploaded_bytes: int
    media_seconds: float


class Watch:
    """Looks at an installation's parts, as often as it is asked to; state: the last answers.

    It has connections of its own: what looks after a part may not wait behind its users.
    """

    def __init__(self, settings: Settings) -> None:
        """Opens nothing yet."""
        self.settings = settings
        self._installation = Installation(settings, pool_size=2)
        self._redis: Redis | None = None
        self._slugs: dict[UUID, str] = {}
        self._database = Probe("ask-database", self._ask_database, patience=_PATIENCE_SECONDS)
        self._broker = Probe("ask-broker", self._ask_broker, patience=_PATIENCE_SECONDS)
        self._storage = Probe("ask-storage", self._ask_storage, patience=_PATIENCE_SECONDS)
        self._measures: dict[str, Probe[list[Measure] | None]] = {}
        self._usage = Probe(
            "ask-usage", self._ask_usage, fresh=_USAGE_SECONDS, patience=_PATIENCE_SECONDS
        )

    def health(self) -> Health:
        """Every part, within two seconds whatever they do."""
        for probe in (self._database, self._broker, self._storage):
            probe.begin()
        ledger, room = self._database.look(), self._storage.look()
        broker = bool(self._broker.look())
        return Health(
            database=ledger is not None,
            migrated=ledger is not None and ledger.migrated,
            broker=broker,
            storage=room is not None,
            room=room is not None
            and (room.free_bytes is None or room.free_bytes >= room.reserve_bytes),
            slots=ledger.slots if ledger is not None else {},
        )

    def room(self) -> Room | None:
        """How much storage takes; None where it takes nothing."""
        return self._storage.look()

    def ledgers(self) -> dict[str, Sequence[Measure] | None]:
        """What there is to measure in each cell, seconds old at most; None where none answers.

        Whatever else is measured is begun, too: all of it takes no longer than the slowest.
        """
        probes = {name: self._probe_of(name) for name in self._installation.cell_names}
        for probe in probes.values():
            probe.begin()
        self._usage.begin()
        self._storage.begin()
        return {name: probe.look() for name, probe in probes.items()}

    def usage(self) -> Sequence[TenantUsage]:
        """What tenants have used, a minute old at most; empty where the databases do not answer."""
        return self._usage.look() or ()

    def close(self) -> None:
        """Close the connections; questions that hang keep theirs."""
        self._installation.close()
        if self._redis is not None:
            self._redis.close()

    def _probe_of(self, cell: str) -> Probe[list[Measure] | None]:
        if cell not in self._measures:
            self._measures[cell] = Probe(
                f"ask-{cell}",
                lambda: self._ask_measures(cell),
                fresh=_MEASURES_SECONDS,
                patience=_PATIENCE_SECONDS,
            )
        return self._measures[cell]

    def _ask_database(self) -> _Ledger | None:
        try:
            database = self._installation.cell()
            migrated = all(_is_current(database, branch) for branch in _BRANCHES)
            with database.transaction() as connection:
                rows = connection.execute(text("SELECT queue, slots FROM cell.backlog(0)")).all()
            return _Ledger(migrated, {row.queue: row.slots for row in rows})
        except ProgrammingError:
            return _Ledger(migrated=False, slots={})  # nothing has been migrated yet
        except (SQLAlchemyError, AutomatorError):
            return None

    def _ask_broker(self) -> bool:
        url = self.settings.redis_url
        if url is None:
            return False
        try:
            if self._redis is None:
                self._redis = Redis.from_url(
                    url,
                    socket_timeout=1,
                    socket_connect_timeout=1,
                    # A connection that has lain still may be dead; the broker need not be.
                    retry=Retry(NoBackoff(), 1),
                )
            return bool(self._redis.ping())
        except (RedisError, OSError, ValueError):
            return False

    def _ask_storage(self) -> Room | None:
        try:
            storage: Storage = self._installation.storage
            if isinstance(storage, Asked):
                storage.ask()
            return Room(storage.free_bytes(), self.settings.free_space_reserve_bytes)
        except (OSError, AutomatorError):
            return None

    def _ask_measures(self, cell: str) -> list[Measure] | None:
        try:
            return measures.ledger(self._installation.cell(cell))
        except (SQLAlchemyError, AutomatorError) as error:
            _log.debug("a cell cannot be measured", cell=cell, error=type(error).__name__)
            return None

    def _ask_usage(self) -> list[TenantUsage]:
        found: list[Usage] = []
        for cell in self._installation.cell_names:
            with suppress(SQLAlchemyError, AutomatorError):
                found += measures.usage(self._installation.cell(cell))
        named = _most(found)
        try:
            self._name(named)
        except (SQLAlchemyError, AutomatorError):
            return []
        others = [one for one in found if one not in named]
        known = [
            TenantUsage(self._slugs[one.tenant_id], one.uploaded_bytes, one.media_seconds)
            for one in named
            if one.tenant_id in self._slugs
        ]
        rest = TenantUsage(
            OTHERS,
            sum(one.uploaded_bytes for one in others),
            sum(one.media_seconds for one in others),
        )
        return [*known, rest]

    def _name(self, named: Sequence[Usage]) -> None:
        ids = [one.tenant_id for one in named if one.tenant_id is not None]
        new = [tenant for tenant in ids if tenant not in self._slugs]
        if new:
            self._slugs |= measures.slugs(self._installation.cell(MAIN_CELL), new)
        # No tenant's name is kept for longer than it is told.
        self._slugs = {tenant: slug for tenant, slug in self._slugs.items() if tenant in ids}


def _most(found: Sequence[Usage]) -> list[Usage]:
    """Those to be named, of all cells: who used most by bytes, and by seconds."""
    own = [one for one in found if one.tenant_id is not None]
    by_bytes = sorted(own, key=lambda one: -one.uploaded_bytes)[: measures.NAMED_TENANTS]
    by_seconds = sorted(own, key=lambda one: -one.media_seconds)[: measures.NAMED_TENANTS]
    return by_bytes + [one for one in by_seconds if one not in by_bytes]


def _is_current(database: Database, branch: str) -> bool:
    """Whether a branch is where this release wants it; a later one still serves this release."""
    found = measures.revision(database, branch)
    return found is not None and found >= versions(branch)[-1]
