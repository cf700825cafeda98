"""Writing a run's artifacts and its manifest into a folder."""

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from core.errors import Conflict, InsufficientStorage
from core.storage import Storage
from models.asset import Artifact
from services.manifest import MANIFEST_NAME, build_manifest
from services.runs import RunReport


def folder_names(paths: Iterable[Path]) -> list[str]:
    """A folder's name for each input: its stem, made unique by a number."""
    taken: set[str] = set()
    names = []
    for path in paths:
        stem = path.stem or path.name
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}-{number}", number + 1
        taken.add(name)
        names.append(name)
    return names


def export_run(storage: Storage, report: RunReport, target: Path) -> Path:
    """Write the artifacts and `manifest.json` into `target`; the manifest's path.

    The folder appears whole: it is made beside its place and renamed. A folder of an earlier export
    is replaced; any other folder that is in the way raises Conflict.
    """
    check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    building = Path(mkdtemp(prefix=f".{target.name[:100]}-", dir=target.parent))
    try:
        building.chmod(0o777 & ~_umask())
        for artifact in report.artifacts:
            _copy(storage, artifact, building)
        manifest = build_manifest(report)
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (building / MANIFEST_NAME).write_text(text, encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        building.rename(target)
    except OSError as error:
        raise InsufficientStorage(f"cannot write {target}: {error.strerror}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return target / MANIFEST_NAME


def check_target(target: Path) -> None:
    """Raise Conflict where something that is no earlier export is in the way."""
    if not target.exists() and not target.is_symlink():
        return
    ours = target.is_dir() and not target.is_symlink() and (target / MANIFEST_NAME).is_file()
    empty = target.is_dir() and not target.is_symlink() and not any(target.iterdir())
    if not (ours or empty):
        raise Conflict(f"{target} is in the way and was not made by an earlier run")


def _umask() -> int:
    """The process's mask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _copy(storage: Storage, artifact: Artifact, folder: Path) -> None:
    path = PurePosixPath(artifact.path)
    assert not path.is_absolute()
    assert ".." not in path.parts
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    with storage.local(artifact.storage_key) as source:
        shutil.copyfile(source, place)
