"""Writing a run's artifacts and its manifest into a folder."""

import errno
import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from core.errors import AutomatorError, Conflict, InsufficientStorage
from core.storage import Storage
from models.asset import Artifact
from services.manifest import MANIFEST_NAME, build_manifest, source_path
from services.runs import RunReport

_MANIFEST_KEYS = {"asset", "run", "stages", "artifacts"}
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def folder_names(paths: Iterable[Path]) -> list[str]:
    """A folder's name for each input: its stem, made unique by a number."""
    taken: set[str] = set()
    names = []
    for path in paths:
        # `...mp4` has the stem `..`, which is another folder than the one that results go to.
        stem = path.stem if path.stem.strip(".") else "file"
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}-{number}", number + 1
        taken.add(name)
        names.append(name)
    return names


def export_run(
    storage: Storage, report: RunReport, target: Path, *, source: Path | None = None
) -> Path:
    """Write the artifacts and `manifest.json` into `target`; the manifest's path.

    `source` is the caller's own copy of the file that was put in: it comes beside the artifacts,
    as a second name of the same bytes where the file system has such.

    The folder appears whole: it is made beside its place and renamed. A folder of an earlier export
    is replaced; any other folder that is in the way raises Conflict. Raises InsufficientStorage
    where the disk or the quota is full, and AutomatorError for what else keeps it from writing.
    """
    building: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(mkdtemp(prefix=".automator-", dir=target.parent))
        building.chmod(0o777 & ~_umask())
        for artifact in report.artifacts:
            _copy(storage, artifact, building)
        if source is not None and report.asset is not None:
            _link(source, building / source_path(report.asset))
        manifest = build_manifest(report, with_source=source is not None)
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        (building / MANIFEST_NAME).write_text(text, encoding="utf-8")
        _put_in_place(building, target)
    except OSError as error:
        kind = InsufficientStorage if error.errno in _NO_ROOM else AutomatorError
        raise kind(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        if building is not None:
            shutil.rmtree(building, ignore_errors=True)
    return target / MANIFEST_NAME


def check_target(target: Path) -> None:
    """Raise Conflict where something that is no earlier export is in the way."""
    if not os.path.lexists(target):
        return
    folder = target.is_dir() and not target.is_symlink()
    if not (folder and (not any(target.iterdir()) or _is_export(target))):
        raise Conflict(f"{target} is in the way and was not made by an earlier run")


def _is_export(folder: Path) -> bool:
    """Whether the folder holds an export's manifest, and no file that it does not list."""
    try:
        manifest = json.loads((folder / MANIFEST_NAME).read_bytes())
        if manifest.keys() != _MANIFEST_KEYS:
            return False
        listed = {PurePosixPath(artifact["path"]) for artifact in manifest["artifacts"]}
    except (OSError, ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return False
    listed.add(PurePosixPath(MANIFEST_NAME))
    return all(
        (path.is_dir() and not path.is_symlink())
        or PurePosixPath(path.relative_to(folder)) in listed
        for path in folder.rglob("*")
    )


def _put_in_place(building: Path, target: Path) -> None:
    """Make the finished folder the target; what was there is deleted once the new one stands."""
    check_target(target)
    if not target.exists():
        building.rename(target)
        return
    aside = Path(mkdtemp(prefix=".automator-", dir=target.parent))
    try:
        target.rename(aside)
        building.rename(target)
    except BaseException:
        with suppress(OSError):
            aside.rename(target)
        with suppress(OSError):
            aside.rmdir()  # only if nothing lies in it
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _umask() -> int:
    """The process's mask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _link(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True)
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)


def _copy(storage: Storage, artifact: Artifact, folder: Path) -> None:
    path = PurePosixPath(artifact.path)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise AutomatorError(f"an artifact's path leads out of its folder: {artifact.path}")
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    with storage.local(artifact.storage_key) as source:
        shutil.copyfile(source, place)
