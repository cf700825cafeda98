"""API keys: programs of a tenant act with them, within what their makers might do.

A key is shown once; what is kept is its digest. It has 256 random bits, so a plain digest does. It
belongs to the tenant: it goes on when its maker leaves, and whoever may see keys sees who that was.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.orm import Session

from core.errors import Conflict, NotFound, Rejected, Unauthenticated
from core.key_text import KeyText, prefix_of
from models.api_key import ApiKey
from models.person import Membership, User
from services.founding import checked_name
from services.permissions import FOR_PEOPLE, Action
from services.standing import Principal, of_tenant

MOST: Final = 100
# For so long, it can be seen in the table that there was such a key.
_FORGOTTEN_AFTER: Final = timedelta(days=90)
_REFUSED: Final = "the API key is not one of this installation's, or no longer"
# Nobody who has the digest of no key may find that out by waiting.
_NOBODYS: Final = bytes(32)

_STANDING = text("""
    SELECT k.id AS key_id, k.name AS shown, k.digest, k.scopes,
           k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AS live,
           k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute' AS stale,
           t.id, t.slug, t.name, t.cell, t.state
      FROM directory.api_keys k JOIN directory.tenants t ON t.id = k.tenant_id
     WHERE k.id = :key
""")
_USED = text("""
    UPDATE directory.api_keys SET last_used_at = now() WHERE id IN (
        SELECT id FROM directory.api_keys
         WHERE id = :key AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
           FOR UPDATE SKIP LOCKED)
""")


@dataclass(frozen=True, slots=True)
class Listed:
    """A key as people see it; `maker_role` is what its maker is to the tenant now, if anything."""

    id: UUID
    prefix: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    maker_id: UUID | None
    maker_name: str | None
    maker_role: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """A key that has just been made, and its text, which nobody can be told again."""

    listed: Listed
    key: str = field(repr=False)


def principal(session: Session, shown: KeyText) -> Principal:
    """What a key may do now, and that it was used. Raises Unauthenticated.

    A key that is not there, a wrong secret, an expired and a revoked key are told the same.
    """
    row = session.execute(_STANDING, {"key": shown.id}).one_or_none()
    fits = hmac.compare_digest(row.digest if row is not None else _NOBODYS, digest_of(shown.text))
    if row is None or not fits or not row.live:
        raise Unauthenticated(_REFUSED)
    if row.stale:
        session.execute(_USED, {"key": shown.id})
    known = {str(action): action for action in Action}
    # A scope that an earlier release knew, and this one does not, allows nothing.
    actions = frozenset(known[scope] for scope in row.scopes if scope in known) - FOR_PEOPLE
    return of_tenant(row, subject=f"key:{row.key_id}", shown=row.shown, actions=actions)


def refused() -> Unauthenticated:
    """The answer to what looks like a key and is none."""
    return Unauthenticated(_REFUSED)


def digest_of(key: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).digest()


def make(
    session: Session,
    maker: Principal,
    tenant_id: UUID,
    *,
    name: str,
    scopes: Sequence[Action],
    expires_at: datetime | None,
) -> Made:
    """A new key, shown now and never again.

    Raises Rejected for a scope that its maker lacks, or that no key may have, and for an end that
    is over; Conflict where the tenant has too many.
    """
    name = checked_name(name, field="name")
    wanted = frozenset(scopes)
    if never := wanted & FOR_PEOPLE:
        raise Rejected(f"no key may have {_said(never)}: that is for people", field="scopes")
    if lacking := wanted - maker.actions:
        raise Rejected(f"you may not do {_said(lacking)} yourself", field="scopes")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise Rejected("it would have ended already", field="expires_at")
    _forget_old(session, tenant_id)
    count = select(func.count()).select_from(ApiKey).where(ApiKey.tenant_id == tenant_id)
    if (session.scalar(count.where(ApiKey.revoked_at.is_(None))) or 0) >= MOST:
        raise Conflict(f"a tenant may have {MOST} keys: revoke one that nobody uses")
    key = KeyText.make(session.scalars(select(func.uuidv7())).one())
    session.add(
        ApiKey(
            id=key.id,
            tenant_id=tenant_id,
            name=name,
            digest=digest_of(key.text),
            scopes=sorted(wanted),
            created_by=maker.user_id,
            expires_at=expires_at,
        )
    )
    session.flush()
    return Made(get(session, tenant_id, key.id), key.text)


def _forget_old(session: Session, tenant_id: UUID) -> None:
    """Keys that ended long ago: who makes and revokes for ever fills no table."""
    old = func.now() - _FORGOTTEN_AFTER
    ended = or_(ApiKey.revoked_at < old, ApiKey.expires_at < old)
    session.execute(delete(ApiKey).where(ApiKey.tenant_id == tenant_id, ended))


def _said(actions: frozenset[Action]) -> str:
    return ", ".join(sorted(actions))


def page(session: Session, tenant_id: UUID, *, limit: int, after: UUID | None) -> list[Listed]:
    """A tenant's keys that were not revoked, in the order of their ids."""
    query = _SHOWN.where(ApiKey.tenant_id == tenant_id, ApiKey.revoked_at.is_(None))
    if after is not None:
        query = query.where(ApiKey.id > after)
    return [_listed(row) for row in session.execute(query.order_by(ApiKey.id).limit(limit))]


def get(session: Session, tenant_id: UUID, key_id: UUID) -> Listed:
    """One key of a tenant's; raises NotFound."""
    ours = (ApiKey.tenant_id == tenant_id, ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
    row = session.execute(_SHOWN.where(*ours)).one_or_none()
    if row is None:
        raise NotFound("there is no such key, or it was revoked")
    return _listed(row)


def rename(session: Session, tenant_id: UUID, key_id: UUID, name: str) -> Listed:
    """Another name; what the key may do never changes. Raises NotFound, Rejected."""
    _held(session, tenant_id, key_id).name = checked_name(name, field="name")
    session.flush()
    return get(session, tenant_id, key_id)


def revoke(session: Session, tenant_id: UUID, key_id: UUID) -> None:
    """End a key for good, within seconds everywhere. Raises NotFound."""
    _held(session, tenant_id, key_id).revoked_at = session.scalar(select(func.now()))


def _held(session: Session, tenant_id: UUID, key_id: UUID) -> ApiKey:
    ours = (ApiKey.tenant_id == tenant_id, ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
    found = session.scalar(select(ApiKey).where(*ours).with_for_update())
    if found is None:
        raise NotFound("there is no such key, or it was revoked")
    return found


_SHOWN: Final = (
    select(ApiKey.id, ApiKey.name, ApiKey.scopes, ApiKey.created_at, ApiKey.expires_at,
           ApiKey.last_used_at, ApiKey.created_by, User.name.label("maker"), Membership.role)
    .outerjoin(User, User.id == ApiKey.created_by)
    .outerjoin(
        Membership,
        (Membership.user_id == ApiKey.created_by)
        & (Membership.tenant_id == ApiKey.tenant_id)
        & Membership.suspended.is_(False),
    )
)  # fmt: skip


def _listed(row: Any) -> Listed:
    return Listed(
        row.id, prefix_of(row.id), row.name, tuple(row.scopes), row.created_at, row.expires_at,
        row.last_used_at, row.created_by, row.maker, row.role,
    )  # fmt: skip
