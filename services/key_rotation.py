"""Rotating keys while everything goes on: data keys are wrapped anew, and made anew.

Every step replaces one row, if it is still as it was read: a rotation that is cut short is run
again, two at once do no harm, and no transaction is open while a master key's keeper is asked.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from core.errors import Misconfigured, SealBroken
from core.master_keys import MasterKeys
from core.settings import Settings
from services.administration import as_migrator
from services.data_keys import add, held_in, replace, stores
from services.keyring import WrappedKey, fresh
from services.resealing import KnownKeys, reseal
from services.sealed_columns import SEALED, SealedColumn

# A holder whose newest key is younger has it from a rotation that was cut short.
_YOUNG: Final = "1 hour"
_PASSES: Final = 3


@dataclass(slots=True)
class Rotation:
    """What a rotation did; `left` says why something stays as it was."""

    rewrapped: int = 0
    made: int = 0
    resealed: int = 0
    left: list[str] = field(default_factory=list)


def rewrap(settings: Settings, *, every: bool = False) -> Rotation:
    """Wraps every data key by the first master key; with `every`, those that it has wrapped, too.

    Those wrapped by a master key that is not known stay, and are told. Raises Unavailable where a
    master key's keeper does not answer: what was done stays done.
    """
    masters, report = MasterKeys.of(settings), Rotation()
    first = masters.first
    for store, connection in stores(settings):
        seen: set[tuple[UUID | None, int]] = set()
        # More than once, because others make keys meanwhile.
        for _ in range(_PASSES):
            pending = [
                held
                for held in held_in(store, connection)
                if (every or held.key.master != first.name)
                and (held.tenant_id, held.key.version) not in seen
            ]
            for held in pending:
                seen.add((held.tenant_id, held.key.version))
                try:
                    key = masters.named(held.key.master).unwrap(held.key.wrapped, str(held))
                except (Misconfigured, SealBroken) as error:
                    report.left.append(f"{held}: {error}")
                    continue
                wrapped = first.wrap(key, str(held))
                report.rewrapped += replace(store, connection, held, first.name, wrapped)
            if not pending:
                break
    return report


def renew(settings: Settings, columns: tuple[SealedColumn, ...] = SEALED) -> Rotation:
    """Makes a new data key for everybody who has one, and seals anew what older ones sealed.

    New secrets are sealed by the new keys from the first moment; the older ones stay, since who
    has just sealed with one may not have committed yet. Run again, it seals what that left.
    """
    masters, report = MasterKeys.of(settings), Rotation()
    for store, connection in stores(settings):
        with as_migrator(connection, store.cell):
            query = (
                "SELECT {tenant} AS tenant_id, max(version) FROM {table} GROUP BY 1"
                " HAVING max(created_at) < clock_timestamp() - %s::interval ORDER BY 1"
            )
            due = connection.execute(store.filled(query), [_YOUNG]).fetchall()
        for tenant_id, version in due:
            report.made += add(store, connection, tenant_id, fresh(masters, tenant_id, version + 1))
        held: dict[UUID | None, list[WrappedKey]] = {}
        for one in held_in(store, connection):
            held.setdefault(one.tenant_id, []).append(one.key)
        for tenant_id, keys in held.items():
            if len(keys) > 1:
                known = KnownKeys(tenant_id, keys, masters)
                for column in columns:
                    if (column.branch == "directory") == store.people:
                        done, left = reseal(store, connection, column, known)
                        report.resealed += done
                        report.left += left
    return report
