"""Uploads: a file becomes an asset with a run on it, or leaves nothing behind."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import AutomatorError
from models.asset import Asset
from models.run import Run
from services import assets, runs
from services.installation import Installation, Place


@dataclass(frozen=True, slots=True)
class Begun:
    """An asset and the run that was begun on it, as they were committed."""

    asset: Asset
    run: Run


def begin(
    installation: Installation,
    place: Place,
    path: Path,
    name: str,
    *,
    recipe: str | None = None,
    consume: bool = False,
) -> Begun:
    """Store a file and start a recipe on it. No transaction is open while bytes are copied.

    Raises Rejected for a file or a recipe that is not known, InsufficientStorage where there is
    no room. With `consume` the file at `path` is given up.
    """
    runs.recipe_for(assets.identify(path), recipe)  # before gigabytes are copied for nothing
    received = assets.receive(
        installation.storage,
        place.tenant_id,
        path,
        name,
        reserve=installation.settings.free_space_reserve_bytes,
        consume=consume,
    )
    try:
        with installation.tenant_scope(place) as session:
            asset = assets.record(session, received)
            run = runs.start(session, place.tenant_id, asset, recipe=recipe)
            session.refresh(asset)
            session.refresh(run)
    except AutomatorError:
        # Refused before the commit. Where a commit's outcome is unknown, the bytes stay.
        installation.storage.delete(received.key)
        raise
    return Begun(asset, run)
