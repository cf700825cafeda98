"""Sessions: where somebody has signed in, and the tokens by which it goes on.

A refresh token is used once. One that comes again is a copy, and the whole session ends; for some
seconds it is taken for the same browser's second tab instead.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from sqlalchemy import BindParameter, Select, Uuid, bindparam, delete, func, or_, select, text
from sqlalchemy.orm import Session

from core.errors import NotFound, Unauthenticated
from models.person import RefreshToken, SignIn
from services import audit, mails, members
from services.installation import Installation

LIFE: Final = timedelta(days=30)
IDLE: Final = timedelta(days=14)
# Two tabs may come with the same token; a thief comes later.
GRACE: Final = timedelta(seconds=10)
MOST: Final = 50
_AGENT: Final = 400
_ENDED: Final = "this session has ended: sign in again"
# One statement, since somebody waits for it; the session that it makes is not among the others.
_START: Final = text("""
    SELECT * FROM directory.start_session(
        :person, :tenant, :method, :address, :agent, :life, :digest, :others, :noted, :known)
""")
_START_AT_ONCE: Final = sql.SQL(
    "SELECT * FROM directory.start_session({person}, {tenant}, {method}, {address}, {agent},"
    " {life}, {digest}, {others}, {noted}, {known})"
)
# And what the person is to the tenant.
_GO_ON: Final = text("""
    WITH made AS (SELECT id, user_id, tenant_id, expires_at
                    FROM directory.sessions WHERE id = :session),
    token AS (INSERT INTO directory.refresh_tokens (digest, session_id) VALUES (:digest, :session))
    SELECT made.id, made.expires_at, m.role, coalesce(m.suspended, false) AS suspended,
           o.role AS leads
      FROM made
      LEFT JOIN directory.tenants t ON t.id = made.tenant_id
      LEFT JOIN directory.memberships m ON m.tenant_id = t.id AND m.user_id = made.user_id
      LEFT JOIN directory.organisation_members o
             ON o.organisation_id = t.organisation_id AND o.user_id = made.user_id
""")
_USE = text("""
    UPDATE directory.refresh_tokens SET used_at = clock_timestamp()
     WHERE digest = :digest AND used_at IS NULL RETURNING session_id
""")


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with the token that continues it."""

    id: UUID
    user_id: UUID
    tenant_id: UUID | None
    role: str | None
    """What the person is to the tenant; None for who is no member, or no longer an active one."""
    expires_at: datetime
    refresh_token: str = field(repr=False)


def digest_of(secret: str) -> bytes:
    """What is kept of a secret of ours; it is long and random, so a plain digest does."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class Start:
    """Somebody signs in to a tenant, or to none yet, by a `method`, from an address."""

    user_id: UUID
    method: str
    tenant_id: UUID | None
    address: str | None
    agent: str | None


def start(session: Session, wanted: Start) -> Opened:
    """Sign somebody in. Of many sessions of one person, the one not seen for longest ends."""
    token = secrets.token_urlsafe(32)
    session.flush()  # the statement looks at what was added before
    return _started(wanted, token, session.execute(_START, _values(wanted, token, None)).one())


def start_at_once(
    installation: Installation,
    wanted: Start,
    *,
    known: str,
    mail: Mapping[str, object] | None = None,
) -> Opened | None:
    """The same in a transaction of its own, in one round trip, with a mail that tells of it.

    None, and nothing done, where their password's digest is not `known` any more, or where they
    have a second factor.
    """
    token = secrets.token_urlsafe(32)
    query = _START_AT_ONCE.format(**_values(wanted, token, known))
    if mail is not None:
        query = mails.together(query, mail)
    made = installation.cell().identity_row(query)
    return _started(wanted, token, made) if made is not None else None


def _values(wanted: Start, token: str, known: str | None) -> dict[str, object]:
    entry = audit.entry_of_person(wanted.user_id, "session.started", method=wanted.method)
    return {
        "person": wanted.user_id,
        "tenant": wanted.tenant_id,
        "method": wanted.method,
        "address": wanted.address,
        "agent": wanted.agent[:_AGENT] if wanted.agent else None,
        "life": LIFE,
        "digest": digest_of(token),
        "others": MOST - 1,
        "noted": json.dumps(entry),
        "known": known,
    }


def _started(wanted: Start, token: str, made: Sequence[Any]) -> Opened:
    session_id, expires_at, role, suspended, leads = made
    standing = members.standing(role, suspended=suspended, leads=leads)
    return Opened(session_id, wanted.user_id, wanted.tenant_id, standing, expires_at, token)


def refresh(installation: Installation, token: str) -> Opened:
    """Go on with a session, in a transaction of its own; the token is used up.

    Raises Unauthenticated; where the token was used before, its session ends with that.
    """
    with installation.identity_scope() as session:
        found = _refreshed(session, digest_of(token))
    if found is None:
        raise Unauthenticated(_ENDED)
    return found


def _refreshed(session: Session, digest: bytes) -> Opened | None:
    session_id = session.execute(_USE, {"digest": digest}).scalar_one_or_none()
    again = session_id is None
    if again:
        used = session.get(RefreshToken, digest)
        if used is None:
            return None
        session_id = used.session_id
    now = session.scalar(select(func.clock_timestamp()))
    assert now is not None
    row = session.get(SignIn, session_id, with_for_update=True)
    if row is None or row.ended_at is not None or min(row.expires_at, row.seen_at + IDLE) < now:
        return None
    if again:
        assert used is not None
        assert used.used_at is not None
        if now - used.used_at > GRACE:
            row.ended_at = now
            audit.record_of_person(
                session, row.user_id, "session.copied", proven=False, session_id=row.id
            )
            return None
    row.seen_at = now
    return _opened(session, row)


def _opened(session: Session, row: SignIn) -> Opened:
    token = secrets.token_urlsafe(32)
    session.flush()
    told = {"digest": digest_of(token), "session": row.id}
    standing = session.execute(_GO_ON, told).one()
    role = members.role_of(standing)
    return Opened(row.id, row.user_id, row.tenant_id, role, row.expires_at, token)


def reopened(session: Session, row: SignIn) -> Opened:
    """The same session with another refresh token, for what its owner has just asked for."""
    return _opened(session, row)


def get(session: Session, user_id: UUID, session_id: UUID) -> SignIn:
    """One that goes on; raises NotFound."""
    found = session.scalar(_live(user_id).where(SignIn.id == session_id))
    if found is None:
        raise NotFound("there is no such session, or it has ended")
    return found


def list_live(session: Session, user_id: UUID) -> list[SignIn]:
    """Those that go on, the newest first; at most `MOST`."""
    return list(session.scalars(_LIVE, {"person": user_id}))


def end(session: Session, user_id: UUID, session_id: UUID) -> None:
    """Sign one out; raises NotFound."""
    get(session, user_id, session_id).ended_at = session.scalar(select(func.now()))


def end_all(session: Session, user_id: UUID, *, but: UUID | None = None) -> int:
    """Sign somebody out everywhere, but there; how many places it were."""
    wanted = _live(user_id) if but is None else _live(user_id).where(SignIn.id != but)
    ended = list(session.scalars(wanted))
    for row in ended:
        row.ended_at = func.now()
    session.flush()
    return len(ended)


def collect(session: Session, *, limit: int) -> int:
    """Forget sessions that ended a day ago, with their tokens; how many they were."""
    old = func.now() - timedelta(days=1)
    chosen = (
        select(SignIn.id)
        .where(or_(SignIn.expires_at < old, SignIn.ended_at < old))
        .limit(limit)
        .scalar_subquery()
    )
    gone = session.scalars(delete(SignIn).where(SignIn.id.in_(chosen)).returning(SignIn.id))
    return len(gone.all())


def _live(user_id: UUID | BindParameter[UUID]) -> Select[SignIn]:
    return select(SignIn).where(
        SignIn.user_id == user_id,
        SignIn.ended_at.is_(None),
        SignIn.expires_at > func.now(),
        SignIn.seen_at > func.now() - IDLE,
    )


_LIVE: Final = _live(bindparam("person", type_=Uuid())).order_by(SignIn.id.desc())
