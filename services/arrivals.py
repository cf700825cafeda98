"""Arrivals: what has to be known of somebody who has just shown who they are.

It is asked in one statement: of what signing in costs beside a password, statements are the most.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.errors import NotFound
from services.keyring import WrappedKey

_LOOKED_AT: Final = 100

# Where somebody was last comes first, of tenants that can be entered; then where they came first.
_ARRIVAL = text("""
    SELECT u.email, u.password_hash, f.user_id IS NOT NULL AS second_factor, p.tenant_id,
           k.version, k.master, k.wrapped,
           ARRAY(SELECT DISTINCT ARRAY[coalesce(s.agent, ''), coalesce(s.address, '')]
                   FROM (SELECT agent, address FROM directory.sessions
                          WHERE user_id = u.id ORDER BY id DESC LIMIT :looked_at) s) AS places
      FROM directory.users u
      LEFT JOIN (SELECT version, master, wrapped FROM directory.data_keys
                  ORDER BY version DESC LIMIT 1) k ON true
      LEFT JOIN directory.second_factors f ON f.user_id = u.id AND f.confirmed_at IS NOT NULL
      LEFT JOIN LATERAL (
           SELECT m.tenant_id
             FROM directory.memberships m
             JOIN directory.tenants t ON t.id = m.tenant_id
             LEFT JOIN LATERAL (
                  SELECT max(s.seen_at) AS at FROM directory.sessions s
                   WHERE s.user_id = m.user_id AND s.tenant_id = m.tenant_id) seen ON true
            WHERE m.user_id = u.id AND NOT m.suspended AND t.state IN ('creating', 'active')
            ORDER BY seen.at DESC NULLS LAST, m.created_at LIMIT 1) p ON true
     WHERE u.id = :person
""")


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
    places = frozenset((agent, address) for agent, address in row.places)
    key = None
    if row.version is not None:
        key = WrappedKey(row.version, row.master, bytes(row.wrapped))
    return Arrival(row.email, row.password_hash, row.second_factor, row.tenant_id, places, key)
