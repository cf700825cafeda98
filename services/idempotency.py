"""Requests that are done once: an answer is kept with its effect, and given again.

The record is written in the transaction that does the work, so that neither is without the other.
While a request is at it, it holds a lock that ends with its transaction, however that ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.errors import AutomatorError
from models.idempotency import IdempotencyKey

KEPT: Final = timedelta(hours=24)


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
    body: bytes


def find(session: Session, tenant_id: UUID, key: str, fingerprint: bytes) -> Answer | None:
    """The answer to an earlier request of this key, or None for the caller to make it.

    From then on, nobody else has the key before the transaction ends. Raises Reused, InProgress.
    """
    ours = (IdempotencyKey.tenant_id == tenant_id) & (IdempotencyKey.key == key)
    if not session.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 1))"),
        {"key": f"{tenant_id} {key}"},
    ):
        raise InProgress("another request with this Idempotency-Key is being answered")
    # Collected now and then; until it is, an old answer is in nobody's way.
    old = func.now() - IdempotencyKey.created_at > KEPT
    session.execute(delete(IdempotencyKey).where(ours, old))
    found = session.execute(
        select(
            IdempotencyKey.fingerprint,
            IdempotencyKey.status,
            IdempotencyKey.headers,
            IdempotencyKey.body,
        ).where(ours)
    ).one_or_none()
    if found is None:
        return None
    if found.fingerprint != fingerprint:
        raise Reused("this Idempotency-Key was used for another request")
    return Answer(found.status, found.headers, found.body)


def keep(session: Session, tenant_id: UUID, key: str, fingerprint: bytes, answer: Answer) -> None:
    """Record an answer; where there is one already, that one stays."""
    session.execute(
        insert(IdempotencyKey)
        .values(
            tenant_id=tenant_id,
            key=key,
            fingerprint=fingerprint,
            status=answer.status,
            headers=dict(answer.headers),
            body=answer.body,
        )
        .on_conflict_do_nothing()
    )
