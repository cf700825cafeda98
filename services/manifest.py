"""`manifest.json`: what a run made, for programs. Pure; its schema is docs/manifest.schema.json."""

import re
from datetime import datetime
from typing import Any, Final

from models.asset import Asset
from pipeline.plan.stage_types import PROBES
from services.runs import RunReport

MANIFEST_NAME: Final = "manifest.json"


_PLAIN_NAME: Final = re.compile(r"[\w ()\[\]+,@-][\w .()\[\]+,@-]*")


def source_path(asset: Asset) -> str:
    """Where the source lies beside the artifacts, under its own name where that is a plain one."""
    return f"source/{asset.name if _PLAIN_NAME.fullmatch(asset.name) else 'source'}"


def build_manifest(report: RunReport, *, with_source: bool = False) -> dict[str, Any]:
    """The manifest of a run, fit for JSON; artifact paths are relative to the manifest.

    `with_source` says that the source lies beside it, too.
    """
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
                # What a probe found is the asset's media.
                "result": None if stage.name in PROBES else stage.result,
            }
            for stage in report.stages
        ],
        "artifacts": ([_source(asset)] if asset and with_source else [])
        + [
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


def _source(asset: Asset) -> dict[str, Any]:
    media = asset.media or {}
    # A picture is its own only stream.
    picture: dict[str, Any] = next(iter(media.get("video", ())), media)
    facts = {
        "width": picture.get("width"),
        "height": picture.get("height"),
        "codec": picture.get("codec"),
        "duration": media.get("duration_seconds"),
        "bitrate": media.get("bitrate"),
    }
    return {
        **{name: value for name, value in facts.items() if value is not None},
        "kind": "source",
        "path": source_path(asset),
        "bytes": asset.bytes,
        "sha256": asset.sha256,
        "mime": asset.mime,
    }


def _seconds(begin: datetime | None, end: datetime | None) -> float | None:
    """How long it took; None while it has not ended."""
    return round((end - begin).total_seconds(), 3) if begin and end else None
