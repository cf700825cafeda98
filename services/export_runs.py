"""Exports that owners ask for: runs of one stage, which workers make with the tenant's rights.

Of a tenant one is made at a time, a few a day, and the newest archive is kept, for a week. An
archive lies in the tenant's storage, where nothing but its run knows of it.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core import tracing
from core.errors import Conflict, NotFound, RateLimited
from core.keys import checked_key, tenant_prefix
from core.settings import Settings
from core.storage import Storage
from models.run import BATCH, Run, StageRun
from pipeline.plan.exports import ARCHIVE, EXPORT, ArchiveResult, plan_export
from services import ledger, mails, members, runs
from services.installation import Installation, Place
from services.mails import MailKind
from services.media_tokens import NOBODYS, MediaToken, Scope, Signer

KEPT: Final = timedelta(days=7)
MOST_A_DAY: Final = 3
FILE: Final = "archive.tar"
MIME: Final = "application/x-tar"
_DAY: Final = timedelta(days=1)
_FOLDER: Final = "exports"
_TURN: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(current_user::text, 4))")


@dataclass(frozen=True, slots=True)
class ExportReport:
    """An export with all that is known of how it goes; `made` is what came of it."""

    run: Run
    stage: StageRun
    made: ArchiveResult | None

    @property
    def expires_at(self) -> datetime | None:
        """Until when its archive is kept at most, if it has come so far."""
        finished = self.run.finished_at
        return finished + KEPT if self.made is not None and finished is not None else None


def begin(session: Session, place: Place) -> ExportReport:
    """Begin an export. Raises Conflict while one is made, RateLimited beyond so many a day."""
    session.execute(_TURN)
    ours = select(Run).where(Run.tenant_id == place.tenant_id, Run.recipe == EXPORT)
    if session.scalars(ours.where(Run.state.not_in(runs.ENDED)).limit(1)).first() is not None:
        raise Conflict("an export is being made: wait for it, or cancel its run")
    recent = ours.where(Run.created_at > func.clock_timestamp() - _DAY).order_by(Run.created_at)
    made = session.scalars(recent).all()
    if len(made) >= MOST_A_DAY:
        left = made[-MOST_A_DAY].created_at + _DAY - datetime.now(UTC)
        raise RateLimited(
            f"{MOST_A_DAY} exports a day are made of a tenant",
            after=max(1.0, left.total_seconds()),
        )
    run = Run(
        tenant_id=place.tenant_id,
        recipe=EXPORT,
        class_=BATCH,
        state="running",
        trace=tracing.current(),
    )
    session.add(run)
    session.flush()
    ledger.insert_graph(session, run, plan_export())
    runs.tell_begun(session, run)
    return get(session, run.id)


def get(session: Session, export_id: UUID) -> ExportReport:
    """An export of the tenant; NotFound otherwise."""
    found = _reports(session, export_id=export_id, limit=1)
    if not found:
        raise NotFound("there is no such export")
    return found[0]


def latest(session: Session, *, limit: int, before: UUID | None = None) -> Sequence[ExportReport]:
    """The newest exports, at most `limit`, older than the export `before`."""
    return _reports(session, before=before, limit=limit)


def _reports(
    session: Session, *, limit: int, export_id: UUID | None = None, before: UUID | None = None
) -> Sequence[ExportReport]:
    query = (
        select(Run, StageRun)
        .join(StageRun, (StageRun.run_id == Run.id) & (StageRun.name == ARCHIVE))
        .where(Run.recipe == EXPORT)
        .order_by(Run.id.desc())
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    if export_id is not None:
        query = query.where(Run.id == export_id)
    if before is not None:
        query = query.where(Run.id < before)
    return [ExportReport(run, stage, _made(stage)) for run, stage in session.execute(query)]


def _made(stage: StageRun) -> ArchiveResult | None:
    if stage.state != "done" or stage.result is None:
        return None
    with suppress(ValueError):
        return ArchiveResult.model_validate(stage.result)
    return None  # what came with an archive may be anything


def key_of(tenant_id: UUID, run_id: UUID, attempt: int) -> str:
    """Where an attempt puts its archive; nothing else ever writes there."""
    return checked_key(f"{_folder(tenant_id)}/{run_id}/{attempt}/{FILE}")


def _folder(tenant_id: UUID) -> str:
    return f"{tenant_prefix(tenant_id)}/{_FOLDER}"


def kept(session: Session, export_id: UUID) -> tuple[ExportReport, datetime]:
    """An export whose archive is there, and until when; raises NotFound for any other."""
    found = get(session, export_id)
    until = found.expires_at
    newer = select(Run.id).where(Run.recipe == EXPORT, Run.state == "done", Run.id > export_id)
    if until is None or until <= datetime.now(UTC) or session.scalars(newer.limit(1)).first():
        raise NotFound("the archive is not there yet, or no longer")
    return found, until


def address(
    session: Session, settings: Settings, place: Place, export_id: UUID, *, now: float
) -> tuple[str, datetime] | None:
    """Where an archive can be downloaded, and until when by this address; None where it is not.

    `now` is in seconds since 1970. Raises Misconfigured where nothing can sign.
    """
    try:
        found, until = kept(session, export_id)
    except NotFound:
        return None
    ends = min(int(now) + settings.media_token_seconds, int(until.timestamp()))
    token = MediaToken(Scope.ARCHIVE, place.tenant_id, NOBODYS, found.run.id, 0, ends)
    url = f"{settings.public_url or ''}/v1/media/{Signer.of(settings).sign(token)}/{FILE}"
    return url, datetime.fromtimestamp(ends, UTC)


def forget_others(storage: Storage, tenant_id: UUID, run_id: UUID) -> None:
    """Remove the archives of a tenant's other exports, since a newer one is there."""
    ours = f"{_folder(tenant_id)}/{run_id}/"
    for found in list(storage.list(_folder(tenant_id))):
        if not found.key.startswith(ours):
            storage.delete(found.key)


def tell_owners(installation: Installation, place: Place, run_id: UUID) -> None:
    """Write to the owners that an archive is ready."""
    until = datetime.now(UTC) + KEPT
    values = {
        "link": f"/exports?export={run_id}",
        "tenant": place.name,
        "when": until.strftime("%d %B %Y, %H:%M UTC"),
    }
    with installation.identity_scope() as session:
        sealer = installation.keyring.people(session)
        for one in members.owners(session, place.tenant_id):
            mails.queue(
                session,
                sealer,
                to=one,
                kind=MailKind.EXPORT_READY,
                values=values,
                tenant_id=place.tenant_id,
            )
