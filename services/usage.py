"""What tenants use, counted where they use it."""

from sqlalchemy.orm import Session

from services.ledger import sql


def add(session: Session, *, uploaded_bytes: int = 0, media_seconds: float = 0.0) -> None:
    """Add to what the session's tenant has used; after whatever emits an event.

    The tenant's event head is locked then, and so those who add do not wait for each other here.
    """
    session.execute(
        sql("SELECT cell.use(:bytes, :seconds)"),
        {"bytes": uploaded_bytes, "seconds": media_seconds},
    )
