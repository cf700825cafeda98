"""Artifacts: the files that were made of an asset."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from core.errors import NotFound
from models.asset import Artifact
from pipeline.plan.stage_types import WORK
from services import assets

After = tuple[str, UUID]
_LIVE: Final = (Artifact.kind != WORK, Artifact.superseded_at.is_(None))


def get(session: Session, artifact_id: UUID) -> Artifact:
    """An artifact of the tenant; NotFound, also for a file that only stages need."""
    found = session.scalar(select(Artifact).where(Artifact.id == artifact_id, *_LIVE))
    if found is None:
        raise NotFound("there is no such artifact")
    return found


def page(
    session: Session,
    asset_id: UUID,
    *,
    limit: int,
    kind: str | None = None,
    after: After | None = None,
) -> Sequence[Artifact]:
    """An asset's present artifacts by path, at most `limit`, from behind the one at `after`.

    Raises NotFound for an unknown asset.
    """
    assets.get(session, asset_id)
    query = select(Artifact).where(Artifact.asset_id == asset_id, *_LIVE)
    if kind is not None:
        query = query.where(Artifact.kind == kind)
    if after is not None:
        query = query.where(tuple_(Artifact.path, Artifact.id) > after)
    return session.scalars(query.order_by(Artifact.path, Artifact.id).limit(limit)).all()
