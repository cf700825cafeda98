"""Arrivals: what has to be known of somebody who has just shown who they are.

It is asked in one statement: of what signing in costs beside a password, statements are the most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.errors import NotFound
from services.installation import Installation
from services.keyring import WrappedKey

_LOOKED_AT: Final = 100

_ARRIVAL: Final = text("SELECT * FROM directory.arrival(:person, :looked_at)")
_LOOK: Final = sql.SQL("SELECT * FROM directory.arrival({person}, {looked_at})")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody who comes: `places` are the agents and addresses that they came with of late."""

    email: str
    password_hash: str | None = field(repr=False)
    second_factor: bool
    """Whether a code is asked for."""
    tenant_id: UUID | None
    """The tenant to go on with."""
    places: frozenset[tuple[str, str]]
    key: WrappedKey | None = field(repr=False)
    """People's, by which secrets are sealed now; None before the first secret."""


def read(session: Session, user_id: UUID) -> Arrival:
    """What is known of a person; raises NotFound."""
    row = session.execute(_ARRIVAL, {"person": user_id, "looked_at": _LOOKED_AT}).one_or_none()
    if row is None:
        raise NotFound("there is no such person any more")
    return _arrival(row)


def look(installation: Installation, user_id: UUID) -> Arrival | None:
    """The same in one round trip, for who acts on it later; None where there is no such person."""
    query = _LOOK.format(person=user_id, looked_at=_LOOKED_AT)
    row = installation.cell().identity_row(query)
    return _arrival(row) if row is not None else None


def _arrival(row: Sequence[Any]) -> Arrival:
    email, digest, second_factor, tenant_id, version, master, wrapped, found = row
    places = frozenset((agent, address) for agent, address in found)
    key = WrappedKey(version, master, bytes(wrapped)) if version is not None else None
    return Arrival(email, digest, second_factor, tenant_id, places, key)
