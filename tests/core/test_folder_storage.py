"""What only a folder can get wrong; what every store must get right is in test_storage_contract."""

import errno
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from uuid import uuid4

import pytest

from core.errors import Conflict, Misconfigured, NotFound
from core.folder_storage import FolderStorage
from core.storage import Storage, open_storage

ROOT = Path(__file__).parents[2]


def small(tmp_path: Path, data: bytes = b"x") -> Path:
    path = tmp_path / f"small-{uuid4().hex}"
    path.write_bytes(data)
    return path


def test_links_are_not_followed(tmp_path: Path) -> None:
    store = FolderStorage(tmp_path / "store")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (store.root / "folder").symlink_to(outside)
    (store.root / "file").symlink_to(outside / "secret")
    for key in ("folder/secret", "file"):
        with pytest.raises(NotFound):
            store.open(key)
        with pytest.raises(NotFound), store.local(key):
            pass
    with pytest.raises(NotFound):
        store.put("folder/new", small(tmp_path))
    with pytest.raises(OSError, match="symbolic"):
        store.put("new", store.root / "file")
    assert list(store.list()) == []
    store.delete_prefix("folder")
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]
    assert list((store.root / ".incoming").iterdir()) == []


def test_a_folder_in_the_place_of_a_file_leaves_nothing_behind(tmp_path: Path) -> None:
    store = FolderStorage(tmp_path / "store")
    store.put("a/b", small(tmp_path))
    with pytest.raises(Conflict):
        store.put("a", small(tmp_path))
    assert list((store.root / ".incoming").iterdir()) == []


def test_a_file_system_without_hard_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    store = FolderStorage(tmp_path / "store")
    monkeypatch.setattr(os, "link", refuse)
    for consume in (False, True):
        store.put("a/b", small(tmp_path), consume=consume)
    with pytest.raises(Conflict):
        store.put("a/b", small(tmp_path, b"y"))
    assert [item.bytes for item in store.list()] == [1]
    assert list((store.root / ".incoming").iterdir()) == []


def test_a_folder_has_no_addresses(tmp_path: Path) -> None:
    store: Storage = FolderStorage(tmp_path / "store")
    assert store.signed_url("a", seconds=60) is None
    assert store.begin_session("a", 1) is None


def test_a_folder_pruned_under_a_writer_is_made_again(tmp_path: Path) -> None:
    store = FolderStorage(tmp_path / "store")
    stop = threading.Event()

    def prune() -> None:
        while not stop.wait(0.001):
            store.delete("a/b/c/other")

    pruner = threading.Thread(target=prune)
    pruner.start()
    try:
        for n in range(50):
            store.put("a/b/c/other", small(tmp_path))
            store.put(f"a/b/c/{n}", small(tmp_path))
            store.delete(f"a/b/c/{n}")
    finally:
        stop.set()
        pruner.join()


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    store = FolderStorage(tmp_path / "store")
    (store.root / ".incoming" / "half").write_bytes(b"x")
    assert list(store.list()) == []
    assert store.sweep_incoming(60) == 0
    assert store.sweep_incoming(-1) == 1


FILL = """
import os, sys
from pathlib import Path
from core.errors import InsufficientStorage
from core.folder_storage import FolderStorage

store = FolderStorage(Path(sys.argv[1]) / "store")
source = Path(sys.argv[2])
store.put("a/fits", source)
for consume in (False, True):
    try:
        store.put("a/too-much", source, consume=consume)
    except InsufficientStorage as error:
        print(error)
assert source.exists()
assert [item.key for item in store.list()] == ["a/fits"]
assert list((store.root / ".incoming").iterdir()) == []
"""


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    source = small(tmp_path, bytes(3 << 20))
    mount = f'mount -t tmpfs -o size=5m none {disk} && exec "$@"'
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare to mount a small disk")
    confined = [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    if subprocess.run([*confined, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this kernel lets nobody mount a small disk")
    done = subprocess.run(
        [*confined, sys.executable, "-c", FILL, str(disk), str(source)],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "the storage folder has no room left\n" * 2


def test_addresses_name_the_store(tmp_path: Path) -> None:
    store = open_storage(f"file://{tmp_path}/with%20space")
    assert isinstance(store, FolderStorage)
    assert store.root == tmp_path / "with space"


@pytest.mark.parametrize("url", ["", "folder", "file://relative/path", "file:///", "s3://bucket"])
def test_an_unknown_address_names_the_setting(url: str) -> None:
    with pytest.raises(Misconfigured, match="STORAGE_URL"):
        open_storage(url)
