"""Requests that are done once: an answer is kept with its effect, and given again.

The record is written in the transaction that does the work, so that neither is without the other.
While a request is at it, it holds a lock that ends with its transaction, however that ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.errors import AutomatorError
from core.sealing import Sealer
from models.idempotency import IdempotencyKey, PersonalKey
from services.sealed_columns import PERSONAL_ANSWER, TENANTS_ANSWER

KEPT: Final = timedelta(hours=24)
FINGERPRINT_BYTES: Final = 32


class Reused(AutomatorError):
    """The key has been used for another request."""

    status = 422
    code = "idempotency_key_reused"


class InProgress(AutomatorError):
    """Another request with the key is being answered: try again in a moment."""

    status = 409
    code = "idempotency_key_in_use"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client was told."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and whom it is about where that is a tenant: the answer goes when one of them does.

    `subject` is `Principal.subject`: its answers are given to nobody else.
    """

    subject: str
    user_id: UUID | None = None
    tenant_id: UUID | None = None


def find(
    session: Session,
    tenant_id: UUID,
    key: str,
    fingerprint: bytes,
    *,
    sealer: Sealer | None = None,
) -> Answer | None:
    """The answer to an earlier request of this key, or None for the caller to make it.

    From then on, nobody else has the key before the transaction ends. `sealer` is the tenant's,
    for answers that are secrets. Raises Reused, InProgress.
    """
    ours = (IdempotencyKey.tenant_id == tenant_id) & (IdempotencyKey.key == key)
    _hold(session, f"{tenant_id} {key}")
    _forget_old(session, IdempotencyKey, ours)
    found = session.execute(
        select(
            IdempotencyKey.fingerprint,
            IdempotencyKey.status,
            IdempotencyKey.headers,
            IdempotencyKey.body,
            IdempotencyKey.sealed,
        ).where(ours)
    ).one_or_none()
    if found is None:
        return None
    if found.fingerprint != fingerprint:
        raise _reused()
    if found.sealed is None:
        return Answer(found.status, found.headers, found.body)
    assert sealer is not None
    body = sealer.open(bytes(found.sealed), TENANTS_ANSWER.context(key))
    return Answer(found.status, found.headers, body)


def keep(
    session: Session,
    tenant_id: UUID,
    key: str,
    fingerprint: bytes,
    answer: Answer,
    *,
    sealer: Sealer | None = None,
) -> None:
    """Record an answer, sealed where there is a `sealer`; one that is there already stays."""
    kept: dict[str, bytes] = {"body": answer.body}
    if sealer is not None:
        kept = {"sealed": sealer.seal(answer.body, TENANTS_ANSWER.context(key))}
    session.execute(
        insert(IdempotencyKey)
        .values(
            tenant_id=tenant_id,
            key=key,
            fingerprint=fingerprint,
            status=answer.status,
            headers=dict(answer.headers),
            **kept,
        )
        .on_conflict_do_nothing()
    )


def find_of(
    session: Session, sealer: Sealer, asker: Asker, key: str, fingerprint: bytes
) -> Answer | None:
    """As `find`, in a transaction for people; `sealer` is theirs."""
    ours = (PersonalKey.subject == asker.subject) & (PersonalKey.key == key)
    _hold(session, f"{asker.subject} {key}")
    _forget_old(session, PersonalKey, ours)
    found = session.execute(
        select(PersonalKey.id, PersonalKey.status, PersonalKey.headers, PersonalKey.sealed).where(
            ours
        )
    ).one_or_none()
    if found is None:
        return None
    opened = sealer.open(bytes(found.sealed), PERSONAL_ANSWER.context(found.id))
    if opened[:FINGERPRINT_BYTES] != fingerprint:
        raise _reused()
    return Answer(found.status, found.headers, opened[FINGERPRINT_BYTES:])


def keep_of(
    session: Session, sealer: Sealer, asker: Asker, key: str, fingerprint: bytes, answer: Answer
) -> None:
    """As `keep`, in a transaction for people. All of it is sealed, the fingerprint, too.

    By the digest of a request that has a password in it, passwords could be tried.
    """
    answer_id = uuid4()
    sealed = sealer.seal(fingerprint + answer.body, PERSONAL_ANSWER.context(answer_id))
    session.execute(
        insert(PersonalKey)
        .values(
            id=answer_id,
            subject=asker.subject,
            key=key,
            user_id=asker.user_id,
            tenant_id=asker.tenant_id,
            status=answer.status,
            headers=dict(answer.headers),
            sealed=sealed,
        )
        .on_conflict_do_nothing()
    )


def replace_of(
    session: Session, sealer: Sealer, asker: Asker, key: str, fingerprint: bytes, answer: Answer
) -> None:
    """Have another answer given from now on: what was still under way has come to an end."""
    ours = (PersonalKey.subject == asker.subject) & (PersonalKey.key == key)
    session.execute(delete(PersonalKey).where(ours))
    keep_of(session, sealer, asker, key, fingerprint, answer)


def collect(session: Session, *, limit: int) -> int:
    """Forget at most `limit` answers to people of more than a day ago; how many."""
    old = (
        select(PersonalKey.id)
        .where(PersonalKey.created_at < func.now() - KEPT)
        .order_by(PersonalKey.created_at)
        .limit(limit)
    )
    gone = session.execute(
        delete(PersonalKey).where(PersonalKey.id.in_(old)).returning(PersonalKey.id)
    )
    return len(gone.all())


def _hold(session: Session, name: str) -> None:
    """Have a key for this transaction; raises InProgress where somebody else has it."""
    if not session.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 1))"), {"key": name}
    ):
        raise InProgress("another request with this Idempotency-Key is being answered")


def _forget_old(
    session: Session, table: type[IdempotencyKey | PersonalKey], ours: ColumnElement[Any]
) -> None:
    """Collected now and then; until it is, an old answer is in nobody's way."""
    session.execute(delete(table).where(ours, func.now() - table.created_at > KEPT))


def _reused() -> Reused:
    return Reused("this Idempotency-Key was used for another request")
