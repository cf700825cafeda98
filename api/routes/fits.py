"""Fits: an asset made into a file that a network takes."""

from uuid import UUID

from fastapi import Response
from sqlalchemy.orm import Session

from api import problems
from api.access import needs
from api.context import PlaceDep
from api.idempotency import OnceDep
from api.routing import Router
from api.schemas.fit import FitCreate
from api.schemas.run import RunOut
from pipeline.plan.fit_run import fit_options
from pipeline.plan.fit_types import FitChoices
from services import fits
from services.permissions import Action

router = Router(prefix="/assets/{asset_id}/fits", tags=["assets"])


@router.post(
    "",
    status_code=201,
    response_model=RunOut,
    responses=problems.documented(404, 409, 413),
    openapi_extra=needs(Action.RUNS_WRITE),
)
def start_fit(asset_id: UUID, wanted: FitCreate, where: PlaceDep, once: OnceDep) -> Response:
    """Begin to make a film into a file that a network takes.

    Its run ends with a stage `fit.<network>-<placement>` and artifacts of the kind `fit`: the file,
    unless the film is taken as it is, and a report of what would have been refused and what was
    done. A film that nothing may mend is a 422 that says why.
    """
    choices = FitChoices(**wanted.model_dump(exclude={"network", "placement", "priority"}))
    options = fit_options(wanted.network, wanted.placement, choices)

    def start(session: Session) -> RunOut:
        run = fits.begin(
            session, where.tenant_id, asset_id, options=options, priority=wanted.priority
        )
        return RunOut.model_validate(run)

    return once(start, status=201)
