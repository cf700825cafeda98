"""Fits: runs that make a file of an asset which a network takes."""

from uuid import UUID

from sqlalchemy.orm import Session

from core.errors import Conflict, Rejected
from core.media import Probe
from models.run import PRIORITIES, Run
from pipeline.plan.fit_run import plan_fit, refuse_unmendable
from pipeline.plan.fit_types import FIT, FitOptions
from services import assets, library, runs


def begin(
    session: Session, tenant_id: UUID, asset_id: UUID, *, options: FitOptions, priority: str
) -> Run:
    """Begin to fit an asset. Raises NotFound, Conflict for one in the trash, and Rejected.

    What is known of the film by now is held against the network at once, so that a run is begun
    only where a file can come of it.
    """
    library.hold(session, asset_id)
    asset = assets.get(session, asset_id)
    if asset.trashed_at is not None:
        raise Conflict("the asset is in the trash: restore it first")
    if asset.kind != "video":
        raise Rejected(f"only films are fitted, and this is of the kind {asset.kind}")
    if asset.media is not None:
        refuse_unmendable(Probe.model_validate(asset.media), options)
    class_ = PRIORITIES.index(priority)
    run = runs.begin(session, tenant_id, asset, name=FIT, graph=plan_fit(options), class_=class_)
    session.refresh(run)
    return run
