"""Quotas: how many bytes a tenant may have stored, and how many uploads open at once.

Bytes count from when an upload is announced: what was announced and has not come is reserved. Who
reserves waits for their turn, so that of two who want the last byte one gets it. What processing
makes is counted and never refused: a film is not left half done because its copies are large.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.errors import QuotaExceeded, RateLimited
from core.settings import Settings
from models.quota import Quota

_STORED = text("""
    SELECT ((SELECT coalesce(sum(bytes), 0) FROM assets)
          + (SELECT coalesce(sum(bytes), 0) FROM artifacts))::bigint
""")
_RESERVED = text("""
    SELECT ((SELECT coalesce(sum(bytes), 0) FROM cell.uploads
              WHERE run_id IS NULL AND expires_at > clock_timestamp())
          + (SELECT coalesce(sum(i.bytes), 0) FROM cell.imports i JOIN cell.runs r ON r.id = i.id
              WHERE i.asset_id IS NULL AND r.state IN ('running', 'cancelling')
                AND i.id IS DISTINCT FROM :import))::bigint
""")
_OPEN = text("""
    SELECT count(*) FROM cell.uploads WHERE run_id IS NULL AND expires_at > clock_timestamp()
""")
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(current_user::text, 2))")


@dataclass(frozen=True, slots=True)
class Quotas:
    """What a tenant may have; None is any number."""

    stored_bytes: int | None
    open_uploads: int
    brands: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a tenant has of what it may have."""

    quotas: Quotas
    stored_bytes: int
    reserved_bytes: int
    open_uploads: int

    @property
    def free_bytes(self) -> int | None:
        """How many more bytes may be announced."""
        if self.quotas.stored_bytes is None:
            return None
        return max(0, self.quotas.stored_bytes - self.stored_bytes - self.reserved_bytes)


def of(session: Session, settings: Settings) -> Quotas:
    """What the session's tenant may have."""
    row = session.scalar(select(Quota))
    stored = row.stored_bytes if row is not None else None
    uploads = row.open_uploads if row is not None else None
    brands = row.brands if row is not None else None
    return Quotas(
        stored if stored is not None else settings.stored_bytes,
        uploads if uploads is not None else settings.open_uploads,
        brands if brands is not None else settings.brands,
    )


def standing(session: Session, settings: Settings, *, besides: UUID | None = None) -> Standing:
    """What the session's tenant has; without what the import `besides` has reserved."""
    return Standing(
        of(session, settings),
        session.scalar(_STORED) or 0,
        session.scalar(_RESERVED, {"import": besides}) or 0,
        session.scalar(_OPEN) or 0,
    )


def admit_upload(session: Session, settings: Settings, length: int) -> None:
    """Let an upload of `length` bytes be announced in this transaction, before anything else.

    Raises QuotaExceeded for its bytes, and RateLimited where too many are open.
    """
    session.execute(_TURN)
    may = of(session, settings)
    begun = session.scalar(_OPEN) or 0
    if begun >= may.open_uploads:
        raise RateLimited(
            f"{begun} uploads are open, and {may.open_uploads} may be: end some of them",
            after=60,
            members={"quota": "open_uploads", "limit": may.open_uploads, "used": begun},
        )
    _require_room(session, settings, may, length)


def admit_bytes(
    session: Session, settings: Settings, length: int, *, besides: UUID | None = None
) -> None:
    """Let `length` bytes be reserved or stored in this transaction; raises QuotaExceeded."""
    session.execute(_TURN)
    _require_room(session, settings, of(session, settings), length, besides=besides)


def _require_room(
    session: Session, settings: Settings, may: Quotas, length: int, *, besides: UUID | None = None
) -> None:
    if may.stored_bytes is None:
        return  # nothing is summed for those who have no limit
    has = standing(session, settings, besides=besides)
    free = has.free_bytes or 0
    if length > free:
        raise QuotaExceeded(
            f"{length} bytes are too many: of {may.stored_bytes} that may be stored,"
            f" {has.stored_bytes} are, {has.reserved_bytes} are on their way, and {free} are free",
            members={
                "quota": "stored_bytes",
                "limit": may.stored_bytes,
                "used": has.stored_bytes,
                "reserved": has.reserved_bytes,
                "free": free,
                "wanted": length,
            },
        )
