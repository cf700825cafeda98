"""One suite over every kind of store; then what only a folder can get wrong."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Misconfigured, NotFound, Rejected
from core.folder_storage import FolderStorage
from core.keys import artifact_prefix, checked_key, source_key, tenant_prefix
from core.storage import Storage, Stored, open_storage

ROOT = Path(__file__).parents[2]

# A second kind of store joins the suite by a line here.
STORES: dict[str, Callable[[Path], Storage]] = {
    "folder": lambda path: FolderStorage(path / "store")
}

HOSTILE = [
    "",
    "/etc/passwd",
    "..",
    "../x",
    "a/../../x",
    "a//b",
    "a/",
    "./a",
    "a/./b",
    "a\0b",
    "a\nb",
    "a\\b",
    ".incoming/x",
    "a/.hidden",
    "a b",
    "ä",
    "\ud800",
    "x" * 256,
    "/".join(["long"] * 300),
]


@pytest.fixture(params=sorted(STORES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return STORES[request.param](tmp_path)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip"
    path.write_bytes(os.urandom(3_000_001))
    return path


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def small(tmp_path: Path, data: bytes = b"x") -> Path:
    path = tmp_path / f"small-{uuid4().hex}"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("consume", [False, True])
def test_what_was_put_comes_back(store: Storage, clip: Path, consume: bool) -> None:
    data = clip.read_bytes()
    assert store.put("a/b/c.mp4", clip, consume=consume) == Stored(
        "a/b/c.mp4", len(data), sha256(data)
    )
    assert clip.exists() is not consume
    with store.open("a/b/c.mp4") as stream:
        assert stream.read() == data
        stream.seek(-3, os.SEEK_END)
        assert stream.read() == data[-3:]
    with store.local("a/b/c.mp4") as path:
        assert path.read_bytes() == data
    assert store.stat("a/b/c.mp4").bytes == len(data)


def test_the_source_may_change_after_it_was_put(store: Storage, tmp_path: Path) -> None:
    source = small(tmp_path, b"before")
    store.put("a", source)
    source.write_bytes(b"after")
    with store.open("a") as stream:
        assert stream.read() == b"before"


def test_a_consumed_file_with_a_second_name_is_copied(store: Storage, tmp_path: Path) -> None:
    source = small(tmp_path, b"before")
    os.link(source, tmp_path / "other")
    store.put("a", source, consume=True)
    (tmp_path / "other").write_bytes(b"after")
    with store.open("a") as stream:
        assert stream.read() == b"before"


def test_putting_again_replaces_the_whole(store: Storage, tmp_path: Path) -> None:
    store.put("a", small(tmp_path, b"long before"))
    store.put("a", small(tmp_path, b"after"))
    with store.open("a") as stream:
        assert stream.read() == b"after"


@pytest.mark.parametrize("key", ["a/c", "a", "z", "a/b/c", "a/b/c.txt"])
def test_what_is_missing_is_not_found(store: Storage, tmp_path: Path, key: str) -> None:
    store.put("a/b", small(tmp_path))
    with pytest.raises(NotFound):
        store.stat(key)
    with pytest.raises(NotFound):
        store.open(key)
    with pytest.raises(NotFound), store.local(key):
        pass
    store.delete(key)
    assert [item.key for item in store.list()] == ["a/b"]


@pytest.mark.parametrize("key", HOSTILE)
def test_hostile_keys_are_refused(store: Storage, tmp_path: Path, key: str) -> None:
    source = small(tmp_path)
    for use in (
        lambda: store.put(key, source),
        lambda: store.open(key),
        lambda: store.stat(key),
        lambda: store.delete(key),
        lambda: store.delete_prefix(key),
        lambda: store.local(key).__enter__(),
    ):
        with pytest.raises(Rejected):
            use()
    assert list(store.list()) == []


@given(st.text())
def test_a_key_that_passes_stays_below_the_root(key: str) -> None:
    try:
        checked_key(key)
    except Rejected:
        return
    assert os.path.normpath(f"/store/{key}") == f"/store/{key}"


def test_a_prefix_is_a_folder(store: Storage, tmp_path: Path) -> None:
    for key in ("a/b/1", "a/b/2", "a/b/deep/3", "a/bc/4", "a/b5"):
        store.put(key, small(tmp_path))
    assert [item.key for item in store.list("a/b")] == ["a/b/1", "a/b/2", "a/b/deep/3"]
    assert store.delete_prefix("a/b") == 3
    assert [item.key for item in store.list()] == ["a/b5", "a/bc/4"]
    assert store.delete_prefix("a/b") == 0
    store.delete("a/b5")
    assert [item.key for item in store.list()] == ["a/bc/4"]


def test_many_may_put_the_same_key_at_once(store: Storage, tmp_path: Path) -> None:
    contents = [bytes([n]) * 500_000 for n in range(8)]
    sources = [small(tmp_path, content) for content in contents]
    threads = [
        threading.Thread(
            target=store.put, args=("same/key", source), kwargs={"consume": bool(n % 2)}
        )
        for n, source in enumerate(sources)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.open("same/key") as stream:
        assert stream.read() in contents
    assert len(list(store.list())) == 1


def test_a_folder_pruned_under_a_writer_is_made_again(store: Storage, tmp_path: Path) -> None:
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


def test_room_is_told(store: Storage) -> None:
    free = store.free_bytes()
    assert free is None or free > 0


def test_keys_are_laid_out_by_tenant() -> None:
    tenant, asset = uuid4(), uuid4()
    assert source_key(tenant, asset) == f"tenants/{tenant}/sources/{asset}/original"
    prefix = artifact_prefix(tenant, "package", "cd34", 2, asset)
    assert prefix == f"tenants/{tenant}/package/cd34/2-{asset.hex[:12]}"
    assert prefix.startswith(tenant_prefix(tenant) + "/")


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
    with pytest.raises(OSError, match="directory"):
        store.put("a", small(tmp_path))
    assert list((store.root / ".incoming").iterdir()) == []


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


@pytest.mark.parametrize(
    "url", ["", "folder", "file://relative/path", "file:///", "gs://bucket", "s3://bucket"]
)
def test_an_unknown_address_names_the_setting(url: str) -> None:
    with pytest.raises(Misconfigured, match="STORAGE_URL"):
        open_storage(url)
