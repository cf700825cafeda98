"""The trash: assets wait there for thirty days, and then go with all that was made of them.

Rows go before bytes. Whoever still sees a row can have its bytes; and where the work is cut short
between the two, the bytes belong to nobody and the collector of such takes them.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, and_, delete, func, select, text, update
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import Conflict, NotFound, Outdated
from core.storage import Storage
from models.asset import Artifact, Asset
from models.run import Run
from models.upload import Upload
from services import asset_views, assets, ledger, library
from services.installation import Installation, Place

KEPT: Final = timedelta(days=30)
_BITE: Final = 50

# What a run's stages found out about the file; that they ran is history, and stays.
_FORGET_RESULTS = text("""
    UPDATE cell.stage_runs SET result = NULL, error = NULL
     WHERE run_id IN (SELECT id FROM cell.runs WHERE asset_id = :asset)
       AND (result IS NOT NULL OR error IS NOT NULL)
""")


def put(session: Session, asset_id: UUID, *, versions: Collection[int] | None = None) -> None:
    """Put an asset into the trash and stop what works on it; one that is there stays there.

    Raises NotFound, and Outdated for one that is at none of `versions`.
    """
    library.hold(session, asset_id)
    asset = assets.get(session, asset_id)
    if asset.trashed_at is not None:
        return
    if versions is not None and asset.version not in versions:
        raise Outdated("the asset has been changed meanwhile")
    _stop_runs(session, asset_id)
    ledger.emit(session, "asset.trashed", {"asset_id": str(asset_id)})
    ours = Asset.id == asset_id
    if versions is not None:
        ours = and_(ours, Asset.version.in_(versions))
    changed = update(Asset).where(ours).values(
        trashed_at=func.clock_timestamp(), version=Asset.version + 1
    )  # fmt: skip
    if session.scalar(changed.returning(Asset.id)) is None:
        raise Outdated("the asset has been changed meanwhile")


def restore(session: Session, asset_id: UUID) -> Row[Any]:
    """Take an asset out of the trash, with its runs as they are; the asset as it is then."""
    library.hold(session, asset_id)
    asset = assets.get(session, asset_id)
    if asset.trashed_at is not None:
        ledger.emit(session, "asset.restored", {"asset_id": str(asset_id)})
        session.execute(
            update(Asset)
            .where(Asset.id == asset_id)
            .values(trashed_at=None, version=Asset.version + 1)
        )
    return asset_views.get(session, asset_id)


def check_source(installation: Installation, place: Place, asset_id: UUID) -> None:
    """Raise Conflict where an asset's own file is gone; no transaction is open meanwhile."""
    with installation.tenant_scope(place) as session:
        key = assets.get(session, asset_id).storage_key
    try:
        installation.storage.stat(key)
    except NotFound:
        raise Conflict("the asset's file is gone: it cannot be restored") from None


def remove(session: Session, asset_id: UUID, *, before: datetime | None = None) -> Sequence[str]:
    """Forget an asset in the trash for good; the keys of its bytes, to be deleted after the commit.

    Raises NotFound, Conflict for one that is not in the trash, or not since `before`.
    """
    library.hold(session, asset_id)
    asset = assets.get(session, asset_id)
    if asset.trashed_at is None or (before is not None and asset.trashed_at >= before):
        raise Conflict("only what is in the trash can be removed for good")
    _stop_runs(session, asset_id)
    session.execute(_FORGET_RESULTS, {"asset": asset_id})
    ledger.emit(session, "asset.deleted", {"asset_id": str(asset_id)})
    keys = session.scalars(
        delete(Artifact).where(Artifact.asset_id == asset_id).returning(Artifact.storage_key)
    ).all()
    session.execute(delete(Upload).where(Upload.id == asset_id))
    session.execute(delete(Asset).where(Asset.id == asset_id))
    return [asset.storage_key, *keys]


def collect(
    database: Database, storage: Storage, tenant_id: UUID, *, age: timedelta = KEPT
) -> Iterator[int]:
    """Remove what has been in a tenant's trash for so long; yields the files of each step."""
    before = datetime.now(UTC) - age
    old = select(Asset.id).where(Asset.trashed_at < before).order_by(Asset.trashed_at).limit(_BITE)
    while True:
        with database.tenant_scope(tenant_id) as session:
            found = session.scalars(old).all()
        for asset_id in found:
            try:
                with database.tenant_scope(tenant_id) as session:
                    keys = remove(session, asset_id, before=before)
            except (NotFound, Conflict):  # restored, or removed by somebody else
                continue
            for key in keys:
                storage.delete(key)
                yield 1
        if len(found) < _BITE:
            return
        yield 0


def _stop_runs(session: Session, asset_id: UUID) -> None:
    """Cancel what works on an asset; runs are locked in the order of their ids."""
    open_runs = (
        select(Run.id)
        .where(Run.asset_id == asset_id, Run.state.in_(("running", "cancelling")))
        .order_by(Run.id)
    )
    for run_id in session.scalars(open_runs).all():
        session.execute(text("SELECT cell.cancel_run(:run)"), {"run": run_id})
