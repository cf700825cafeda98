"""The manifest is what its schema says, for runs that went well and runs that did not."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from models.asset import Artifact, Asset
from models.run import Run, StageRun
from services.manifest import build_manifest, source_path
from services.runs import RunReport
from tests.media_samples import CLIP
from transcoders.probe import probe
from transcoders.tools import get_tools

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/manifest.schema.json").read_text())
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def problems(manifest: Any) -> list[str]:
    """What the schema has against a manifest, after its way through a file."""
    plain = json.loads(json.dumps(manifest))
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(plain)]


@pytest.fixture(scope="module")
def media() -> dict[str, Any]:
    return probe(CLIP, get_tools()).model_dump(mode="json")


def make_report(media: dict[str, Any] | None, *, failed: bool = False) -> RunReport:
    asset = Asset(
        id=uuid4(), name="clip.mp4", sha256="a" * 64, bytes=3, kind="video", media=media,
        mime="video/mp4",
    )  # fmt: skip
    end = BEGIN + timedelta(seconds=2.5)
    run = Run(
        id=uuid4(),
        recipe="video",
        state="failed" if failed else "done",
        created_at=BEGIN,
        finished_at=end,
    )
    error = {"code": "rejected", "reason": "the file is damaged", "detail": None}
    stages = [
        StageRun(name="probe", state="done", attempt=1, queue="media", started_at=BEGIN,
                 finished_at=end, error=error if failed else None),
        StageRun(name="package", state="waiting", attempt=0, queue="media"),
    ]  # fmt: skip
    artifact = Artifact(
        kind="mp4",
        path="video.mp4",
        bytes=5,
        sha256="b" * 64,
        mime="video/mp4",
        attributes={"width": 1280, "height": None, "duration": 25.0, "kind": "an impostor"},
    )
    return RunReport(run, asset, stages, [artifact])


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_a_manifest_is_what_its_schema_says(media: dict[str, Any]) -> None:
    manifest = build_manifest(make_report(media))
    assert problems(manifest) == []
    assert manifest["run"]["seconds"] == 2.5
    assert manifest["stages"][1]["seconds"] is None
    assert manifest["artifacts"][0] == {
        "kind": "mp4", "path": "video.mp4", "bytes": 5, "sha256": "b" * 64, "mime": "video/mp4",
        "width": 1280, "duration": 25.0,
    }  # fmt: skip


def test_the_source_may_lie_beside_the_artifacts(media: dict[str, Any]) -> None:
    report = make_report(media)
    manifest = build_manifest(report, with_source=True)
    assert problems(manifest) == []
    source = manifest["artifacts"][0]
    assert (source["kind"], source["path"]) == ("source", "source/clip.mp4")
    assert (source["width"], source["height"], source["duration"]) == (1280, 720, 25.0)
    assert report.asset is not None
    for name in ("../x", "a\\b", ".hidden", "a\nb", "a/b"):
        report.asset.name = name
        assert source_path(report.asset) == "source/source"
        assert problems(build_manifest(report, with_source=True)) == []


def test_a_stage_tells_what_it_decided_but_the_probe_is_the_assets_media(
    media: dict[str, Any],
) -> None:
    report = make_report(media)
    report.stages[0].result = media
    report.stages[1].result = {"playable": True}
    stages = build_manifest(report)["stages"]
    assert [stage["result"] for stage in stages] == [None, {"playable": True}]


def test_a_failed_run_has_a_manifest_too() -> None:
    manifest = build_manifest(make_report(None, failed=True))
    assert problems(manifest) == []
    assert manifest["stages"][0]["error"]["reason"] == "the file is damaged"


def test_a_run_whose_asset_is_gone_has_a_manifest_too() -> None:
    report = make_report(None)
    assert problems(build_manifest(RunReport(report.run, None, report.stages, []))) == []


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a/..", "a\\b", ""])
def test_the_schema_refuses_paths_that_leave(path: str, media: dict[str, Any]) -> None:
    manifest = build_manifest(make_report(media))
    manifest["artifacts"][0]["path"] = path
    assert problems(manifest)


def test_the_schema_refuses_what_it_does_not_know(media: dict[str, Any]) -> None:
    manifest = build_manifest(make_report(media))
    for part in (manifest, manifest["run"], manifest["asset"], manifest["stages"][0]):
        part["surprise"] = 1
        assert problems(manifest)
        del part["surprise"]
    assert problems(manifest) == []
