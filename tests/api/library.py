"""Assets for tests of the API: sent, or only the rows that uploads would have made."""

from contextlib import closing
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient

from core.keys import source_key
from core.settings import Settings
from models.asset import Artifact, Asset
from models.run import Run
from services.installation import DEFAULT_TENANT, Installation
from tests.api.serving import film


def uploaded(client: TestClient, name: str = "film.mkv", seed: int = 1) -> dict[str, Any]:
    """An asset with a run on it, sent by one request; the same seed is the same content."""
    answer = client.post("/v1/assets", params={"name": name}, content=film(5000, seed))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def planted(settings: Settings, count: int, **values: Any) -> list[UUID]:
    """So many assets at once, older first."""
    with closing(Installation(settings)) as installation:
        place = installation.place(DEFAULT_TENANT)
        made = []
        with installation.tenant_scope(place) as session:
            for number in range(count):
                fields = {"name": f"planted {number}", "sha256": f"{number:064x}", **values}
                asset = Asset(kind="video", mime="video/mp4", bytes=1, storage_key="none", **fields)
                session.add(asset)
                session.flush()
                asset.storage_key = source_key(place.tenant_id, asset.id)
                made.append(asset.id)
        return made


def ended_run(settings: Settings, asset_id: UUID | str, state: str) -> UUID:
    """A run on an asset that has ended so."""
    with closing(Installation(settings)) as installation:
        place = installation.place(DEFAULT_TENANT)
        with installation.tenant_scope(place) as session:
            run = Run(
                tenant_id=place.tenant_id, asset_id=UUID(str(asset_id)), recipe="video", state=state
            )
            session.add(run)
            session.flush()
            return run.id


def made_of(settings: Settings, asset_id: UUID | str, *paths: str, kind: str = "text") -> list[str]:
    """Artifacts of an asset, with their bytes in storage; their keys."""
    with closing(Installation(settings)) as installation:
        place = installation.place(DEFAULT_TENANT)
        run = UUID(int=0)
        keys = []
        with installation.tenant_scope(place) as session:
            for path in paths:
                key = f"tenants/{place.tenant_id}/test/{asset_id}/1-0/{path}"
                file = settings.data_dir / "made"
                file.write_bytes(b"made")
                installation.storage.put(key, file)
                keys.append(key)
                session.add(
                    Artifact(
                        asset_id=UUID(str(asset_id)),
                        run_id=run,
                        stage_id=run,
                        stage="test",
                        attempt=1,
                        kind=kind,
                        path=path,
                        storage_key=key,
                        mime="text/plain",
                        bytes=4,
                        sha256="0" * 64,
                        attributes={},
                    )
                )
        return keys
