"""`manifest.json`: what a run made, for programs. Pure; its schema is docs/manifest.schema.json."""

from datetime import datetime
from typing import Any, Final

from services.runs import RunReport

MANIFEST_NAME: Final = "manifest.json"


def build_manifest(report: RunReport) -> dict[str, Any]:
    """The manifest of a run, fit for JSON; artifact paths are relative to the manifest."""
    run, asset = report.run, report.asset
    return {
        "asset": {
            "id": str(asset.id),
            "name": asset.name,
            "sha256": asset.sha256,
            "bytes": asset.bytes,
            "kind": asset.kind,
            "media": asset.media,
        }
        if asset
        else None,
        "run": {
            "id": str(run.id),
            "recipe": run.recipe,
            "state": run.state,
            "seconds": _seconds(run.created_at, run.finished_at),
        },
        "stages": [
            {
                "name": stage.name,
                "state": stage.state,
                "attempts": stage.attempt,
                "queue": stage.queue,
                "seconds": _seconds(stage.started_at, stage.finished_at),
                "error": stage.error,
            }
            for stage in report.stages
        ],
        "artifacts": [
            {
                # First, so that no attribute can take the place of what every artifact has.
                **{name: value for name, value in artifact.attributes.items() if value is not None},
                "kind": artifact.kind,
                "path": artifact.path,
                "bytes": artifact.bytes,
                "sha256": artifact.sha256,
                "mime": artifact.mime,
            }
            for artifact in report.artifacts
        ],
    }


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    """How long it took; None while it has not ended."""
    return round((end - begin).total_seconds(), 3) if begin and end else None
