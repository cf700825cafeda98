"""What tenants use, counted where they use it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.ledger import sql


@dataclass(frozen=True, slots=True)
class Total:
    """What a tenant has used since it was made."""

    uploaded_bytes: int = 0
    media_seconds: float = 0.0


def total(session: Session) -> Total:
    """What the session's tenant has used."""
    row = session.execute(sql("SELECT uploaded_bytes, media_seconds FROM cell.usage")).one_or_none()
    return Total(*row) if row is not None else Total()


def add(session: Session, *, uploaded_bytes: int = 0, media_seconds: float = 0.0) -> None:
    """Add to what the session's tenant has used; after whatever emits an event.

    The tenant's event head is locked then, and so those who add do not wait for each other here.
    """
    session.execute(
        sql("SELECT cell.use(:bytes, :seconds)"),
        {"bytes": uploaded_bytes, "seconds": media_seconds},
    )
