"""An export replaces what an earlier one wrote, and nothing else."""

import errno
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from core.errors import AutomatorError, Conflict, InsufficientStorage
from core.folder_storage import FolderStorage
from models.asset import Artifact
from models.run import Run
from services.exports import check_target, export_run, folder_names
from services.runs import RunReport

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


def make_report(storage: FolderStorage, folder: Path, *paths: str) -> RunReport:
    """A run that made a file at each of these paths."""
    artifacts = []
    for path in paths:
        bytes_ = folder / "bytes"
        bytes_.write_text(path)
        stored = storage.put(f"tenants/{uuid4().hex}/file", bytes_)
        artifacts.append(
            Artifact(
                kind="mp4",
                path=path,
                bytes=stored.bytes,
                sha256=stored.sha256,
                mime="video/mp4",
                storage_key=stored.key,
                attributes={},
            )
        )
    run = Run(id=uuid4(), recipe="video", state="done", created_at=WHEN, finished_at=WHEN)
    return RunReport(run, None, [], artifacts)


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    return FolderStorage(tmp_path / "storage")


@pytest.mark.parametrize("name", ["...mp4", "..mp4", "....mp4", "..."])
def test_no_input_is_named_so_that_its_results_leave_the_folder(name: str) -> None:
    (folder,) = folder_names([Path(name)])
    assert folder == "file"


def test_inputs_of_one_stem_get_numbers() -> None:
    assert folder_names([Path("a/x.mp4"), Path("b/x.mov"), Path("...")]) == ["x", "x-2", "file"]


def test_an_earlier_export_is_replaced_whole(storage: FolderStorage, tmp_path: Path) -> None:
    target = tmp_path / "out" / ("ä" * 120)
    export_run(storage, make_report(storage, tmp_path, "video.mp4", "hls/0.m4s"), target)
    export_run(storage, make_report(storage, tmp_path, "video.mp4"), target)
    assert sorted(path.name for path in target.iterdir()) == ["manifest.json", "video.mp4"]
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("strange", ["a file", "a link", "another manifest", "no manifest"])
def test_a_folder_with_anything_of_somebody_elses_is_kept(
    storage: FolderStorage, tmp_path: Path, strange: str
) -> None:
    target = tmp_path / "out" / "film"
    report = make_report(storage, tmp_path, "hls/0.m4s")
    manifest = export_run(storage, report, target)
    if strange == "a file":
        (target / "hls" / "notes.txt").write_text("precious")
    elif strange == "a link":
        (target / "link").symlink_to(tmp_path)
    elif strange == "another manifest":
        manifest.write_text(json.dumps({"manifest_version": 3, "artifacts": []}))
    else:
        manifest.write_text("no JSON")
    before = sorted(target.rglob("*"))
    with pytest.raises(Conflict, match="in the way"):
        check_target(target)
    with pytest.raises(Conflict, match="in the way"):
        export_run(storage, report, target)
    assert sorted(target.rglob("*")) == before
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("path", ["../outside", "/outside", "a/../../outside"])
def test_an_artifact_that_leads_out_of_the_folder_is_not_written(
    storage: FolderStorage, tmp_path: Path, path: str
) -> None:
    with pytest.raises(AutomatorError, match="leads out"):
        export_run(storage, make_report(storage, tmp_path, path), tmp_path / "out" / "film")
    assert list((tmp_path / "out").iterdir()) == []


def test_only_a_full_disk_is_called_one(
    storage: FolderStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = make_report(storage, tmp_path, "video.mp4")
    (tmp_path / "file").touch()
    with pytest.raises(AutomatorError, match=r"cannot write .*exists") as caught:
        export_run(storage, report, tmp_path / "file" / "film")
    assert not isinstance(caught.value, InsufficientStorage)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(InsufficientStorage, match="No space left"):
        export_run(storage, report, tmp_path / "out" / "film")
