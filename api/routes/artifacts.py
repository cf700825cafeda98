"""Artifacts: what was made, one by one. An asset's are below the asset."""

from uuid import UUID

from api import problems
from api.access import needs
from api.context import SessionDep
from api.routing import Router
from api.schemas.artifact import ArtifactOut
from services import artifacts
from services.permissions import Action

router = Router(prefix="/artifacts", tags=["artifacts"])


@router.get(
    "/{artifact_id}", responses=problems.documented(404), openapi_extra=needs(Action.ASSETS_READ)
)
def get_artifact(artifact_id: UUID, session: SessionDep) -> ArtifactOut:
    """One artifact; not one that has been superseded."""
    return ArtifactOut.model_validate(artifacts.get(session, artifact_id))
